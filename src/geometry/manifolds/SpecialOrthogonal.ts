import * as tf from "@tensorflow/tfjs-core"
import * as Result from "effect/Result"
import * as Matrices from "../../numerics/Matrices.ts"
import type * as Points from "../../numerics/Points.ts"
import * as Manifold from "../Manifold.ts"
import * as Stiefel from "./Stiefel.ts"

/** I − 2vvᵀ where `turn` holds, I elsewhere. */
const reflection = (turn: tf.Tensor, v: tf.Tensor) => {
  const outer = Matrices.multiply(v, v, { transposeB: true })
  const twice = tf.mul(tf.cast(turn, "float32"), 2)
  return tf.sub(tf.eye(v.shape.at(-2)!), tf.mul(tf.reshape(twice, [...twice.shape, 1, 1]), outer))
}

/** A right singular vector of the smallest singular value. */
const weakest = (u: tf.Tensor): tf.Tensor => {
  const { values, vectors } = Matrices.eigh(Matrices.multiply(u, u, { transposeA: true }))
  const chosen = tf.oneHot(tf.argMin(values, -1), values.shape.at(-1)!)
  return Matrices.multiply(vectors, tf.expandDims(tf.cast(chosen, "float32"), -1))
}

const firstAxis = (n: number) => tf.tensor2d(Array.from({ length: n }, (_, i) => (i === 0 ? 1 : 0)), [n, 1])

const at = (n: number, options: Stiefel.Options): Manifold.Manifold => {
  const orthogonal = Stiefel.make([n, n], options)
  const improper = (q: tf.Tensor) => tf.less(Matrices.determinant(q), 0)
  return Manifold.make<tf.Tensor>({
    ...orthogonal,
    name: `SO(${n})`,
    nearest: (u) => {
      const q = Matrices.polar(u)
      return Matrices.multiply(q, reflection(improper(q), weakest(u)))
    },
    random: (seed, batch) => {
      const q = orthogonal.random(seed, batch)
      return Matrices.multiply(q, reflection(improper(q), tf.add(tf.zeros([...batch, n, 1]), firstAxis(n))))
    },
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
