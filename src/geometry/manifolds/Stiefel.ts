/** Stiefel manifolds, of a metric and a retraction. */
import * as tf from "@tensorflow/tfjs-core"
import * as Interval from "../../numerics/Interval.ts"
import * as Matrices from "../../numerics/Matrices.ts"
import type { NormIntervals } from "../../numerics/Norms.ts"
import * as Seed from "../../numerics/Seed.ts"
import * as Manifold from "../Manifold.ts"
import { matrixFamily, tallOrWide } from "../matrixFamily.ts"
import * as MatrixForm from "../MatrixForm.ts"
import { stiefelDistance, stiefelLog } from "../stiefel/logarithm.ts"
import { embedded, frobenius, type Metric, project } from "../stiefel/metrics.ts"
import { order, qr, type Retraction } from "../stiefel/retractions.ts"
import { rotationDistance, rotationLog } from "../stiefel/rotations.ts"
import * as Sphere from "./Sphere.ts"

export { canonical, embedded, type Metric } from "../stiefel/metrics.ts"
export { cayley, exponential, polar, qr, type Retraction } from "../stiefel/retractions.ts"

/** What may be chosen on the Stiefel manifold. */
export interface StiefelOptions {
  /** Default `embedded`. */
  readonly metric?: Metric
  /** Default `qr`. */
  readonly retraction?: Retraction
}

const norms = (m: number, n: number): NormIntervals => ({
  spectral: Interval.point(1),
  frobenius: Interval.point(Math.sqrt(n)),
  rowSum: Interval.make(n, Math.sqrt(m * n)),
  columnSum: Interval.point(n)
})

/** ‖XᵀX − I‖_F. */
const residual = (x: tf.Tensor) => {
  const gap = tf.sub(Matrices.transposeTimes(x, x), tf.eye(x.shape[x.rank - 1]!))
  return tf.sqrt(frobenius(gap, gap))
}

/** Logarithm, distance and the radius up to which the logarithm inverts the exponential. */
const logarithm = (name: string, m: number, n: number, metric: Metric) => {
  if (n === 1) {
    const { dist, injectivityRadius, log } = Sphere.make([m, 1])
    return { log: log!, dist: dist!, injectivityRadius }
  }
  if (m > n) {
    const beta = metric.name === "canonical" ? 1 : 2
    const subject = { name, beta, radius: metric.injectivityRadius }
    return { log: stiefelLog(subject), dist: stiefelDistance(subject), injectivityRadius: metric.injectivityRadius }
  }
  // The cut locus is where the largest angle of XᵀY is π: the norm of one such plane.
  return {
    log: rotationLog,
    dist: rotationDistance(metric.inner),
    injectivityRadius: metric === embedded ? Math.SQRT2 * Math.PI : Math.PI
  }
}

const tall = (
  name: string,
  m: number,
  n: number,
  { metric = embedded, retraction = qr }: StiefelOptions
): Manifold.Manifold =>
  Manifold.make<tf.Tensor>({
    name,
    shape: [m, n],
    dimension: m * n - (n * (n + 1)) / 2,
    curvature: metric.curvature(m, n),
    norms: norms(m, n),
    retractionOrder: order(retraction, metric, m, n),
    inner: metric.inner,
    project,
    gradient: metric.gradient,
    nearest: (u) => Matrices.polar(u),
    retract: retraction.retract(metric),
    // The Q factor of a Gaussian matrix is uniformly distributed; twice, for those with nearly dependent columns.
    random: (seed, batch) => Matrices.qf(Matrices.gramSchmidt(Seed.normalTensor(seed, [...batch, m, n]))),
    residual,
    exp: metric.exp,
    ...logarithm(name, m, n, metric)
  })

/** The form, where metric and retraction are the defaults. */
const formed = (
  manifold: Manifold.Manifold,
  { metric = embedded, retraction = qr }: StiefelOptions
): Manifold.Manifold => {
  const [m, n] = manifold.shape as readonly [number, number]
  return metric === embedded && retraction === qr
    ? MatrixForm.declare(manifold, {
      name: "Stiefel",
      rows: Math.max(m, n),
      columns: Math.min(m, n),
      transposed: m < n
    })
    : manifold
}

const stiefel = matrixFamily((options: StiefelOptions = {}) => ({
  symbol: "St",
  name: "Stiefel",
  about: `orthonormal columns or rows${options.metric === undefined ? "" : `, ${options.metric.name} metric`}`,
  retraction: (options.retraction ?? qr).name.replace("qr", "QR"),
  accepts: ([m, n]) => m * n >= 2,
  at: (m, n) => formed(tallOrWide("St", (rows, columns, name) => tall(name, rows, columns, options))(m, n), options)
}))

/**
 * Stiefel manifold of m×n matrices with orthonormal columns, XᵀX = I; for m < n, with orthonormal rows, as the
 * transpose.
 *
 * project U − X sym(XᵀU); nearest the polar factor; the defaults are the embedded metric and retract qf(X + V). Metric
 * (`embedded`, `canonical`) and retraction (`qr`, `polar`, `cayley`, `exponential`) are values. All matrices of
 * a batch are handled in a number of tensor operations that depends on m and n only. Logarithms find geodesics below
 * the injectivity radius, π (at least √(4/5)·π for the canonical metric), by Broyden's method on their ends, and have
 * first derivatives; beyond it `log` and `dist` throw NoLogarithm, on webgpu at the next read. For m = n they are those
 * of O(n), for n = 1 those of a sphere. For m = n rounding decides where QR takes tangent vectors of length 1e7 and
 * more, and may take them to the other component of O(n); `SpecialOrthogonal` stays in its own.
 * Source: Edelman, Arias and Smith 1998; Zimmermann and Hüper 2022 for logarithms; Rentmeesters 2013, and Zimmermann
 * and Stoye 2024, for the radius; Ozay 2019, table 1.
 *
 * @throws ShapeRefused for a shape that is not m×n with mn ≥ 2.
 *
 * @example
 * ```ts
 * import { Stiefel } from "finegrain"
 * const stiefel = Stiefel.make([5, 3])
 * stiefel.dimension // => 9
 * const x = stiefel.random(1), y = stiefel.retract(x, stiefel.project(x, stiefel.random(2)))
 * const [length] = stiefel.norm(x, stiefel.log!(x, y)).dataSync(), [distance] = stiefel.dist!(x, y).dataSync()
 * Math.abs(length! - distance!) < 1e-5 // => true
 * Stiefel.make([3, 5], { metric: Stiefel.canonical, retraction: Stiefel.cayley }).name // => "St(3,5)"
 * ```
 */
export const make = stiefel.make

/**
 * The family of Stiefel manifolds, `St` in specifications; refuses 1×1 matrices.
 *
 * @example
 * ```ts
 * import * as Result from "effect/Result"
 * import { Stiefel } from "finegrain"
 * Result.isFailure(Stiefel.family().at([1, 1])) // => true
 * ```
 */
export const family = stiefel.family
