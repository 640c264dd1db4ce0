/** Matrices whose singular values are chosen, each of them. */
import * as tf from "@tensorflow/tfjs-core"
import { counted } from "../../choices/counted.ts"
import * as Differentiable from "../../numerics/Differentiable.ts"
import * as Interval from "../../numerics/Interval.ts"
import * as Matrices from "../../numerics/Matrices.ts"
import type { NormIntervals } from "../../numerics/Norms.ts"
import * as Manifold from "../Manifold.ts"
import { matrixFamily, tallOrWide } from "../matrixFamily.ts"
import { longest } from "../stiefel/generator.ts"
import * as Stiefel from "./Stiefel.ts"

/** The singular values, largest or smallest first, for matrices with n of them. */
export type Spectrum = (n: number) => ReadonlyArray<number>

/** What may be chosen. */
export interface FixedSpectrumOptions {
  /** Default from 1 down to 1/2 in equal steps. */
  readonly spectrum?: Spectrum
  /** Default `Stiefel.qr`. */
  readonly retraction?: Stiefel.Retraction
}

const halving: Spectrum = (n) => Array.from({ length: n }, (_, i) => n === 1 ? 1 : 1 - i / (2 * (n - 1)))

/**
 * K = Σ wᵢⱼ((UᵀU)ᵢⱼ(VᵀV)ᵢⱼ − sym(UᵀV)ᵢⱼ²) with wᵢⱼ = 2/(σᵢ² + σⱼ²), a Cauchy matrix, so positive semidefinite: the
 * first sum is in [0, 1/σ_min²], the second at most 1/(2σ_min²), since sym(UᵀV) has trace 0 and nuclear norm at most 1.
 */
const curvature = (m: number, n: number, smallest: number): Interval.Interval =>
  n === 1
    ? Interval.point(m < 3 ? 0 : 1 / smallest ** 2)
    : Interval.map(m * n - (n * (n + 1)) / 2 < 2 ? Interval.point(0) : Interval.make(-0.5, 1), (k) => k / smallest ** 2)

/** ‖X‖_{2→1} lies between the nuclear norm and √m‖X‖_F. */
const norms = (m: number, spectrum: ReadonlyArray<number>): NormIntervals => {
  const frobenius = Math.hypot(...spectrum)
  const nuclear = spectrum.reduce((a, b) => a + b, 0)
  return {
    spectral: Interval.point(Math.max(...spectrum)),
    frobenius: Interval.point(frobenius),
    rowSum: Interval.make(nuclear, Math.sqrt(m) * frobenius),
    columnSum: Interval.point(nuclear)
  }
}

const tall = (m: number, n: number, { retraction, spectrum = halving }: FixedSpectrumOptions): Manifold.Manifold => {
  const values = spectrum(n)
  if (values.length !== n || !values.every((value) => value > 0 && Number.isFinite(value))) {
    throw new RangeError(
      `a spectrum for ${counted(n, "column")} is ${counted(n, "positive number")}, not [${values.join(", ")}]`
    )
  }
  const frames = Stiefel.make([m, n], retraction === undefined ? {} : { retraction })
  const scales = () => tf.tensor2d([...values], [1, n])
  const scale = (q: tf.Tensor) => tf.mul(q, scales())
  const frame = (x: tf.Tensor) => tf.div(x, scales())
  const weights = () => {
    const squares = tf.square(scales())
    return tf.div(1, tf.add(squares, Matrices.transpose(squares)))
  }
  return Manifold.make<tf.Tensor>({
    name: `FS(${m},${n})`,
    shape: [m, n],
    dimension: frames.dimension,
    curvature: curvature(m, n, Math.min(...values)),
    norms: norms(m, values),
    retractionOrder: n === 1 ? frames.retractionOrder : 1,
    // The normal space is X·Sym(n): S solves D²S + SD² = XᵀU + UᵀX.
    project: (x, u) => {
      const s = tf.mul(Matrices.sym(Matrices.transposeTimes(x, u)), tf.mul(weights(), 2))
      return tf.sub(u, Matrices.multiply(x, s))
    },
    nearest: (u) => scale(Matrices.polar(scale(Differentiable.shortened(u, longest)))),
    retract: (x, v) => scale(frames.retract(frame(x), frame(Differentiable.shortened(v, longest)))),
    random: (seed, batch) => scale(frames.random(seed, batch)),
    residual: (x) => frames.residual(frame(x))
  })
}

const fixedSpectrum = matrixFamily((options: FixedSpectrumOptions = {}) => ({
  symbol: "FS",
  name: "fixed spectrum",
  about: "chosen singular values",
  retraction: "QR",
  accepts: ([m, n]) => m * n >= 2,
  at: tallOrWide("FS", (m, n) => tall(m, n, options))
}))

/**
 * Matrices of fixed spectrum, X = QD with orthonormal columns Q and D = diag(σ₁ … σₙ): a Stiefel manifold whose columns
 * have chosen lengths, so a chosen decay of the singular values; for m < n, of the rows.
 *
 * Embedded metric; project U − XS with D²S + SD² = XᵀU + UᵀX; retract Q's retraction, of first order; nearest
 * polar(UD)·D. Sectional curvature in [−1/2, 1]/σ_min², an interval that is not claimed to be sharp.
 * Source: Absil and Malick 2012 for the projection; the bounds follow from the Gauss equation.
 *
 * @throws ShapeRefused for a shape that is not m×n with mn ≥ 2.
 * @throws RangeError for a spectrum that is not one positive number per column.
 *
 * @example
 * ```ts
 * import { FixedSpectrum } from "finegrain"
 * const M = FixedSpectrum.make([5, 2], { spectrum: () => [2, 1] })
 * M.norms.spectral // => { min: 2, max: 2 }
 * M.norms.columnSum // => { min: 3, max: 3 }
 * ```
 */
export const make = fixedSpectrum.make

/**
 * The family of matrices of fixed spectrum, `FS` in specifications; refuses 1×1 matrices.
 *
 * @example
 * ```ts
 * import * as Result from "effect/Result"
 * import { FixedSpectrum } from "finegrain"
 * Result.isFailure(FixedSpectrum.family().at([1, 1])) // => true
 * ```
 */
export const family = fixedSpectrum.family
