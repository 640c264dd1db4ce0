import * as tf from "@tensorflow/tfjs-core"
import * as Schema from "effect/Schema"
import type * as Interval from "../numerics/Interval.ts"

/** A schedule or a rule with parameters that give steps which are no numbers. */
export class StepSizeError extends Schema.TaggedError<StepSizeError>()("StepSizeError", {
  name: Schema.String,
  parameter: Schema.String,
  expected: Schema.String,
  value: Schema.Number
}) {
  override get message() {
    return `${this.name}: ${this.parameter} must be ${this.expected}, not ${this.value}`
  }
}

/** A learning-rate schedule r(t) for steps t = 0, 1, 2, …, as a value. */
export interface Schedule {
  readonly name: string
  readonly rate: (step: number) => number
}

const kinds = {
  "finite and at least 0": (value: number) => value >= 0,
  "finite and above 0": (value: number) => value > 0,
  finite: () => true
} as const

/** Parameters of a kind each; written so that NaN is of none. */
const checked = (
  name: string,
  parameters: Readonly<Record<string, number>>,
  expected: Readonly<Record<string, keyof typeof kinds>>
): void => {
  for (const [parameter, kind] of Object.entries(expected)) {
    const value = parameters[parameter] ?? Number.NaN
    if (!Number.isFinite(value) || !kinds[kind](value)) {
      throw new StepSizeError({ name, parameter, expected: kind, value })
    }
  }
}

const format = (name: string, parameters: Record<string, number>) =>
  `${name}(${Object.entries(parameters).map(([key, value]) => `${key}=${value}`).join(", ")})`

/**
 * r(t) = r₀.
 *
 * @throws StepSizeError where r₀ is not finite, or negative; the other schedules likewise.
 *
 * @example
 * ```ts
 * import { StepSize } from "finegrain"
 * StepSize.constant(0.1).rate(1000) // => 0.1
 * ```
 */
export const constant = (rate: number): Schedule => {
  checked("constant", { rate }, { rate: "finite and at least 0" })
  return { name: format("constant", { rate }), rate: () => rate }
}

/**
 * r(t) = r₀·factor^⌊t/every⌋.
 *
 * @example
 * ```ts
 * import { StepSize } from "finegrain"
 * StepSize.step({ rate: 1, factor: 0.1, every: 100 }).rate(250) // => 0.01
 * ```
 */
export const step = (
  options: { readonly rate: number; readonly factor: number; readonly every: number }
): Schedule => {
  checked("step", options, {
    rate: "finite and at least 0",
    factor: "finite and at least 0",
    every: "finite and above 0"
  })
  return {
    name: format("step", options),
    rate: (t) => options.rate * options.factor ** Math.floor(t / options.every)
  }
}

/**
 * r(t) = r₀·(1 + cos(πt/T))/2 for t < T, then 0 (Loshchilov and Hutter 2017, without restarts).
 *
 * @example
 * ```ts
 * import { StepSize } from "finegrain"
 * StepSize.cosine({ rate: 1, steps: 100 }).rate(50) // => 0.5
 * ```
 */
export const cosine = (options: { readonly rate: number; readonly steps: number }): Schedule => {
  checked("cosine", options, { rate: "finite and at least 0", steps: "finite and above 0" })
  return {
    name: format("cosine", options),
    rate: (t) => options.rate * (1 + Math.cos(Math.PI * Math.min(t / options.steps, 1))) / 2
  }
}

/**
 * r(t) = r₀·(1 + t)^(−a); Σr = ∞ and Σr² < ∞, as almost sure convergence needs, for 1/2 < a ≤ 1 (Bonnabel 2013, section
 * 2).
 *
 * @example
 * ```ts
 * import { StepSize } from "finegrain"
 * StepSize.power({ rate: 1, exponent: 1 }).rate(3) // => 0.25
 * ```
 */
export const power = (options: { readonly rate: number; readonly exponent: number }): Schedule => {
  checked("power", options, { rate: "finite and at least 0", exponent: "finite" })
  return {
    name: format("power", options),
    rate: (t) => options.rate * (1 + t) ** -options.exponent
  }
}

/**
 * r(t) of a schedule, whoever made it.
 *
 * @throws StepSizeError where it is not finite.
 *
 * @internal
 */
export const rateAt = ({ name, rate }: Schedule, step: number): number => {
  const value = rate(step)
  if (Number.isFinite(value)) return value
  throw new StepSizeError({ name, parameter: `the rate at step ${step}`, expected: "finite", value })
}

/** The rule that turns the norm R of a POM's gradient into its step: v = −r(t)/g(R)·grad, with g as a value. */
export interface Rule {
  readonly name: string
  /** g for every POM from R; both of shape [poms]. */
  readonly denominators: (norms: tf.Tensor1D, curvatures: ReadonlyArray<Interval.Interval>) => tf.Tensor1D
}

/**
 * What of Γ₂ does not depend on R, for every POM: 2ρ, c, 1 + cρ; and 1 where there is curvature, 0 where there is none.
 */
const constantsOf = (rho: number | undefined) => {
  const known = new WeakMap<ReadonlyArray<Interval.Interval>, ReturnType<typeof derive>>()
  const derive = (curvatures: ReadonlyArray<Interval.Interval>) => {
    // Plain numbers, which serve in either arithmetic.
    const curvature = curvatures.map(({ max }) => max)
    const distance = curvature.map((bound) => rho ?? (bound <= 0 ? 1 : Math.min(1, 1 / bound)))
    return {
      curvature,
      twice: distance.map((bound) => 2 * bound),
      bend: curvature.map((bound, i) => 1 + bound * distance[i]!),
      curved: curvature.map((bound) => bound > 0 ? 1 : 0)
    }
  }
  return (curvatures: ReadonlyArray<Interval.Interval>) => {
    const found = known.get(curvatures) ?? derive(curvatures)
    known.set(curvatures, found)
    return found
  }
}

/**
 * The curvature-aware step of FG-SGD, g = max{1, Γ₁}^½ with Γ₁ = R²Γ₂, Γ₂ = max{(2ρ + R)², 1 + c(ρ + R)}, R = ‖grad‖
 * over the whole POM, c its largest sectional curvature; so that ‖v‖ ≤ r·min(R, 1/(2ρ + R)).
 *
 * ρ bounds the distance to the minimizer, ρ ≤ 1/c: min(1, 1/c) by default, 1 for unit spheres. A POM that is flat (c ≤
 * 0) has g = 1, plain gradient descent. Source: Bonnabel 2013; Ozay 2019, algorithm 1.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Interval, StepSize } from "finegrain"
 * const g = StepSize.curvatureAware().denominators(tf.tensor1d([2, 2]), [Interval.point(1), Interval.point(0)])
 * [...g.dataSync()] // => [8, 1]
 * ```
 */
export const curvatureAware = (options: { readonly rho?: number } = {}): Rule => {
  if (options.rho !== undefined) {
    checked("curvatureAware", { rho: options.rho }, { rho: "finite and above 0" })
  }
  const constants = constantsOf(options.rho)
  return {
    name: options.rho === undefined ? "curvatureAware" : format("curvatureAware", { rho: options.rho }),
    denominators: (norms, curvatures) => {
      const { bend, curvature, curved, twice } = constants(curvatures)
      if (curvature.every((bound) => bound <= 0)) return tf.onesLike(norms)
      // A flat POM counts as one whose gradient is 0.
      const r = curved.every((one) => one === 1) ? norms : tf.mul(norms, curved)
      const near = tf.square(tf.add(r, twice))
      const bent = tf.add(tf.mul(r, curvature), bend)
      return tf.maximum(tf.mul(r, tf.sqrt(tf.maximum(near, bent))), 1)
    }
  }
}

/**
 * g = 1 everywhere: plain Riemannian SGD.
 *
 * @example
 * ```ts
 * import { StepSize } from "finegrain"
 * StepSize.plain.name // => "plain"
 * ```
 */
export const plain: Rule = { name: "plain", denominators: (norms) => tf.onesLike(norms) }
