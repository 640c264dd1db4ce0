/** Sums, sizes and random values over the entries of points, whatever they are nested in. */
import * as tf from "@tensorflow/tfjs-core"
import { constant } from "../../numerics/Constant.ts"
import * as Differentiable from "../../numerics/Differentiable.ts"
import * as NestedTensors from "../../numerics/NestedTensors.ts"
import * as Seed from "../../numerics/Seed.ts"
import * as Shape from "../../numerics/Shape.ts"

/** The largest entry by size; batch shape. */
const largestOf = (shape: unknown, u: NestedTensors.NestedTensors): tf.Tensor => {
  if (NestedTensors.isLeaf(u)) {
    const rank = Shape.isShape(shape) ? shape.length : 0
    const sizes = tf.abs(constant(u))
    return rank === 0 ? sizes : tf.max(sizes, Array.from({ length: rank }, (_, i) => i - rank))
  }
  return u
    .map((factor, i) => largestOf((shape as ReadonlyArray<unknown>)[i], factor))
    .reduce((a, b) => tf.maximum(a, b), tf.scalar(0))
}

/** √square(u) for a square of degree 2, of vectors of any scale, with gradient 0 at 0; batch shape. */
export const rootOf = <P extends NestedTensors.NestedTensors>(
  shape: Shape.Shapes<P>,
  u: P,
  square: (u: P) => tf.Tensor
): tf.Tensor => {
  const scale = Differentiable.scaleOf(largestOf(shape, u))
  return tf.mul(scale, Differentiable.squareRoot(square(NestedTensors.scaleItems(tf.div(1, scale), u))))
}

/** √⟨u, u⟩, of vectors of any scale; batch shape. */
export const rootOfInner = <P extends NestedTensors.NestedTensors>(
  shape: Shape.Shapes<P>,
  inner: (x: P, u: P, v: P) => tf.Tensor
) =>
(x: P, u: P): tf.Tensor => rootOf(shape, u, (w) => tf.relu(inner(x, w, w)))

/**
 * The Frobenius inner product over the point axes of all leaves, Σ u·v; batch shape.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Manifold } from "finegrain"
 * Manifold.frobeniusInner([2], tf.tensor2d([[1, 2], [3, 4]]), tf.ones([2, 2])).dataSync().join() // => "3,7"
 * ```
 */
export const frobeniusInner = <P extends NestedTensors.NestedTensors>(
  shape: Shape.Shapes<P>,
  u: P,
  v: P
): tf.Tensor => {
  const go = (s: unknown, a: NestedTensors.NestedTensors, b: NestedTensors.NestedTensors): tf.Tensor => {
    if (NestedTensors.isLeaf(a) && NestedTensors.isLeaf(b)) {
      const rank = Shape.isShape(s) ? s.length : 0
      const product = tf.mul(a, b)
      return rank === 0 ? product : tf.sum(product, Array.from({ length: rank }, (_, i) => i - rank))
    }
    const factors = a as ReadonlyArray<NestedTensors.NestedTensors>
    if (factors.length === 0) return tf.scalar(0)
    return factors
      .map((factor, i) =>
        go((s as ReadonlyArray<unknown>)[i], factor, (b as ReadonlyArray<NestedTensors.NestedTensors>)[i]!)
      )
      .reduce((sum, term) => tf.add(sum, term))
  }
  return go(shape, u, v)
}

/**
 * The batch dimensions of x: those in front of the shape of one point.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Manifold } from "finegrain"
 * Manifold.batchShape([3, 2], tf.ones([5, 3, 2])) // => [5]
 * ```
 */
export const batchShape = <P extends NestedTensors.NestedTensors>(
  shape: Shape.Shapes<P>,
  x: P
): Shape.Shape => {
  const go = (s: Shape.ShapeTree, a: NestedTensors.NestedTensors): Shape.Shape => {
    if (NestedTensors.isLeaf(a)) return a.shape.slice(0, a.rank - s.length)
    return a[0] === undefined ? [] : go((s as ReadonlyArray<Shape.ShapeTree>)[0]!, a[0])
  }
  return go(shape, x)
}

/** Standard normal entries, leaf by leaf from seeds of their own. */
export const normal = (shape: unknown, seed: Seed.Seed, batch: Shape.Shape): NestedTensors.NestedTensors =>
  Shape.isShape(shape) && !(Array.isArray(shape) && shape.length === 0 && batch.length === 0)
    ? Seed.normalTensor(seed, [...batch, ...shape])
    : (shape as ReadonlyArray<unknown>).map((factor, i) => normal(factor, Seed.split(seed, i), batch))
