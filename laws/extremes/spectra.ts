/** Matrices of given eigenvalues and singular values. */
import * as tf from "@tensorflow/tfjs-core"
import * as Matrices from "../../src/numerics/Matrices.ts"
import { size } from "./edge.ts"

/**
 * q diag(values) qᵀ with an orthogonal q that follows from a square matrix.
 *
 * @internal
 */
export const conjugated = (u: tf.Tensor, d: tf.Tensor) => {
  const q = Matrices.qf(u)
  return Matrices.multiply(Matrices.multiply(q, d), q, { transposeB: true })
}

/**
 * A diagonal matrix, as a batch of one.
 *
 * @internal
 */
export const diagonal = (values: ReadonlyArray<number>) =>
  tf.expandDims(tf.mul(tf.tensor1d([...values]), tf.eye(values.length)), 0)

/**
 * 1 … least, in equal ratios; 1, 0 … 0.
 *
 * @internal
 */
export const spread = (n: number, least: number) =>
  Array.from({ length: n }, (_, i) => i === 0 ? 1 : least ** (i / (n - 1)))

/**
 * Singular vectors from a random matrix, with entries of one size so that no row is small; singular values as told.
 *
 * @internal
 */
export const ofValues = (u: tf.Tensor, values: ReadonlyArray<number>) => {
  const factor = (a: tf.Tensor) =>
    Matrices.qf(tf.add(tf.mul(0.3, tf.slice(a, [0, 0, 0], [1, size(a, -2), values.length])), 1))
  const left = tf.mul(factor(u), tf.tensor1d([...values]))
  return Matrices.multiply(left, factor(Matrices.transpose(u)), { transposeB: true })
}
