import * as tf from "@tensorflow/tfjs-core"
import * as Differentiable from "../../numerics/Differentiable.ts"
import * as Interval from "../../numerics/Interval.ts"
import type { NormIntervals } from "../../numerics/Norms.ts"
import * as Manifold from "../Manifold.ts"
import { matrixFamily } from "../matrixFamily.ts"
import { unitNorm } from "./unitNorm.ts"

const mean = (u: tf.Tensor) => tf.mean(u, [-2, -1], true)
const centre = (u: tf.Tensor) => tf.sub(u, mean(u))
const geometry = unitNorm([-2, -1], centre)
const drop = (u: tf.Tensor) => tf.squeeze(u, [-2, -1])

const firstEntry = (m: number, n: number) =>
  tf.tensor2d(Array.from({ length: m * n }, (_, i) => (i === 0 ? 1 : 0)), [m, n])

/** Two opposite entries of size 1/√2 have the smallest ‖·‖_{2→1}; bounds that hold, not sharp ones. */
const norms = (m: number, n: number): NormIntervals => ({
  spectral: Interval.make(1 / Math.sqrt(Math.min(m, n)), 1),
  frobenius: Interval.point(1),
  rowSum: Interval.make(1, Math.sqrt(m)),
  columnSum: Interval.make(1, Math.sqrt(n))
})

const centredSphere = matrixFamily(() => ({
  symbol: "Cen",
  name: "centred sphere",
  about: "unit norm, mean 0",
  retraction: "normalization",
  accepts: ([m, n]) => m * n >= 3,
  at: (m, n) => at(m, n)
}))

/**
 * Unit sphere of m×n matrices with mean zero, ‖X‖_F = 1 and ΣX = 0: kernels that do not pass a constant.
 *
 * The great subsphere in the hyperplane of balanced matrices, so retraction, exponential and distance are the sphere's;
 * project centres first. Sectional curvature 1. The norm intervals hold but are not sharp.
 * Source: Huang et al. 2017, *Centered weight normalization*.
 *
 * @throws ShapeRefused for a shape that is not m×n with mn ≥ 3.
 *
 * @example
 * ```ts
 * import { CentredSphere } from "finegrain"
 * CentredSphere.make([3, 3]).dimension // => 7
 * ```
 */
export const make = centredSphere.make

/**
 * The family of centred spheres, `Cen` in specifications; refuses matrices with fewer than three entries.
 *
 * @example
 * ```ts
 * import * as Result from "effect/Result"
 * import { CentredSphere } from "finegrain"
 * Result.isFailure(CentredSphere.family().at([2, 1])) // => true
 * ```
 */
export const family = centredSphere.family

const at = (m: number, n: number): Manifold.Manifold =>
  Manifold.make<tf.Tensor>({
    name: `Cen(${m},${n})`,
    shape: [m, n],
    dimension: m * n - 2,
    curvature: Interval.point(m * n < 4 ? 0 : 1),
    norms: norms(m, n),
    retractionOrder: 2,
    injectivityRadius: Math.PI,
    project: (x, u) => geometry.project(x, centre(u)),
    // Centred again, because rounding would let the mean drift.
    retract: (x, v) => geometry.retract(centre(x), v),
    nearest: (u) =>
      geometry.nearest(centre(Differentiable.shortened(u, 1e30)), centre(tf.add(tf.zerosLike(u), firstEntry(m, n)))),
    residual: (x) => drop(tf.add(tf.abs(tf.sub(geometry.length(x), 1)), tf.mul(tf.abs(mean(x)), Math.sqrt(m * n)))),
    exp: geometry.exp,
    log: geometry.log,
    dist: (x, y) => drop(geometry.angle(x, y))
  })
