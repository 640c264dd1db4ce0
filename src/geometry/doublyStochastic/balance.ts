/** Sums of rows and columns: how far they are from 1, and the vectors that do not change them. */
import * as tf from "@tensorflow/tfjs-core"
import * as Arithmetic from "../../numerics/Arithmetic.ts"
import { constant } from "../../numerics/Constant.ts"
import * as Convergence from "../../numerics/Convergence.ts"
import * as Differentiable from "../../numerics/Differentiable.ts"
import * as Matrices from "../../numerics/Matrices.ts"
import { positive } from "../manifolds/fisher.ts"

/** The axes of a matrix. */
export const axes = [-2, -1]

/** Sums of rows, `[…, n, 1]`. */
export const rows = (u: tf.Tensor) => tf.sum(u, -1, true)

/** Sums of columns, `[…, 1, n]`. */
const columns = (u: tf.Tensor) => tf.sum(u, -2, true)

/** What a singular matrix is loaded with, as a share of its size, so that it can be solved with. */
export const loading = () => 4 * Arithmetic.current().epsilon

/**
 * α1ᵀ + 1βᵀ for α and β for which U − (α1ᵀ + 1βᵀ)∘W has rows and columns of sum 0: Lα = U1 − W D_c⁻¹ Uᵀ1 with the sums
 * D of W and L = D_r − W D_c⁻¹ Wᵀ.
 *
 * Near a vertex L is nearly 0 and α large, but L is a Laplacian, whose diagonal follows from what is beside it; and of
 * α only differences count, in each column those to the α of its largest entry. So nothing cancels.
 */
export const shares = (w: tf.Tensor, u: tf.Tensor): tf.Tensor => {
  const n = w.shape.at(-1)!
  const balanced = tf.div(w, positive(columns(w)))
  const inColumns = tf.div(columns(u), positive(columns(w)))
  const beside = tf.mul(Matrices.multiply(w, balanced, { transposeB: true }), tf.sub(1, tf.eye(n)))
  const diagonal = rows(beside)
  const largest = constant(tf.max(diagonal, axes, true))
  // Where all are 0 so is the right side; and blocks that do not touch have a constant each.
  const size = tf.add(largest, Differentiable.equal(largest, 0))
  const laplacian = tf.sub(tf.mul(tf.eye(n), tf.add(diagonal, tf.mul(size, loading()))), beside)
  const excess = tf.sub(rows(u), rows(tf.mul(w, inColumns)))
  const alpha = Matrices.solve(tf.add(laplacian, tf.div(size, n)), excess)
  const most = constant(w)
  const heaviest = Differentiable.equal(tf.sub(most, tf.max(most, -2, true)), 0)
  const total = (values: tf.Tensor) => Matrices.transposeTimes(values, heaviest)
  const own = tf.div(total(alpha), total(tf.onesLike(alpha)))
  const apart = tf.sub(alpha, own)
  return tf.add(tf.sub(apart, columns(tf.mul(balanced, apart))), inColumns)
}

/** How far rows and columns are from sums of 1, `[…]`. */
export const unbalanced = (x: tf.Tensor) => {
  const short = (sums: tf.Tensor) => tf.max(tf.abs(tf.sub(sums, 1)), axes)
  return tf.maximum(short(rows(x)), short(columns(x)))
}

/** What rounding may leave of the sums of rows and columns. */
const tolerance = (x: tf.Tensor) => 64 * x.shape.at(-1)! * Arithmetic.current().epsilon

/**
 * Fails with NotConverged where rows and columns are further from sums of 1 than rounding takes them, as shares of
 * `scale`.
 */
export const requireBalance = (what: string, x: tf.Tensor, remedy: string, scale: tf.Tensor | number = 1) =>
  Convergence.require({
    what: `${what} of a matrix ${x.shape.slice(-2).join("×")}`,
    residual: tf.div(unbalanced(x), scale),
    tolerance: tolerance(x),
    remedy
  })

/**
 * U − (α1ᵀ + 1βᵀ)∘X, tangent and orthogonal to what it leaves in the Fisher metric; twice, for what the first solution
 * leaves. Where rows hang together by entries below rounding only, α has no digits for the others: that is seen.
 */
export const project = (x: tf.Tensor, u: tf.Tensor) => {
  const once = tf.sub(u, tf.mul(shares(x, u), x))
  const found = tf.sub(once, tf.mul(shares(x, once), x))
  const off = constant(found)
  const sums = tf.maximum(tf.max(tf.abs(rows(off)), axes), tf.max(tf.abs(columns(off)), axes))
  const largest = tf.max(tf.abs(constant(u)), axes)
  Convergence.require({
    what: `the projection to tangent vectors of a matrix ${x.shape.slice(-2).join("×")}`,
    residual: tf.div(sums, tf.add(largest, tf.cast(tf.equal(largest, 0), "float32"))),
    tolerance: tolerance(x),
    remedy: "The point is nearly a permutation, its least entries too unlike each other: take shorter steps, or " +
      "project at its nearest point (`nearest`), whose entries are rounding at least."
  })
  return found
}
