/** Functions of the skew generator of a tangent vector, in as few dimensions as they take. */
import * as tf from "@tensorflow/tfjs-core"
import * as Differentiable from "../../numerics/Differentiable.ts"
import * as Matrices from "../../numerics/Matrices.ts"
import { complement } from "./orthonormal.ts"

/** Up to so many rows the products of whole matrices cost less than the many operations of a basis. */
const rowsAtMost = 32

/**
 * f(W)X for a function f with orthogonal values on skew matrices and the generator W = V Xᵀ − X Vᵀ + (β − 2) X A Xᵀ, A
 * = XᵀV, of a tangent vector V at X.
 *
 * β = 1 is the canonical metric's, W = P V Xᵀ − X Vᵀ P with P = I − XXᵀ/2, for which W X = V (Wen and Yin 2013); β = 2
 * the embedded metric's, for which W X = V + X A. Where m is large, inside the span of [X Q] with QR = V − X A, on
 * which W is [[βA, −Rᵀ], [R, 0]]: 2n×2n instead of m×m. Of vectors so long that sums would be no numbers, a shorter
 * one counts.
 *
 * @internal
 */
export const actOnGenerator =
  (f: (skew: tf.Tensor) => tf.Tensor, beta: number) => (x: tf.Tensor, given: tf.Tensor): tf.Tensor => {
    const v = Differentiable.shortened(given, longest)
    const m = x.shape.at(-2)!
    const n = x.shape.at(-1)!
    const a = Matrices.skew(Matrices.transposeTimes(x, v))
    const along = Matrices.multiply(x, a)
    if (m <= Math.max(2 * n, rowsAtMost)) {
      // V − (1 − β/2) X A: half of what W has along X comes from either side.
      const half = tf.sub(v, tf.mul(along, 1 - beta / 2))
      const outer = Matrices.multiply(half, x, { transposeB: true })
      return Matrices.polish(Matrices.multiply(f(tf.sub(outer, Matrices.transpose(outer))), x))
    }
    const k = tf.sub(v, along)
    const q = complement(x, k)
    const r = Matrices.transposeTimes(q, k)
    const skew = tf.concat([
      tf.concat([tf.mul(a, beta), tf.neg(Matrices.transpose(r))], -1),
      tf.concat([r, tf.zerosLike(r)], -1)
    ], -2)
    return Matrices.polish(Matrices.multiply(tf.concat([x, q], -1), firstColumns(f(skew), n)))
  }

/** The largest entry of vectors whose sums and products with points are numbers. */
export const longest = 1e30

/**
 * The first n columns of matrices.
 *
 * @internal
 */
export const firstColumns = (u: tf.Tensor, n: number): tf.Tensor =>
  tf.slice(u, u.shape.map(() => 0), [...u.shape.slice(0, -1), n])
