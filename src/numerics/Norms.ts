/** Norms of matrices, as numbers and as intervals over all points of a manifold. */
import * as tf from "@tensorflow/tfjs-core"
import * as Arithmetic from "./Arithmetic.ts"
import { equal, greater, length } from "./Differentiable.ts"
import * as Interval from "./Interval.ts"
import * as Matrices from "./Matrices.ts"

/**
 * The norms of which bounds of networks are made, by name.
 *
 * @example
 * ```ts
 * import { Norms } from "finegrain"
 * Norms.ofWeights // => ["spectral", "frobenius", "rowSum"]
 * ```
 */
export const ofWeights = ["spectral", "frobenius", "rowSum"] as const

/** The name of a norm of weights. */
export type OfWeights = (typeof ofWeights)[number]

/**
 * All norms by name: those of weights, and what a transpose makes of them.
 *
 * @example
 * ```ts
 * import { Norms } from "finegrain"
 * Norms.names.length // => 4
 * ```
 */
export const names = [...ofWeights, "columnSum"] as const satisfies ReadonlyArray<keyof NormIntervals>

/**
 * Intervals of the norms of a weight matrix X over all points of a manifold.
 *
 * Source: Ozay 2019, section 3 (spectral, Frobenius and ‖·‖_{2→1} norms of component weights).
 */
export interface NormIntervals {
  /** ‖X‖₂ = σ₁(X). */
  readonly spectral: Interval.Interval
  /** ‖X‖_F. */
  readonly frobenius: Interval.Interval
  /** ‖X‖_{2→1}: the sum of the Euclidean norms of the rows. */
  readonly rowSum: Interval.Interval
  /** ‖Xᵀ‖_{2→1}: the sum of the Euclidean norms of the columns; what a transpose makes of `rowSum`. */
  readonly columnSum: Interval.Interval
}

const anything = Interval.make(0, Infinity)

/**
 * Nothing is known but that norms are at least 0.
 *
 * @example
 * ```ts
 * import { Norms } from "finegrain"
 * Norms.unbounded.spectral // => { min: 0, max: Infinity }
 * ```
 */
export const unbounded: NormIntervals = {
  spectral: anything,
  frobenius: anything,
  rowSum: anything,
  columnSum: anything
}

/**
 * The norms of s·X.
 *
 * @example
 * ```ts
 * import { Norms, Sphere } from "finegrain"
 * Norms.scale(Sphere.make([4, 1]).norms, 3).rowSum // => { min: 3, max: 6 }
 * ```
 */
export const scale = (norms: NormIntervals, s: number): NormIntervals => {
  const times = (interval: Interval.Interval) => Interval.map(interval, (end) => end * s)
  return {
    spectral: times(norms.spectral),
    frobenius: times(norms.frobenius),
    rowSum: times(norms.rowSum),
    columnSum: times(norms.columnSum)
  }
}

/**
 * The norms of Xᵀ.
 *
 * @example
 * ```ts
 * import { Norms, Stiefel } from "finegrain"
 * Norms.transpose(Stiefel.make([4, 2]).norms).rowSum // => { min: 2, max: 2 }
 * ```
 */
export const transpose = (norms: NormIntervals): NormIntervals => ({
  ...norms,
  rowSum: norms.columnSum,
  columnSum: norms.rowSum
})

/**
 * The norms of the direct sum X₁ ⊕ … ⊕ X_k = diag(X₁, …, X_k): spectral norms by maximum, Frobenius norms in squares,
 * ‖·‖_{2→1} by sum.
 *
 * @example
 * ```ts
 * import { Norms, Sphere } from "finegrain"
 * const x = Sphere.make([4, 1]).norms
 * Norms.directSum([x, x]).rowSum // => { min: 2, max: 4 }
 * ```
 */
export const directSum = (factors: ReadonlyArray<NormIntervals>): NormIntervals =>
  factors.reduce((a, b) => ({
    spectral: Interval.make(Math.max(a.spectral.min, b.spectral.min), Math.max(a.spectral.max, b.spectral.max)),
    frobenius: Interval.make(
      Math.hypot(a.frobenius.min, b.frobenius.min),
      Math.hypot(a.frobenius.max, b.frobenius.max)
    ),
    rowSum: Interval.sum(a.rowSum, b.rowSum),
    columnSum: Interval.sum(a.columnSum, b.columnSum)
  }), { spectral: zero, frobenius: zero, rowSum: zero, columnSum: zero })

const zero = Interval.point(0)

/**
 * Frobenius norms √Σx² of a batch of matrices `[…, m, n]`; shape `[…]`.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Norms } from "finegrain"
 * Norms.frobenius(tf.ones([2, 2])).dataSync()[0] // => 2
 * ```
 */
export const frobenius = (x: tf.Tensor): tf.Tensor => tf.tidy(() => tf.squeeze(length(x, [-2, -1]), [-2, -1]))

/**
 * The norms ‖X‖_{2→1} = Σᵢ ‖row i‖ of a batch of matrices `[…, m, n]`; shape `[…]`.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Norms } from "finegrain"
 * Norms.rowSum(tf.eye(3)).dataSync()[0] // => 3
 * ```
 */
export const rowSum = (x: tf.Tensor): tf.Tensor => tf.tidy(() => tf.sum(length(x, [-1]), [-2, -1]))

/**
 * The norms ‖Xᵀ‖_{2→1} = Σⱼ ‖column j‖ of a batch of matrices `[…, m, n]`; shape `[…]`.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Norms } from "finegrain"
 * Norms.columnSum(tf.eye(3)).dataSync()[0] // => 3
 * ```
 */
export const columnSum = (x: tf.Tensor): tf.Tensor => tf.tidy(() => tf.sum(length(x, [-2]), [-2, -1]))

/**
 * Spectral norms σ₁ of a batch of matrices `[…, m, n]`; shape `[…]`.
 *
 * With G = XᵀX and P = G^(2^k), normalized after each squaring, σ₁² = tr(GP)/tr(P) up to a relative error below 2^−k: a
 * constant number of matrix products for the whole batch, and never above σ₁ but for rounding. The gradient is u₁v₁ᵀ.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Norms } from "finegrain"
 * Norms.spectral(tf.tensor2d([[3, 0], [0, 4]])).dataSync()[0] // => 4
 * ```
 */
export const spectral = (x: tf.Tensor): tf.Tensor =>
  tf.tidy(() =>
    tf.customGrad((given, save) => {
      const point = given as tf.Tensor
      ;(save as tf.GradSaveFunc)([point])
      return {
        value: largestSingularValue(point),
        gradFunc: (dy: tf.Tensor, saved: Array<tf.Tensor>) =>
          tf.mul(tf.reshape(tf.mul(dy, positive(saved[0]!)), [...dy.shape, 1, 1]), ofLargest(saved[0]!))
      }
    })(x)
  )

const ofLargest = (x: tf.Tensor) => Matrices.ofSingular(x, Matrices.isometry(1))

/** 1, and 0 for the matrix 0, where the norm has a kink. */
const positive = (x: tf.Tensor) => greater(tf.max(tf.abs(x), [-2, -1]), 0)

const largestSingularValue = (x: tf.Tensor): tf.Tensor =>
  tf.tidy(() => {
    const tall = x.shape[x.rank - 2]! >= x.shape[x.rank - 1]! ? x : Matrices.transpose(x)
    const size = tf.max(tf.abs(tall), [-2, -1], true)
    const largest = tf.add(size, equal(size, 0))
    const scaled = tf.div(tall, largest)
    const gram = Matrices.multiply(scaled, scaled, { transposeA: true })
    const traceOne = (g: tf.Tensor) => tf.div(g, tf.maximum(Matrices.trace(g, true), 1e-30))
    let power = traceOne(gram)
    // 2^−20 is about one unit in the last place of float32 arithmetic on entries of order one, 2^−49 of float64.
    const squarings = -Math.log2(8 * Arithmetic.current().epsilon)
    for (let k = 0; k < squarings; k++) power = traceOne(Matrices.multiply(power, power))
    const rayleigh = tf.div(
      tf.sum(tf.mul(gram, power), [-2, -1]),
      tf.maximum(tf.squeeze(Matrices.trace(power, true), [-2, -1]), 1e-30)
    )
    return tf.mul(tf.sqrt(rayleigh), tf.squeeze(largest, [-2, -1]))
  })
