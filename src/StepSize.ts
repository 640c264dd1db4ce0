import * as tf from "@tensorflow/tfjs-core"
import type * as Interval from "./Interval.ts"

/** A learning-rate schedule r(t) for steps t = 0, 1, 2, …, as a value. */
export interface Schedule {
  readonly name: string
  readonly rate: (step: number) => number
}

const format = (name: string, parameters: Record<string, number>) =>
  `${name}(${Object.entries(parameters).map(([key, value]) => `${key}=${value}`).join(", ")})`

/**
 * r(t) = r₀.
 *
 * @example
 * ```ts
 * import { StepSize } from "finegrain"
 * StepSize.constant(0.1).rate(1000) // => 0.1
 * ```
 */
export const constant = (rate: number): Schedule => ({ name: format("constant", { rate }), rate: () => rate })

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
): Schedule => ({
  name: format("step", options),
  rate: (t) => options.rate * options.factor ** Math.floor(t / options.every)
})

/**
 * r(t) = r₀·(1 + cos(πt/T))/2 for t < T, then 0 (Loshchilov and Hutter 2017, without restarts).
 *
 * @example
 * ```ts
 * import { StepSize } from "finegrain"
 * StepSize.cosine({ rate: 1, steps: 100 }).rate(50) // => 0.5
 * ```
 */
export const cosine = (options: { readonly rate: number; readonly steps: number }): Schedule => ({
  name: format("cosine", options),
  rate: (t) => options.rate * (1 + Math.cos(Math.PI * Math.min(t / options.steps, 1))) / 2
})

/**
 * r(t) = r₀·(1 + t)^(−a); Σr = ∞ and Σr² < ∞, as almost sure convergence needs, for 1/2 < a ≤ 1 (Bonnabel 2013, section 2).
 *
 * @example
 * ```ts
 * import { StepSize } from "finegrain"
 * StepSize.power({ rate: 1, exponent: 1 }).rate(3) // => 0.25
 * ```
 */
export const power = (options: { readonly rate: number; readonly exponent: number }): Schedule => ({
  name: format("power", options),
  rate: (t) => options.rate * (1 + t) ** -options.exponent
})

/** The rule that turns the norm R of a POM's gradient into its step: v = −r(t)/g(R)·grad, with g as a value. */
export interface Rule {
  readonly name: string
  /** g for every POM from R; both of shape [poms]. */
  readonly denominators: (norms: tf.Tensor1D, curvatures: ReadonlyArray<Interval.Interval>) => tf.Tensor1D
}

/**
 * The curvature-aware step of FG-SGD, g = max{1, Γ₁}^½ with Γ₁ = R²Γ₂, Γ₂ = max{(2ρ + R)², 1 + c(ρ + R)}, R = ‖grad‖ over the
 * whole POM, c its largest sectional curvature; so that ‖v‖ ≤ r·min(R, 1/(2ρ + R)).
 *
 * ρ bounds the distance to the minimizer, ρ ≤ 1/c: min(1, 1/c) by default, 1 for unit spheres. A POM that is flat (c ≤ 0) has
 * g = 1, plain gradient descent. Source: Bonnabel 2013; Ozay 2019, algorithm 1.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Interval, StepSize } from "finegrain"
 * const g = StepSize.curvatureAware().denominators(tf.tensor1d([2, 2]), [Interval.point(1), Interval.point(0)])
 * [...g.dataSync()] // => [8, 1]
 * ```
 */
export const curvatureAware = (options: { readonly rho?: number } = {}): Rule => ({
  name: options.rho === undefined ? "curvatureAware" : format("curvatureAware", { rho: options.rho }),
  denominators: (norms, curvatures) => {
    const c = curvatures.map(({ max }) => max)
    if (c.every((bound) => bound <= 0)) return tf.onesLike(norms)
    const rho = tf.tensor1d(c.map((bound) => options.rho ?? (bound <= 0 ? 1 : Math.min(1, 1 / bound))))
    const distance = tf.square(tf.add(tf.mul(rho, 2), norms))
    const bend = tf.add(tf.mul(tf.tensor1d(c), tf.add(rho, norms)), 1)
    const g = tf.maximum(tf.mul(norms, tf.sqrt(tf.maximum(distance, bend))), 1)
    const curved = tf.tensor1d(c.map((bound) => bound > 0 ? 1 : 0))
    return tf.add(tf.mul(tf.sub(g, 1), curved), 1) as tf.Tensor1D
  }
})

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
