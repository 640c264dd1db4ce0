/** Stiefel manifolds: two metrics and four retractions as values, and the manifold that they make. */
import * as tf from "@tensorflow/tfjs-core"
import { fused } from "../../engine/FusedKernels.ts"
import * as Arithmetic from "../../numerics/Arithmetic.ts"
import { constant, largestOr } from "../../numerics/Constant.ts"
import * as Differentiable from "../../numerics/Differentiable.ts"
import * as Interval from "../../numerics/Interval.ts"
import * as Matrices from "../../numerics/Matrices.ts"
import type { NormIntervals } from "../../numerics/Norms.ts"
import * as Seed from "../../numerics/Seed.ts"
import * as Manifold from "../Manifold.ts"
import { matrixFamily, tallOrWide } from "../matrixFamily.ts"
import * as MatrixForm from "../MatrixForm.ts"
import { actOnGenerator, longest } from "../stiefel/generator.ts"
import { stiefelDistance, stiefelLog } from "../stiefel/logarithm.ts"
import { orthonormal } from "../stiefel/orthonormal.ts"
import { rotationDistance, rotationLog } from "../stiefel/rotations.ts"
import * as Sphere from "./Sphere.ts"

type Binary = (x: tf.Tensor, v: tf.Tensor) => tf.Tensor

/** A Riemannian metric on the Stiefel manifold, as a value. */
export interface Metric {
  readonly name: "embedded" | "canonical"
  readonly inner: (x: tf.Tensor, u: tf.Tensor, v: tf.Tensor) => tf.Tensor
  readonly gradient: Binary
  readonly exp: Binary
  readonly curvature: (m: number, n: number) => Interval.Interval
  /** A lower bound of the injectivity radius for m > n ≥ 2. */
  readonly injectivityRadius: number
}

/** A retraction on the Stiefel manifold, as a value. */
export interface Retraction {
  readonly name: string
  readonly retract: (metric: Metric) => Binary
  /** Order for m > n > 1, by metric; for n = 1 and for m = n, `best`. */
  readonly order: {
    readonly embedded: number
    readonly canonical: number
    readonly best: number
    readonly vector: number
  }
}

/** What may be chosen on the Stiefel manifold. */
export interface StiefelOptions {
  /** Default `embedded`. */
  readonly metric?: Metric
  /** Default `qr`. */
  readonly retraction?: Retraction
}

const transposeTimes = (x: tf.Tensor, y: tf.Tensor) => Matrices.multiply(x, y, { transposeA: true })
const frobenius = (u: tf.Tensor, v: tf.Tensor) => tf.sum(tf.mul(u, v), [-2, -1])
const project: Binary = fused(
  "StiefelProject",
  (x, u) => tf.sub(u, Matrices.multiply(x, Matrices.sym(transposeTimes(x, u))))
)

const canonicalExp = actOnGenerator(Matrices.expSkew, 1)
const embeddedTurn = actOnGenerator(Matrices.expSkew, 2)

const flatOrSquare = (m: number, n: number, scale: number, otherwise: Interval.Interval): Interval.Interval => {
  if (n === 1) return Interval.point(m < 3 ? 0 : 1)
  if (m > n) return otherwise
  // O(n) with a bi-invariant metric: K = ‖[A, B]‖²/4 (Milnor 1976), 1/8 on so(3), at most 1/4 on so(n ≥ 4).
  if (n === 2) return Interval.point(0)
  return n === 3 ? Interval.point(scale / 8) : Interval.make(0, scale / 4)
}

const inside = transposeTimes
const beside = (x: tf.Tensor, u: tf.Tensor) => tf.sub(u, Matrices.multiply(x, inside(x, u)))

/**
 * The embedded (Euclidean) metric ⟨U, V⟩ = tr(UᵀV).
 *
 * Gradient E − X sym(XᵀE); sectional curvature in [−1/2, 1] for m > n ≥ 2, so not bounded below by 0.
 * Source: Edelman, Arias and Smith 1998; Zimmermann and Stoye 2024 for the curvature.
 *
 * @example
 * ```ts
 * import { Stiefel } from "finegrain"
 * Stiefel.make([5, 3], { metric: Stiefel.embedded }).curvature // => { min: -0.5, max: 1 }
 * ```
 */
export const embedded: Metric = {
  name: "embedded",
  inner: (_x, u, v) => frobenius(u, v),
  gradient: project,
  // Hüper, Markina and Silva Leite 2021: exp(V Xᵀ − X Vᵀ) X exp(−A), whose factors are orthogonal for every V.
  exp: (x, given) => {
    const v = Differentiable.shortened(given, longest)
    if (x.shape.at(-2) === x.shape.at(-1)) return canonicalExp(x, v)
    const turn = Matrices.expSkew(Matrices.skew(transposeTimes(v, x)))
    return Matrices.polish(Matrices.multiply(embeddedTurn(x, v), turn))
  },
  curvature: (m, n) => flatOrSquare(m, n, 1, Interval.make(-0.5, 1)),
  injectivityRadius: Math.PI
}

/**
 * The canonical metric ⟨U, V⟩_X = tr(Uᵀ(I − XXᵀ/2)V), that of the quotient O(m)/O(m−n).
 *
 * Gradient E − X EᵀX; exp(X, V) = exp(W)X with the skew generator W of V; sectional curvature in [0, 5/4] for m > n ≥
 * 2.
 * Source: Edelman, Arias and Smith 1998, section 2.4; Zimmermann and Stoye 2024 for the curvature.
 *
 * @example
 * ```ts
 * import { Stiefel } from "finegrain"
 * Stiefel.make([5, 3], { metric: Stiefel.canonical }).curvature // => { min: 0, max: 1.25 }
 * ```
 */
export const canonical: Metric = {
  name: "canonical",
  inner: (x, u, v) => tf.add(frobenius(beside(x, u), beside(x, v)), tf.mul(frobenius(inside(x, u), inside(x, v)), 0.5)),
  gradient: (x, e) => tf.sub(e, Matrices.multiply(x, transposeTimes(e, x))),
  exp: canonicalExp,
  curvature: (m, n) => flatOrSquare(m, n, 2, Interval.make(0, 1.25)),
  injectivityRadius: Math.sqrt(4 / 5) * Math.PI
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

const norms = (m: number, n: number): NormIntervals => ({
  spectral: Interval.point(1),
  frobenius: Interval.point(Math.sqrt(n)),
  rowSum: Interval.make(n, Math.sqrt(m * n)),
  columnSum: Interval.point(n)
})

/** ‖XᵀX − I‖_F. */
const residual = (x: tf.Tensor) => {
  const gap = tf.sub(transposeTimes(x, x), tf.eye(x.shape[x.rank - 1]!))
  return tf.sqrt(frobenius(gap, gap))
}

const order = ({ order }: Retraction, { name }: Metric, m: number, n: number): number => {
  // On O(2) the Q factor is the polar factor, as for one column.
  if (n === 1 || (m === 2 && n === 2)) return order.vector
  return m === n ? order.best : order[name]
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
 * Metric (`embedded`, `canonical`) and retraction (`qr`, `polar`, `cayley`, `exponential`) are values. All matrices of
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
