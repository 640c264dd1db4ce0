import * as tf from "@tensorflow/tfjs-core"
import * as NestedTensors from "../../../src/numerics/NestedTensors.ts"
import * as Tolerance from "../../Tolerance.ts"
import type { Geodesics } from "./Geodesics.ts"

/**
 * Laws of the logarithm: back from where geodesics lead, and to the cut locus.
 *
 * @internal
 */
export const logarithms = <P extends NestedTensors.NestedTensors>(
  { M, options, entries, length, gap, relative, point, tangent, unitTangent, law, when, dist, exp, log, radius }:
    Geodesics<P>
): void => {
  when(
    exp !== undefined && log !== undefined && radius > 0,
    "logarithm",
    "the manifold gives none, or no injectivity radius",
    law(
      "logarithm inverts the exponential",
      "log(x, exp(x, v)) = v for ‖v‖ < injectivity radius, or within the reach where that is unknown",
      (c) => {
        const x = point(c)
        const v = tangent(c, x)
        return relative(gap(log!(x, exp!(x, v)), v), length(v))
      },
      // Near the cut locus the logarithm's condition grows like 1/(distance to it).
      Tolerance.rounding(entries, 10),
      radius
    )
  )
  when(
    exp !== undefined && log !== undefined && dist !== undefined,
    "logarithm leads to the other point",
    "the manifold gives no exponential map, logarithm or distance",
    law("logarithm leads to the other point", "v = log(x, y): P(v) = v, exp(x, v) = y, ‖v‖ = d(x, y)", (c) => {
      const x = point(c)
      const y = M.retract(x, tangent(c, x))
      const v = log!(x, y)
      return tf.stack([
        relative(gap(M.project(x, v), v), length(v)),
        relative(gap(exp!(x, v), y), length(y)),
        relative(tf.abs(tf.sub(M.norm(x, v), dist!(x, y))), dist!(x, y))
      ])
    }, Tolerance.rounding(entries, 10))
  )
  const cut = options.cut as ((x: NestedTensors.NestedTensors) => P) | undefined
  when(
    exp !== undefined && log !== undefined && dist !== undefined && cut !== undefined,
    "logarithm leads to the cut locus",
    "no point of it is given",
    law("logarithm leads to the cut locus", "the same for y of the cut locus of x, and near it", (c) => {
      const x = point(c)
      const opposite = cut!(x)
      const near = M.retract(opposite, NestedTensors.scale(1e-5, unitTangent(c, opposite)))
      return tf.stack([opposite, near].flatMap((y) => {
        const v = log!(x, y)
        return [
          relative(gap(M.project(x, v), v), length(v)),
          relative(gap(exp!(x, v), y), length(y)),
          relative(tf.abs(tf.sub(M.norm(x, v), dist!(x, y))), dist!(x, y))
        ]
      }))
    }, Tolerance.rounding(entries, 10))
  )
}
