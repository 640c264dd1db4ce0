/** Orthonormal columns: of a matrix, and beside them. */
import * as tf from "@tensorflow/tfjs-core"
import * as Postponed from "../../engine/Postponed.ts"
import * as Arithmetic from "../../numerics/Arithmetic.ts"
import { constant } from "../../numerics/Constant.ts"
import * as Matrices from "../../numerics/Matrices.ts"

/** The largest ‖QᵀQ − I‖_F of a batch is at rounding level: known only where values can be read at once. */
const knownOrthonormal = (q: tf.Tensor): boolean => {
  if (Postponed.here()) return false
  const n = q.shape.at(-1)!
  const worst = tf.tidy(() => {
    const gap = tf.sub(Matrices.transposeTimes(q, q), tf.eye(n))
    return tf.max(tf.sum(tf.square(gap), [-2, -1]))
  })
  const [value = Number.NaN] = worst.dataSync()
  worst.dispose()
  return value <= (2.5 * n * Arithmetic.current().epsilon) ** 2
}

/**
 * The Q factor of a QR factorization whose R has a diagonal of no negative entries, by Householder's reflections:
 * orthonormal columns whatever the matrix is, dependent columns completed to a frame.
 *
 * About 16 tensor operations for every column. Columns are scaled to a largest entry of 1 first, which Q does not
 * depend on.
 * Source: Golub and Van Loan 2013, section 5.2.
 */
const householder = (y: tf.Tensor): tf.Tensor => {
  const [m, n] = [y.shape.at(-2)!, y.shape.at(-1)!]
  const largest = tf.max(tf.abs(constant(y)), -2, true)
  let rest: tf.Tensor = tf.div(y, tf.where(tf.greater(largest, 0), largest, tf.onesLike(largest)))
  const reflections = Array.from({ length: n }, (_, j) => {
    const unit = firstEntry(m, j)
    const column = tf.slice(rest, [...y.shape.slice(0, -2).map(() => 0), 0, j], [...y.shape.slice(0, -2), m, 1])
    const below = tf.mul(column, fromEntry(m, j))
    const square = tf.sum(tf.square(below), -2, true)
    // What is left of a dependent column is noise, as good as any direction; of nothing, the first unit vector.
    const none = tf.cast(tf.lessEqual(constant(square), 1e-36), "float32")
    const length = tf.sqrt(tf.add(square, none))
    const diagonal = tf.sum(tf.mul(column, unit), -2, true)
    const sign = tf.sub(1, tf.mul(2, tf.cast(tf.less(constant(diagonal), 0), "float32")))
    const v = tf.add(below, tf.mul(unit, tf.mul(sign, length)))
    const reflect = (u: tf.Tensor) => {
      const along = Matrices.transposeTimes(v, u)
      return tf.sub(u, Matrices.multiply(v, tf.div(along, tf.mul(0.5, tf.sum(tf.square(v), -2, true)))))
    }
    if (j < n - 1) rest = reflect(rest)
    return { reflect, sign }
  })
  const signs = tf.concat(reflections.map(({ sign }) => tf.neg(sign)), -1)
  const start = tf.mul(tf.add(tf.zerosLike(y), tf.eye(m, n)), signs)
  return reflections.reduceRight((q, { reflect }) => reflect(q), start as tf.Tensor)
}

const column = (m: number, value: (i: number) => number) =>
  tf.tensor2d(Array.from({ length: m }, (_, i) => value(i)), [m, 1])
const firstEntry = (m: number, j: number) => column(m, (i) => (i === j ? 1 : 0))
const fromEntry = (m: number, j: number) => column(m, (i) => (i < j ? 0 : 1))

/**
 * The Q factor of any matrix `[…, m, n]`, m ≥ n: orthonormal to rounding, whatever the matrix is.
 *
 * By modified Gram–Schmidt where that is seen to be enough, by Householder's reflections elsewhere.
 *
 * @internal
 */
export const orthonormal = (y: tf.Tensor): tf.Tensor => {
  if (Postponed.here()) return householder(y)
  const q = Matrices.qf(y)
  return knownOrthonormal(q) ? q : householder(y)
}

/**
 * Q with orthonormal columns orthogonal to those of x, so that [X Q] spans K too: of the shape of K, n + k ≤ m columns.
 *
 * @internal
 */
export const complement = (x: tf.Tensor, k: tf.Tensor): tf.Tensor => {
  const beside = (u: tf.Tensor) => tf.sub(u, Matrices.multiply(x, Matrices.transposeTimes(x, u)))
  if (!Postponed.here()) {
    // Twice, so that Q stays orthogonal to X where K is small against what it was left of.
    const q = Matrices.qf(beside(Matrices.qf(k)))
    if (knownOrthonormal(tf.concat([x, q], -1))) return q
  }
  const both = householder(tf.concat([x, k], -1))
  return tf.slice(both, [...x.shape.slice(0, -1).map(() => 0), x.shape.at(-1)!], k.shape)
}
