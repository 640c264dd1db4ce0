/** Retractions on the Stiefel manifold, as values. */
import * as tf from "@tensorflow/tfjs-core"
import { fused } from "../../engine/FusedKernels.ts"
import * as Arithmetic from "../../numerics/Arithmetic.ts"
import { constant, largestOr } from "../../numerics/Constant.ts"
import * as Matrices from "../../numerics/Matrices.ts"
import { actOnGenerator } from "./generator.ts"
import type { Binary, Metric } from "./metrics.ts"
import { orthonormal } from "./orthonormal.ts"

/** A retraction on the Stiefel manifold, as a value. */
export interface Retraction {
  readonly name: string
  readonly retract: (metric: Metric) => Binary
  /** Order for m > n > 1 by metric, for m = n `best`, for n = 1 and on O(2) `vector`. */
  readonly order: {
    readonly embedded: number
    readonly canonical: number
    readonly best: number
    readonly vector: number
  }
}

/**
 * The QR retraction qf(X + V), the Q factor whose R has a positive diagonal: of first order.
 *
 * Source: Absil, Mahony and Sepulchre 2008, example 4.1.3.
 *
 * @example
 * ```ts
 * import { Stiefel } from "finegrain"
 * Stiefel.make([5, 3], { retraction: Stiefel.qr }).retractionOrder // => 1
 * ```
 */
export const qr: Retraction = {
  name: "qr",
  retract: () => fused("StiefelRetract", (x, v) => orthonormal(tf.add(x, v))),
  order: { embedded: 1, canonical: 1, best: 1, vector: 2 }
}

/**
 * The polar factor of X + V, whose singular values are at least 1, so that steps of norm 100 need few iterations; where
 * rounding has no room for both X and V, V is taken shorter, so that it has: X stays what completes it.
 */
const polarRetract: Binary = (x, v) => {
  const largest = tf.max(tf.abs(constant(v)), [-2, -1], true)
  const entries = x.shape.at(-2)! * x.shape.at(-1)!
  const room = 16 * Arithmetic.current().epsilon
  if (largestOr(Infinity, largest) * Math.sqrt(entries) <= 99) {
    return Matrices.polar(tf.add(x, v), { lower: 1e-2, remedy })
  }
  return Matrices.polar(tf.add(x, tf.div(v, tf.maximum(tf.mul(largest, room), 1))), { remedy })
}

const remedy =
  "Retract a finite tangent vector: X + V has full rank for each of them; `project` makes one of any vector."

/**
 * The polar retraction (X + V)(I + VᵀV)^(−1/2), the projection of X + V onto the manifold: of second order for the
 * embedded metric.
 *
 * Source: Absil, Mahony and Sepulchre 2008, example 4.1.3.
 *
 * @example
 * ```ts
 * import { Stiefel } from "finegrain"
 * Stiefel.make([5, 3], { retraction: Stiefel.polar }).retractionOrder // => 2
 * ```
 */
export const polar: Retraction = {
  name: "polar",
  retract: () => polarRetract,
  order: { embedded: 2, canonical: 1, best: 2, vector: 2 }
}

/**
 * The Cayley retraction (I − W/2)⁻¹(I + W/2)X with the skew generator W of V, W X = V: of second order for the
 * canonical metric.
 *
 * Source: Wen and Yin 2013.
 *
 * @example
 * ```ts
 * import { Stiefel } from "finegrain"
 * Stiefel.make([5, 3], { retraction: Stiefel.cayley, metric: Stiefel.canonical }).retractionOrder // => 2
 * ```
 */
export const cayley: Retraction = {
  name: "cayley",
  retract: () => actOnGenerator(Matrices.cayley, 1),
  order: { embedded: 1, canonical: 2, best: 2, vector: 2 }
}

/**
 * The exponential map of the chosen metric as a retraction.
 *
 * @example
 * ```ts
 * import { Stiefel } from "finegrain"
 * Stiefel.make([5, 3], { retraction: Stiefel.exponential }).retractionOrder // => Infinity
 * ```
 */
export const exponential: Retraction = {
  name: "exponential",
  retract: (metric) => metric.exp,
  order: { embedded: Infinity, canonical: Infinity, best: Infinity, vector: Infinity }
}

/**
 * The order of a retraction of m×n matrices, m ≥ n.
 *
 * @internal
 */
export const order = ({ order }: Retraction, { name }: Metric, m: number, n: number): number => {
  // On O(2) the Q factor is the polar factor, as for one column.
  if (n === 1 || (m === 2 && n === 2)) return order.vector
  return m === n ? order.best : order[name]
}
