import * as tf from "@tensorflow/tfjs-core"
import * as Result from "effect/Result"
import * as Differentiable from "../../numerics/Differentiable.ts"
import * as Interval from "../../numerics/Interval.ts"
import * as Norms from "../../numerics/Norms.ts"
import * as Shape from "../../numerics/Shape.ts"
import * as Manifold from "../Manifold.ts"
import * as MatrixForm from "../MatrixForm.ts"

/**
 * Euclidean space of tensors of one shape: no constraint, flat, and its retraction is the exponential map X + V.
 *
 * @example
 * ```ts
 * import { Euclidean } from "finegrain"
 * Euclidean.make([3, 3]).dimension // => 9
 * ```
 */
export const make = (shape: Shape.Shape): Manifold.Manifold => {
  const axes = shape.map((_, i) => i - shape.length)
  const length = (u: tf.Tensor) => axes.length === 0 ? tf.abs(u) : tf.squeeze(Differentiable.length(u, axes), axes)
  const dimension = Shape.size(shape)
  const space = Manifold.make<tf.Tensor>({
    name: `Euc(${shape.join(",")})`,
    shape,
    dimension,
    curvature: Interval.point(0),
    norms: Norms.unbounded,
    retractionOrder: Infinity,
    injectivityRadius: Infinity,
    project: (_x, u) => u,
    nearest: (u) => u,
    retract: (x, v) => tf.add(x, v),
    transport: (_x, _y, v) => v,
    residual: (x) => length(tf.mul(x, 0)),
    exp: (x, v) => tf.add(x, v),
    log: (x, y) => tf.sub(y, x),
    dist: (x, y) => length(tf.sub(y, x))
  })
  return MatrixForm.declare(space, { name: "Euclidean", rows: dimension, columns: 1, transposed: false })
}

/**
 * The family of Euclidean spaces, `Euc` in specifications; accepts every shape.
 *
 * @example
 * ```ts
 * import { Euclidean } from "finegrain"
 * Euclidean.family().symbol // => "Euc"
 * ```
 */
export const family = (): Manifold.Family => ({
  symbol: "Euc",
  name: "Euclidean",
  about: "any",
  retraction: "X + V",
  at: (shape) => Result.succeed(make(shape))
})
