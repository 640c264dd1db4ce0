/**
 * The matrix exponential and the Cayley transform.
 */
import * as tf from "@tensorflow/tfjs-core"
import * as Postponed from "../../engine/Postponed.ts"
import * as Arithmetic from "../Arithmetic.ts"
import * as Convergence from "../Convergence.ts"
import { multiply, size } from "./products.ts"
import { solve } from "./solve.ts"

/**
 * The matrix exponential, by scaling and squaring of the Taylor polynomial of degree 10 (18 in float64).
 *
 * Accurate to rounding, which grows with ‖M‖, up to norms of 2,048; above, every digit of a float32 phase would be lost. On webgpu, where
 * the norm cannot be read, up to 64.
 *
 * @throws NotConverged above these norms; on webgpu at the next read.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * [...Matrices.expm(tf.tensor2d([[0, -Math.PI], [Math.PI, 0]])).dataSync()].map(Math.round) // => [-1, 0, 0, -1]
 * ```
 */
export const expm = (x: tf.Tensor): tf.Tensor => {
  const squarings = squaringsFor(x)
  const identity = tf.eye(size(x, -1))
  const scaled = tf.mul(x, 2 ** -squarings)
  const degree = Arithmetic.current() === Arithmetic.float64 ? 18 : 10
  let sum: tf.Tensor = tf.add(tf.mul(scaled, 1 / degree), identity)
  for (let k = degree - 1; k >= 1; k--) sum = tf.add(tf.mul(multiply(scaled, sum), 1 / k), identity)
  for (let k = 0; k < squarings; k++) sum = multiply(sum, sum)
  return sum
}

/** Four, and one more for each doubling of norms above 16. */
const squaringsFor = (x: tf.Tensor): number => {
  const norms = tf.tidy(() => tf.max(tf.sum(tf.abs(x), -1)))
  try {
    Convergence.require({
      what: "the exponential of a matrix by scaling and squaring",
      residual: norms,
      tolerance: Postponed.here() ? 64 : 2048,
      remedy: "This is the norm of the matrix: take a shorter step."
    })
    if (Postponed.here()) return 6
    const [norm = 0] = norms.dataSync()
    return 4 + Math.max(0, Math.ceil(Math.log2(norm / 16)))
  } finally {
    norms.dispose()
  }
}

/**
 * The Cayley transform (I − S/2)⁻¹(I + S/2) of skew-symmetric matrices, an orthogonal matrix, for S of every size.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * [...Matrices.cayley(tf.tensor2d([[0, -2], [2, 0]])).dataSync()] // => [0, -1, 1, 0]
 * ```
 */
export const cayley = (s: tf.Tensor): tf.Tensor => {
  const identity = tf.eye(size(s, -1))
  const half = tf.mul(s, 0.5)
  return solve(tf.sub(identity, half), tf.add(identity, half))
}
