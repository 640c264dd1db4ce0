/**
 * Polar factors: the nearest matrices with orthonormal columns.
 */
import * as tf from "@tensorflow/tfjs-core"
import * as Arithmetic from "../Arithmetic.ts"
import * as Convergence from "../Convergence.ts"
import * as Seed from "../Seed.ts"
import { multiply, size } from "./products.ts"
import { gramSchmidt } from "./qf.ts"
import { isometry } from "./singular.ts"
import { singularDerivative, svd } from "./svd.ts"

/** What is known of a matrix whose polar factor is wanted. */
export interface PolarOptions {
  /** A bound of σ_min/σ_max from below; default none. */
  readonly lower?: number
  /** What to do where the result is none, as a sentence; default says what to look for in the matrix. */
  readonly remedy?: string
}

/**
 * The polar factor U of Y = UP with P positive semidefinite, that is, the matrix with orthonormal columns nearest to Y,
 * for `[…, m, n]` with m ≥ n.
 *
 * Newton–Schulz iteration with the optimal cubic of each step, a Chebyshev acceleration: for singular values in [l, 1]
 * the odd cubic nearest to 1 is 2·((l²+l+1)σ − σ³)/(2e³+l²+l) with 3e² = l²+l+1. The number of steps follows from l.
 * Without `lower`, a bound of σ_min/σ_max from below, every matrix has a polar factor, singular ones and zero too: a
 * fixed frame of the size of rounding is added first, and the steps reach down to it. The result is checked: singular
 * values under a given bound are an error. The gradient is that of U in X = U·f(Σ)·Vᵀ with f = 1; where σ vanishes
 * there is none, and it is infinite.
 *
 * Source: Higham 2008, *Functions of Matrices*, chapter 8; the cubic is the minimax polynomial on an interval.
 *
 * @throws NotConverged where the columns are not orthonormal; on webgpu at the next read.
 * @throws RangeError for m < n.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * const entries = Matrices.polar(tf.tensor2d([[0, -3], [0.5, 0]])).dataSync()
 * [...entries].map((x) => x.toFixed(5)) // => ["0.00000", "-1.00000", "1.00000", "0.00000"]
 * ```
 */
export const polar = (y: tf.Tensor, options: PolarOptions = {}): tf.Tensor =>
  tf.customGrad((given, save) => {
    const point = given as tf.Tensor
    const value = iterate(point, options)
    ;(save as tf.GradSaveFunc)([point])
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: Array<tf.Tensor>) => singularDerivative(svd(saved[0]!), isometry(), dy)
    }
  })(y)

const iterate = (y: tf.Tensor, { lower: given, remedy }: PolarOptions): tf.Tensor => {
  const [m, n] = [size(y, -2), size(y, -1)]
  if (m < n) {
    throw new RangeError(`a polar factor has at least as many rows as columns, not shape [${y.shape.join(", ")}]`)
  }
  if (y.size === 0) return tf.zerosLike(y)
  const largest = tf.max(tf.abs(y), [-2, -1], true)
  const scaled = tf.div(y, tf.where(tf.equal(largest, 0), tf.onesLike(largest), largest))
  const { epsilon } = Arithmetic.current()
  const rounding = 8 * epsilon
  const safe = given === undefined ? tf.add(scaled, tf.mul(frame(m, n), rounding)) : scaled
  const gram = multiply(safe, safe, { transposeA: true })
  // σ₁² ≤ ‖YᵀY‖_∞ ≤ √n·σ₁²: scaled by it, σ₁ lies in [n^−1/4, 1].
  const bound = tf.sqrt(tf.maximum(tf.max(tf.sum(tf.abs(gram), -1, true), -2, true), 1e-30))
  const lower = (given ?? rounding / 1e4) / n ** 0.25
  const found = cubics(lower).reduce(newtonSchulz, tf.div(safe, bound))
  const gap = tf.sub(multiply(found, found, { transposeA: true }), tf.eye(n))
  Convergence.require({
    what: `the polar factor of a matrix ${m}×${n}`,
    residual: tf.max(tf.abs(gap)),
    // Rounding of sums of m products in chains of a few steps.
    tolerance: 64 * epsilon * Math.sqrt(m),
    remedy: remedy ??
      (given === undefined
        ? "Look for entries that are not finite."
        : "Give a smaller bound of the singular values from below, or none.")
  })
  return found
}

/** Orthonormal columns in general position: no structured matrix is singular in the same directions. */
const frame = (m: number, n: number): tf.Tensor =>
  gramSchmidt(Seed.normalTensor(Seed.split(0, `frame ${m}×${n}`), [m, n]))

type Cubic = readonly [linear: number, cubic: number]

const newtonSchulz = (y: tf.Tensor, [linear, cubic]: Cubic): tf.Tensor =>
  tf.sub(tf.mul(y, linear), multiply(y, tf.mul(multiply(y, y, { transposeA: true }), cubic)))

const cubics = (lower: number): ReadonlyArray<Cubic> => {
  const steps: Array<Cubic> = []
  let [l, u] = [lower, 1]
  while (u - l > 1e-2) {
    // The cubic of a wider interval would send σ₁ close to 0, where rounding eats it; this one costs 6 % of the growth.
    const from = Math.max(l, 0.12 * u)
    const s = from * from + from * u + u * u
    const e = Math.sqrt(s / 3)
    const ends = from * u * (from + u)
    const c = 2 / (2 * e ** 3 + ends)
    steps.push([c * s, c])
    const error = (2 * e ** 3 - ends) / (2 * e ** 3 + ends)
    l = Math.min(c * (s * l - l ** 3), 1 - error)
    u = 1 + error
  }
  // Plain steps square the distance to 1: two of them end below float32 rounding, three below that of float64.
  return [...steps, ...Array.from({ length: inDouble() ? 3 : 2 }, () => plain)]
}

const plain: Cubic = [1.5, 0.5]
const inDouble = () => Arithmetic.current() === Arithmetic.float64

/**
 * One Newton–Schulz step Y(3I − YᵀY)/2: squares the distance of nearly orthonormal columns to orthonormality.
 *
 * Source: Higham 2008, *Functions of Matrices*, chapter 8.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * Matrices.polish(tf.tensor2d([[1.01]])).dataSync()[0]! - 1 < 2e-4 // => true
 * ```
 */
export const polish = (y: tf.Tensor): tf.Tensor => newtonSchulz(y, plain)
