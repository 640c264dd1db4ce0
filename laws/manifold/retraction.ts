import * as tf from "@tensorflow/tfjs-core"
import * as Points from "../../src/Points.ts"
import type { Setting } from "./setting.ts"

/**
 * Retractions and their order.
 *
 * @internal
 */
export const retractionLaws = <P extends Points.Points>(
  { M, rounding, embedded, length, gap, point, tangent, law, shortOfOrder, slopes, when, always }: Setting<P>
): void => {
  always(
    law("retraction of zero stays", "R(x, 0) = x", (c) => {
      const x = point(c)
      return gap(M.retract(x, Points.map(x, tf.zerosLike)), x)
    }),
    law(
      "retraction stays on the manifold",
      "c(R(x, v)) = 0",
      (c) => {
        const x = point(c)
        return M.residual(M.retract(x, tangent(c, x)))
      },
      rounding,
      10
    ),
    law(
      "retraction is of first order",
      "R(x, tv) = x + tv + O(t²)",
      (c) => {
        const x = point(c)
        const v = tangent({ ...c, size: 1 }, x)
        return shortOfOrder(2, 0.2, (t) => {
          const step = Points.scale(t, v)
          return gap(M.retract(x, step), Points.add(x, step))
        })
      },
      slopes
    )
  )
  const { exp } = M
  when(
    M.retractionOrder >= 2 && (exp !== undefined || embedded),
    "retraction is of second order",
    M.retractionOrder < 2
      ? "the manifold declares first order"
      : "without exp it is tested for the embedded metric only",
    law(
      "retraction is of second order",
      exp === undefined ? "P(R(x, tv) − x − tv) = O(t³)" : "R(x, tv) = exp(x, tv) + O(t³)",
      (c) => {
        const x = point(c)
        const v = tangent({ ...c, size: 1 }, x)
        return shortOfOrder(3, 0.4, (t) => {
          const step = Points.scale(t, v)
          const end = M.retract(x, step)
          return exp === undefined ? length(M.project(x, Points.sub(end, Points.add(x, step)))) : gap(end, exp(x, step))
        })
      },
      slopes
    )
  )
  when(
    M.retractionOrder === Infinity && exp !== undefined,
    "retraction is the exponential map",
    "the manifold declares a finite order",
    law("retraction is the exponential map", "R(x, v) = exp(x, v)", (c) => {
      const x = point(c)
      const v = tangent(c, x)
      return gap(M.retract(x, v), exp!(x, v))
    })
  )
}
