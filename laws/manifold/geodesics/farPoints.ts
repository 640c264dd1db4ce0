import * as tf from "@tensorflow/tfjs-core"
import * as NestedTensors from "../../../src/numerics/NestedTensors.ts"
import type { Law } from "../../Law.ts"
import * as Tolerance from "../../Tolerance.ts"
import type { Geodesics } from "./Geodesics.ts"

const refusable = (law: Law): Law => ({ ...law, refusable: true })

/** The largest entry of every item. */
const largest = (p: NestedTensors.NestedTensors): tf.Tensor =>
  NestedTensors.leaves(p)
    .map((leaf) => tf.max(tf.reshape(tf.abs(leaf), [leaf.shape[0]!, -1]), -1))
    .reduce((a, b) => tf.maximum(a, b))

/**
 * Laws of points beyond the radius that is claimed: right, or refused by name.
 *
 * @internal
 */
export const farPoints = <P extends NestedTensors.NestedTensors>(
  { M, entries, relative, point, law, when, dist, exp, log, representative, bounded, asymmetry, excess }: Geodesics<P>
): void => {
  when(
    bounded && dist !== undefined,
    "distances of far points are right or refused",
    "the manifold gives no exponential map, distance or finite injectivity radius: all points are near",
    refusable(law(
      "distances of far points are right or refused",
      "d(x, y) = d(y, x) and d(x, z) ≤ d(x, y) + d(y, z) for random points, or a typed error",
      (c) => [() => asymmetry(point(c), point(c, 1)), () => excess(point(c), point(c, 1), point(c, 2))],
      Tolerance.rounding(entries, 10)
    ))
  )
  when(
    bounded && log !== undefined && dist !== undefined,
    "logarithms of far points are right or refused",
    "the manifold gives no exponential map, logarithm, distance or finite injectivity radius: all points are near",
    refusable(law(
      "logarithms of far points are right or refused",
      "v = log(x, y): exp(x, v) = y, ‖v‖ = d(x, y) for random points, or a typed error",
      (c) => {
        const [x, y] = [point(c), point(c, 1)]
        const v = log!(x, y)
        const d = dist!(x, y)
        const missed = largest(NestedTensors.sub(representative(exp!(x, v)), representative(y)))
        return tf.stack([missed, relative(tf.abs(tf.sub(M.norm(x, v), d)), d)])
      },
      Tolerance.rounding(entries, 10)
    ))
  )
}
