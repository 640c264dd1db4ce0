import * as tf from "@tensorflow/tfjs-core"
import * as NestedTensors from "../../src/numerics/NestedTensors.ts"
import type { LawSet } from "../Law.ts"
import * as Tolerance from "../Tolerance.ts"
import type { Setting } from "./setting.ts"

/**
 * The metric, and the gradient that it defines.
 *
 * @internal
 */
export const metricLaws = <P extends NestedTensors.NestedTensors>(
  { M, embedded, entries, inner, length, gap, relative, point, ambient, tangent, unitTangent, section }: Setting<P>
): LawSet => {
  const { always, law, set, when } = section("metric", "Absil, Mahony and Sepulchre 2008, section 3.6")
  always(
    law("metric is symmetric", "⟨u, v⟩ = ⟨v, u⟩", (c) => {
      const x = point(c)
      const [u, v] = [tangent(c, x), tangent(c, x, 1)]
      return tf.abs(tf.sub(M.inner(x, u, v), M.inner(x, v, u)))
    }, Tolerance.rounding(entries, 4)),
    law("metric is bilinear", "⟨2u − 3w, v⟩ = 2⟨u, v⟩ − 3⟨w, v⟩", (c) => {
      const x = point(c)
      const [u, v, w] = [tangent(c, x), tangent(c, x, 1), tangent(c, x, 2)]
      const whole = M.inner(x, NestedTensors.sub(NestedTensors.scale(2, u), NestedTensors.scale(3, w)), v)
      return tf.abs(tf.sub(whole, tf.sub(tf.mul(2, M.inner(x, u, v)), tf.mul(3, M.inner(x, w, v)))))
    }, Tolerance.rounding(entries, 20)),
    law(
      "metric is positive",
      "⟨v, v⟩ > 0 for v ≠ 0",
      (c) => {
        const x = point(c)
        const v = M.randomTangent(c.seed, x)
        return M.dimension === 0 ? 0 : tf.relu(tf.sub(0.1, tf.div(M.inner(x, v, v), tf.maximum(inner(v, v), 1e-12))))
      },
      Tolerance.measured(0, "a metric within a factor of ten of the Frobenius one")
    ),
    law("norm is the root of the metric", "‖v‖² = ⟨v, v⟩", (c) => {
      const x = point(c)
      const v = tangent(c, x)
      return relative(tf.abs(tf.sub(tf.square(M.norm(x, v)), M.inner(x, v, v))), M.inner(x, v, v))
    }),
    law("gradient is tangent", "P(grad) = grad", (c) => {
      const x = point(c)
      const g = M.gradient(x, ambient(c))
      return relative(gap(M.project(x, g), g), length(g))
    }),
    law("gradient represents the differential", "⟨grad, v⟩_x = ⟨e, v⟩", (c) => {
      const x = point(c)
      const [e, v] = [ambient(c), tangent(c, x)]
      return relative(tf.abs(tf.sub(M.inner(x, M.gradient(x, e), v), inner(e, v))), tf.mul(length(e), length(v)))
    })
  )

  when(
    embedded,
    "metric is the embedded one",
    "another metric is claimed",
    law("metric is the embedded one", "⟨u, v⟩_x = tr(uᵀv)", (c) => {
      const x = point(c)
      const [u, v] = [tangent(c, x), tangent(c, x, 1)]
      return relative(tf.abs(tf.sub(M.inner(x, u, v), inner(u, v))), tf.mul(length(u), length(v)))
    })
  )
  always(
    law(
      "gradient predicts the change of a function",
      "f(R(x, tv)) − f(R(x, −tv)) = 2t⟨grad f, v⟩ + O(t³) for f(x) = ⟨a, x⟩ + ‖x − b‖⁴/4",
      (c) => {
        const x = point(c)
        const v = unitTangent(c, x)
        const [a, b] = [NestedTensors.scale(0.3, ambient(c)), NestedTensors.scale(0.3, ambient(c, 1))]
        const f = (y: P) => {
          const away = NestedTensors.sub(y, b)
          return tf.add(inner(a, y), tf.mul(tf.square(inner(away, away)), 0.25))
        }
        const away = NestedTensors.sub(x, b)
        const slope = M.inner(
          x,
          M.gradient(x, NestedTensors.add(a, NestedTensors.scaleItems(inner(away, away), away))),
          v
        )
        const difference = (t: number) =>
          tf.div(tf.sub(f(M.retract(x, NestedTensors.scale(t, v))), f(M.retract(x, NestedTensors.scale(-t, v)))), 2 * t)
        // Richardson: the O(t²) of a retraction of first order cancels in neither, that of f in both.
        const measured = tf.div(tf.sub(tf.mul(4, difference(0.05)), difference(0.1)), 3)
        return relative(tf.abs(tf.sub(measured, slope)), tf.abs(f(x)))
      },
      Tolerance.measured(5e-3, "extrapolated central differences of steps 0.1 and 0.05 in float32")
    )
  )
  return set
}
