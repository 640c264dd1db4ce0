import * as tf from "@tensorflow/tfjs-core"
import * as Interval from "../../numerics/Interval.ts"
import * as Matrices from "../../numerics/Matrices.ts"
import type { NormIntervals } from "../../numerics/Norms.ts"
import type * as Manifold from "../Manifold.ts"
import { power } from "./power.ts"
import { rearranged } from "./rearranged.ts"

/**
 * The norms of m×n matrices whose n columns have the norms of `column`, from ‖X‖_F ≤ ‖X‖_{2→1} ≤ √m‖X‖_F and
 * max(‖column‖, ‖X‖_F/√min(m,n)) ≤ σ₁ ≤ ‖X‖_F; sharp for columns on a full sphere.
 */
const columnNorms = (m: number, n: number, { frobenius }: NormIntervals): NormIntervals => {
  const whole = Interval.map(frobenius, (end) => end * Math.sqrt(n))
  return {
    spectral: Interval.make(Math.max(frobenius.min, whole.min / Math.sqrt(Math.min(m, n))), whole.max),
    frobenius: whole,
    rowSum: Interval.make(whole.min, whole.max * Math.sqrt(m)),
    columnSum: Interval.map(frobenius, (end) => end * n)
  }
}

/**
 * The manifold of m×n matrices each of whose n columns is a point of M, a manifold of m×1 matrices: Mⁿ, side by side.
 *
 * @example
 * ```ts
 * import { Combinators, Sphere } from "finegrain"
 * const oblique = Combinators.columns(Sphere.make([3, 1]), 4)
 * oblique.shape // => [3, 4]
 * oblique.dimension // => 8
 * ```
 */
export const columns = (column: Manifold.Manifold, n: number): Manifold.Manifold => {
  const m = column.shape[0]!
  return rearranged(power(column, n), `columns(${column.name}, ${n})`, {
    shape: [m, n],
    from: (x: tf.Tensor) => tf.expandDims(Matrices.transpose(x), -1),
    to: (p: tf.Tensor) => Matrices.transpose(tf.squeeze(p, [-1]))
  }, columnNorms(m, n, column.norms))
}
