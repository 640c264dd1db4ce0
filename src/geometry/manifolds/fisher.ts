/** The Fisher metric on matrices of positive entries, shared by simplices and doubly stochastic matrices. */
import * as tf from "@tensorflow/tfjs-core"
import * as Arithmetic from "../../numerics/Arithmetic.ts"
import * as Differentiable from "../../numerics/Differentiable.ts"
import * as Seed from "../../numerics/Seed.ts"
import type { Definition } from "../Manifold.ts"

/** Smallest entry of a nearest point: sets of positive entries are open and have none. */
export const floor = (): number => 8 * Arithmetic.current().epsilon

/** Smallest entry that operations see: at the boundary, which is not of the set, they are finite, too. */
export const least = 1e-30

/** A point with entries of at least that. */
export const positive = (x: tf.Tensor): tf.Tensor => tf.maximum(x, least)

/**
 * How far a matrix is from having positive entries only, `[…, 1, 1]`: at least 1 where one is not, since the set is
 * open; else 0.
 */
export const missing = (x: tf.Tensor): tf.Tensor => {
  const smallest = tf.min(x, [-2, -1], true)
  return tf.mul(tf.sub(1, Differentiable.greater(smallest, 0)), tf.sub(1, smallest))
}

/** What the Fisher metric ⟨U, V⟩_X = Σ UV/X on m×n matrices of positive entries gives to every set of them. */
export const fisher = (
  project: (x: tf.Tensor, u: tf.Tensor) => tf.Tensor
): Required<Pick<Definition<tf.Tensor>, "project" | "inner" | "gradient" | "randomTangent">> => ({
  project,
  inner: (x, u, v) => tf.sum(tf.mul(tf.div(u, positive(x)), v), [-2, -1]),
  gradient: (x, e) => project(x, tf.mul(x, e)),
  // Standard normal for the metric itself.
  randomTangent: (seed, x) => project(x, tf.mul(tf.sqrt(x), Seed.normalTensor(seed, x.shape)))
})
