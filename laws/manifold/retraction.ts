import * as tf from "@tensorflow/tfjs-core"
import * as NestedTensors from "../../src/numerics/NestedTensors.ts"
import type { Law, LawSet } from "../Law.ts"
import * as Tolerance from "../Tolerance.ts"
import type { Setting } from "./setting.ts"

/**
 * Retractions and their order.
 *
 * @internal
 */
export const retractionLaws = <P extends NestedTensors.NestedTensors>(
  { M, reach, rounding, embedded, length, gap, point, tangent, unitTangent, shortOfOrder, slopes, section }: Setting<P>
): LawSet => {
  const { always, law, set, when } = section(
    "retraction",
    "Absil, Mahony and Sepulchre 2008, definition 4.1.1 and section 5.5.3"
  )
  const { exp } = M
  const exponential = exp === undefined ? undefined : law(
    "retraction is the exponential map",
    "R(x, v) = exp(x, v)",
    (c) => {
      const x = point(c)
      const v = tangent(c, x)
      return gap(M.retract(x, v), exp(x, v))
    }
  )
  const secondOrder = exp === undefined && !embedded ? undefined : law(
    "retraction is of second order",
    exp === undefined ? "P(R(x, tv) − x − tv) = O(t³)" : "R(x, tv) = exp(x, tv) + O(t³)",
    (c) => {
      const x = point(c)
      const v = unitTangent(c, x)
      return shortOfOrder(3, 0.4, (t) => {
        const step = NestedTensors.scale(t, v)
        const end = M.retract(x, step)
        return exp === undefined
          ? length(M.project(x, NestedTensors.sub(end, NestedTensors.add(x, step))))
          : gap(end, exp(x, step))
      })
    },
    slopes
  )
  const firstOrder = law(
    "retraction is of first order",
    "R(x, tv) = x + tv + O(t²)",
    (c) => {
      const x = point(c)
      const v = unitTangent(c, x)
      return shortOfOrder(2, 0.2, (t) => {
        const step = NestedTensors.scale(t, v)
        return gap(M.retract(x, step), NestedTensors.add(x, step))
      })
    },
    slopes
  )
  const orEven = (declared: Law, stronger: Law | undefined): Law =>
    stronger === undefined ? declared : { ...declared, stronger }
  always(
    law("retraction of zero stays", "R(x, 0) = x", (c) => {
      const x = point(c)
      return gap(M.retract(x, NestedTensors.map(x, tf.zerosLike)), x)
    }),
    law(
      "retraction stays on the manifold",
      "c(R(x, v)) = 0",
      (c) => {
        const x = point(c)
        return M.residual(M.retract(x, tangent(c, x)))
      },
      rounding,
      Math.min(10, reach)
    ),
    M.retractionOrder < 2 ? orEven(firstOrder, secondOrder) : firstOrder
  )
  when(
    M.retractionOrder >= 2,
    "retraction is of second order",
    M.retractionOrder < 2
      ? "the manifold declares first order"
      : "without exp it is tested for the embedded metric only",
    secondOrder === undefined || M.retractionOrder > 2 ? secondOrder : orEven(secondOrder, exponential)
  )
  when(
    M.retractionOrder === Infinity,
    "retraction is the exponential map",
    exp === undefined ? "the manifold gives none" : "the manifold declares a finite order",
    exponential
  )
  when(
    Number.isFinite(reach),
    "retraction is smooth within the reach",
    "no end of the manifold is claimed",
    law(
      "retraction is smooth within the reach",
      "d/dt R(x, tv) has no jump for t‖v‖ ≤ reach",
      (c) => {
        const x = point(c)
        const v = tangent({ ...c, size: reach }, x)
        const [steps, h] = [30, 1 / 30]
        const at = Array.from({ length: steps + 1 }, (_, k) => M.retract(x, NestedTensors.scale(k * h, v)))
        const bends = Array.from(
          { length: steps - 1 },
          (_, k) =>
            length(NestedTensors.add(NestedTensors.sub(at[k + 2]!, at[k + 1]!), NestedTensors.sub(at[k]!, at[k + 1]!)))
        )
        return tf.div(bends.reduce((a, b) => tf.maximum(a, b)), tf.mul(h, length(v)))
      },
      Tolerance.measured(
        0.25,
        "of a jump from ‖v‖ to 0 the second differences of 30 steps see half or more, of curves a thirtieth"
      )
    )
  )
  return set
}
