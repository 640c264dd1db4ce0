/**
 * The matrix exponential and the Cayley transform.
 */
import * as tf from "@tensorflow/tfjs-core"
import * as Arithmetic from "../Arithmetic.ts"
import { constant, largestOr } from "../Constant.ts"
import * as Convergence from "../Convergence.ts"
import { choose, greater } from "../Differentiable.ts"
import { polar, polish } from "./polar.ts"
import { multiply, size } from "./products.ts"

/**
 * The matrix exponential, by scaling and squaring of the Taylor polynomial of degree 10 (18 in float64).
 *
 * Four squarings for ‖M‖_∞ ≤ 16, one more for every doubling of that, matrix by matrix. The error is that of M's own
 * rounding, ε‖M‖; where that is more than 1/16, no digit of the result is known.
 *
 * Source: Higham 2008, *Functions of Matrices*, chapter 10.
 *
 * @throws NotConverged for ‖M‖_∞ > 1/(16 ε); on webgpu the next read fails with it.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * [...Matrices.expm(tf.tensor2d([[0, -Math.PI], [Math.PI, 0]])).dataSync()].map(Math.round) // => [-1, 0, 0, -1]
 * ```
 */
export const expm = (x: tf.Tensor): tf.Tensor => {
  const { epsilon } = Arithmetic.current()
  const norm = rowSum(constant(x))
  Convergence.require({
    what: "the exponential of a matrix",
    residual: tf.mul(norm, epsilon),
    tolerance: 1 / 16,
    remedy: "Its norm, over the rounding unit, is the error of every method: scale the matrix down."
  })
  return squareAgain(x, norm, (y) => y)
}

/**
 * The exponential of skew-symmetric matrices, an orthogonal matrix for every norm.
 *
 * As `expm`, orthonormalized after every squaring but the first four. Above ‖S‖_∞ = 1/ε, where rounding leaves no digit
 * of an angle, it is the exponential of S/2ᵏ with the first k that is below: a point of the same one-parameter group.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * const turn = Matrices.expSkew(tf.tensor2d([[0, -1e30], [1e30, 0]]))
 * Matrices.determinant(turn).dataSync()[0]!.toFixed(5) // => "1.00000"
 * ```
 */
export const expSkew = (s: tf.Tensor): tf.Tensor => polish(squareAgain(s, rowSum(constant(s)), polish))

/** ‖M‖_∞ as `[…, 1, 1]`. */
const rowSum = (x: tf.Tensor) => tf.max(tf.sum(tf.abs(x), -1, true), -2, true)

/**
 * e^X as the square of e^(X/2), as often as its norm asks for; `mend` undoes what rounding did to a square beyond the
 * fourth.
 */
const squareAgain = (x: tf.Tensor, norm: tf.Tensor, mend: (y: tf.Tensor) => tf.Tensor): tf.Tensor => {
  const most = Math.round(-Math.log2(Arithmetic.current().epsilon)) - expmSquarings
  const doublings = tf.relu(tf.ceil(tf.div(tf.log(tf.maximum(tf.div(norm, expmReach), 1)), Math.LN2)))
  const times = tf.minimum(doublings, most)
  // A power of two that pow gives with a rounding errs like X itself does.
  const half = tf.exp(tf.mul(doublings, -Math.LN2))
  const scaled = tf.mul(tf.mul(x, choose(greater(doublings, 0), half, tf.onesLike(half))), 2 ** -expmSquarings)
  const identity = tf.eye(size(x, -1))
  const degree = (Arithmetic.current() === Arithmetic.float64) ? 18 : 10
  let sum: tf.Tensor = tf.add(tf.mul(scaled, 1 / degree), identity)
  for (let k = degree - 1; k >= 1; k--) sum = tf.add(tf.mul(multiply(scaled, sum), 1 / k), identity)
  for (let k = 0; k < expmSquarings; k++) sum = multiply(sum, sum)
  for (let k = 0; k < largestOr(most, times); k++) {
    sum = choose(tf.add(tf.zerosLike(sum), greater(times, k)), mend(multiply(sum, sum)), sum)
  }
  return sum
}

const remedy = "Look for entries that are not finite: every finite skew-symmetric matrix has a Cayley transform."
const expmSquarings = 4
const expmReach = 2 ** expmSquarings

/**
 * The Cayley transform (I − S/2)⁻¹(I + S/2) of skew-symmetric matrices, an orthogonal matrix for every norm.
 *
 * As the square of the polar factor of I + S/2, which has no singular value below 1: matrix products only, no inverse
 * whose condition would be the square of S's. Where rounding has no room for both I and S/2, S is taken shorter, so
 * that it has.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * const entries = Matrices.cayley(tf.tensor2d([[0, -2], [2, 0]])).dataSync()
 * [...entries].map((x) => x.toFixed(5)) // => ["0.00000", "-1.00000", "1.00000", "0.00000"]
 * ```
 */
export const cayley = (s: tf.Tensor): tf.Tensor => {
  const room = 16 * Arithmetic.current().epsilon
  const half = tf.mul(s, 0.5)
  const norm = rowSum(constant(half))
  const shortened = tf.div(half, tf.maximum(tf.mul(norm, room), 1))
  const longest = largestOr(1 / room, norm)
  const root = polar(tf.add(shortened, tf.eye(size(s, -1))), { lower: 1 / (1 + longest), remedy })
  return polish(multiply(root, root))
}
