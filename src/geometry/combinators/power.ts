import * as tf from "@tensorflow/tfjs-core"
import * as Differentiable from "../../numerics/Differentiable.ts"
import type * as NestedTensors from "../../numerics/NestedTensors.ts"
import * as Norms from "../../numerics/Norms.ts"
import * as Shape from "../../numerics/Shape.ts"
import * as Manifold from "../Manifold.ts"
import { productCurvature } from "./product.ts"

/** The root of the sum of squares, of lengths of any scale. */
const together = (lengths: tf.Tensor): tf.Tensor => tf.squeeze(Differentiable.length(lengths, [-1]), [-1])

const prepend = (count: number, shape: unknown): unknown =>
  Shape.isShape(shape)
    ? [count, ...shape]
    : (shape as ReadonlyArray<unknown>).map((factor) => prepend(count, factor))

/**
 * The power Mᵏ, a product of k copies of M whose points are stacked in one tensor `[k, …shape]`: one operation for all.
 *
 * Norms are those of the direct sum of the k points.
 *
 * @throws RangeError unless `count` is a positive integer.
 *
 * @example
 * ```ts
 * import { Combinators, Stiefel } from "finegrain"
 * const M = Combinators.power(Stiefel.make([3, 3]), 16)
 * M.shape // => [16, 3, 3]
 * M.dimension // => 48
 * M.curvature // => { min: 0, max: 0.125 }
 * ```
 */
export const power = <P extends NestedTensors.NestedTensors>(
  manifold: Manifold.Manifold<P>,
  count: number
): Manifold.Manifold<P> => {
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`power(${manifold.name}, ${count}): the exponent must be a positive integer`)
  }
  const { dist } = manifold
  return Manifold.make<P>({
    ...manifold,
    name: manifold.name.includes(" ") ? `(${manifold.name})^${count}` : `${manifold.name}^${count}`,
    shape: prepend(count, manifold.shape) as Shape.Shapes<P>,
    dimension: count * manifold.dimension,
    curvature: count === 1 ? manifold.curvature : productCurvature([manifold, manifold]),
    norms: Norms.directSum(Array.from({ length: count }, () => manifold.norms)),
    inner: (x, u, v) => tf.sum(manifold.inner(x, u, v), -1),
    norm: (x, u) => together(manifold.norm(x, u)),
    random: (seed, batch) => manifold.random(seed, [...batch, count]),
    residual: (x) => tf.max(manifold.residual(x), -1),
    ...(dist === undefined
      ? {}
      : { dist: (x: P, y: P) => together(dist(x, y)) })
  })
}
