/**
 * Systems of linear equations, inverses and determinants, by factorizations with pivots.
 */
import * as tf from "@tensorflow/tfjs-core"
import { run } from "../../engine/Factorizations.ts"
import * as Shape from "../Shape.ts"
import { multiply, size, transpose } from "./products.ts"
import { flatten, thin } from "./svd.ts"

const square = (x: tf.Tensor, what: string) => {
  if (x.rank < 2 || size(x, -1) !== size(x, -2)) {
    throw new RangeError(`${what} needs square matrices, not shape [${x.shape.join(", ")}]`)
  }
}

/**
 * The solutions X of AX = B for a batch of square matrices A and of several right-hand sides each, the columns of B;
 * the batches broadcast.
 *
 * Gaussian elimination with partial pivoting, rows scaled first. Where A is singular, to the rounding of the arithmetic
 * that computes (double precision but on webgpu), all entries of X are NaN: there is no solution, or too many.
 *
 * @throws RangeError for shapes that do not fit.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * [...Matrices.solve(tf.tensor2d([[0, 2], [1, 0]]), tf.tensor2d([[6], [5]])).dataSync()] // => [5, 3]
 * [...Matrices.solve(tf.ones([2, 2]), tf.ones([2, 1])).dataSync()] // => [NaN, NaN]
 * ```
 */
export const solve = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => {
  square(a, "a system of equations")
  if (b.rank < 2 || size(b, -2) !== size(a, -1)) {
    throw new RangeError(
      `no system of equations of shapes [${a.shape.join(", ")}] and [${b.shape.join(", ")}]: ` +
        "the right-hand sides are the columns of a matrix with as many rows"
    )
  }
  const zeros = tf.zeros([
    ...tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2)),
    1,
    1
  ])
  const [left, right] = [a, b].map((x) => x.rank === zeros.rank && zeros.size === batchSize(x) ? x : tf.add(x, zeros))
  const [x] = run("Solve", { a: flatten(left!), b: flatten(right!) }, {
    inputsToSave: ["a"],
    outputsToSave: [true],
    gradFunc: (dy, [given, found]) => {
      const db = () => solve(transpose(given!), dy as tf.Tensor)
      return { a: () => tf.neg(multiply(db(), found!, { transposeB: true })), b: db }
    }
  })
  return tf.reshape(x!, right!.shape)
}

const batchSize = (x: tf.Tensor) => Shape.size(x.shape.slice(0, -2))

/**
 * The inverses of a batch of square matrices; NaN where one is singular, as for `solve`.
 *
 * @throws RangeError for matrices that are not square.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * [...Matrices.inverse(tf.tensor2d([[0, 2], [4, 0]])).dataSync()] // => [0, 0.25, 0.5, 0]
 * ```
 */
export const inverse = (x: tf.Tensor): tf.Tensor => {
  square(x, "an inverse")
  return solve(x, tf.eye(size(x, -1)))
}

/**
 * The determinants of a batch of square matrices; shape `[…]`.
 *
 * The product of the pivots of Gaussian elimination with partial pivoting: accurate to rounding for well-conditioned
 * matrices of every size. The gradient, the matrix of cofactors, comes from singular values, so it is right at singular
 * matrices too.
 *
 * @throws RangeError for matrices that are not square.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * Matrices.determinant(tf.tensor2d([[1, 2], [3, 4]])).dataSync()[0] // => -2
 * ```
 */
export const determinant = (x: tf.Tensor): tf.Tensor => {
  square(x, "a determinant")
  const [value] = run("Determinant", { a: flatten(x) }, {
    inputsToSave: ["a"],
    gradFunc: (dy, [a]) => ({ a: () => tf.mul(tf.reshape(dy as tf.Tensor, [-1, 1, 1]), cofactors(a!)) })
  })
  return tf.reshape(value!, x.shape.slice(0, -2))
}

/** ±U diag(Πⱼ≠ᵢ σⱼ) Vᵀ with the sign det U det V. */
const cofactors = (a: tf.Tensor): tf.Tensor => {
  const { left, right, values } = thin(a)
  const others = tf.sub(1, tf.eye(size(a, -1)))
  const factors = tf.add(tf.mul(tf.expandDims(values, 1), others), tf.eye(size(a, -1)))
  // One factor at a time: the gradient of a product along an axis needs methods that tensors may lack.
  const products = tf.unstack(factors, 2).reduce((all, factor) => tf.mul(all, factor))
  const sign = tf.mul(determinant(left), determinant(right))
  const scaled = tf.mul(left, tf.expandDims(tf.mul(products, tf.expandDims(sign, -1)), -2))
  return multiply(scaled, right, { transposeB: true })
}
