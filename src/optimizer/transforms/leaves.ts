/** What transforms need to know of the leaves of a direction. */
import type * as tf from "@tensorflow/tfjs-core"
import type * as Collection from "../../collections/Collection.ts"
import * as MatrixForm from "../../geometry/MatrixForm.ts"
import * as NestedTensors from "../../numerics/NestedTensors.ts"
import type { At } from "../Transform.ts"

/**
 * Why a transform that treats every manifold in its own way cannot serve a collection.
 *
 * @internal
 */
export const refusesMixedLeaves = (name: string) => ({ leaves }: Collection.Collection): string | undefined =>
  leaves === undefined
    ? `${name} treats every manifold in its own way, but a tensor of this collection holds factors of several: ` +
      "make POMs of single manifolds and join them"
    : undefined

/**
 * Whether a manifold is known to be flat space without constraints.
 *
 * @internal
 */
export const isEuclidean = (leaf: Collection.FactorStack): boolean => MatrixForm.of(leaf.manifold)?.name === "Euclidean"

/**
 * A direction leaf by leaf, with what each leaf holds.
 *
 * @internal
 */
export const mapLeaves = <P extends NestedTensors.NestedTensors>(
  direction: P,
  { collection, x }: At<P>,
  f: (u: tf.Tensor, x: tf.Tensor, leaf: Collection.FactorStack, index: number) => tf.Tensor
): P => {
  const points = NestedTensors.leaves(x)
  return NestedTensors.mapIndexed(direction, (u, i) => f(u, points[i]!, collection.leaves![i]!, i))
}

/**
 * One number per matrix of a leaf, ‖u‖² by its manifold's metric, in a shape that is broadcast over the matrices.
 *
 * @internal
 */
export const squaredPerMatrix = (x: tf.Tensor, u: tf.Tensor, { manifold }: Collection.FactorStack): tf.Tensor =>
  NestedTensors.expandTo(manifold.inner(x, u, u), u.rank)
