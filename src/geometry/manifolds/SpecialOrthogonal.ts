import * as tf from "@tensorflow/tfjs-core"
import * as Result from "effect/Result"
import { less } from "../../numerics/Differentiable.ts"
import * as Matrices from "../../numerics/Matrices.ts"
import type * as Points from "../../numerics/Points.ts"
import * as Manifold from "../Manifold.ts"
import * as Stiefel from "./Stiefel.ts"

/** The first column reversed where the determinant is below 0. */
const turned = (q: tf.Tensor) => {
  const improper = tf.reshape(less(Matrices.determinant(q), 0), [...q.shape.slice(0, -2), 1, 1])
  const first = tf.tensor2d(Array.from({ length: q.shape.at(-1)! }, (_, j) => (j === 0 ? 2 : 0)), [1, q.shape.at(-1)!])
  return tf.mul(q, tf.sub(1, tf.mul(improper, first)))
}

const at = (n: number, options: Stiefel.Options): Manifold.Manifold => {
  const orthogonal = Stiefel.make([n, n], options)
  return Manifold.make<tf.Tensor>({
    ...orthogonal,
    name: `SO(${n})`,
    nearest: (u) => Matrices.ofSingular(u, Matrices.rotation),
    random: (seed, batch) => turned(orthogonal.random(seed, batch)),
    residual: (x) => tf.add(orthogonal.residual(x), tf.relu(tf.neg(Matrices.determinant(x))))
  })
}

/**
 * Special orthogonal group of n×n rotations, XᵀX = I and det X = 1: one of the two components of St(n,n), with its geometry.
 *
 * Metric and retraction as on the Stiefel manifold; dimension n(n−1)/2. A nearest rotation reverses the weakest singular direction
 * of the polar factor where that is a reflection.
 * Source: Edelman, Arias and Smith 1998; Kabsch 1976 for the nearest rotation.
 *
 * @throws ShapeRefused for a shape that is not n×n with n ≥ 2.
 *
 * @example
 * ```ts
 * import { Matrices, SpecialOrthogonal } from "finegrain"
 * const rotations = SpecialOrthogonal.make([3, 3])
 * rotations.dimension // => 3
 * Matrices.determinant(rotations.random(1)).dataSync()[0]!.toFixed(4) // => "1.0000"
 * ```
 */
export const make = (shape: Points.Shape, options: Stiefel.Options = {}): Manifold.Manifold =>
  Result.getOrThrow(family(options).at(shape))

/**
 * The family of special orthogonal groups, `SO` in specifications; refuses what is not square.
 *
 * @example
 * ```ts
 * import * as Result from "effect/Result"
 * import { SpecialOrthogonal } from "finegrain"
 * Result.isFailure(SpecialOrthogonal.family().at([3, 2])) // => true
 * ```
 */
export const family = (options: Stiefel.Options = {}): Manifold.Family => ({
  symbol: "SO",
  name: "special orthogonal",
  at: (shape) =>
    Result.map(
      Manifold.matrixShape("SO", shape, ([m, n]) => m === n && n >= 2, "rotations are square, with at least two rows"),
      ([n]) => at(n, options)
    )
})
