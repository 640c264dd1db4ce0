import type * as tf from "@tensorflow/tfjs-core"
import type * as NestedTensors from "../../numerics/NestedTensors.ts"
import type { NormIntervals } from "../../numerics/Norms.ts"
import type * as Shape from "../../numerics/Shape.ts"
import * as Manifold from "../Manifold.ts"
import { conjugated } from "./conjugated.ts"

/** A linear isometry between two arrangements of the same entries; both directions act on batches. */
export interface Arrangement<P extends NestedTensors.NestedTensors, Q extends NestedTensors.NestedTensors> {
  /** Shape of a point in the new arrangement. */
  readonly shape: Shape.Shapes<Q>
  readonly from: (q: Q) => P
  readonly to: (p: P) => Q
}

/**
 * The manifold seen through another arrangement of its entries: M′ = {to(x) : x ∈ M}, isometric to M.
 *
 * Every operation is that of M between `from` and `to`; dimension, curvature and orders are M's. The matrix norms are
 * not invariant under rearrangement, so the new ones are given.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Combinators, Norms, Sphere } from "finegrain"
 * const flat = Combinators.rearranged(Sphere.make([4, 1]), "flat(Sp(4,1))", {
 *   shape: [4],
 *   from: (q: tf.Tensor) => tf.expandDims(q, -1),
 *   to: (p: tf.Tensor) => tf.squeeze(p, [-1])
 * }, Norms.unbounded)
 * flat.random(1).shape // => [4]
 * ```
 */
export const rearranged = <P extends NestedTensors.NestedTensors, Q extends NestedTensors.NestedTensors = tf.Tensor>(
  manifold: Manifold.Manifold<P>,
  name: string,
  { shape, from, to }: Arrangement<P, Q>,
  norms: NormIntervals
): Manifold.Manifold<Q> => Manifold.make<Q>({ ...conjugated(manifold, { from, to }), name, shape, norms })
