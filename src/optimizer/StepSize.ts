/** From the norm of a POM's direction to its step: the paper's curvature-aware rule, and the plain one. */
import * as tf from "@tensorflow/tfjs-core"
import type * as Interval from "../numerics/Interval.ts"
import { checked, format } from "./parameters.ts"

export { StepSizeError } from "./parameters.ts"

/** How many times as long distances are on the POMs: the smallest and the largest ℜ of each; shape [poms]. */
export interface Lengths {
  readonly smallest: tf.Tensor1D
  readonly largest: tf.Tensor1D
}

/** The rule that turns the norm R of a POM's gradient into its step: v = −r(t)/g(R)·grad, with g as a value. */
export interface Rule {
  readonly name: string
  /** g for every POM from R; both of shape [poms]. */
  readonly denominators: (norms: tf.Tensor1D, curvatures: ReadonlyArray<Interval.Interval>) => tf.Tensor1D
  /**
   * g on numbers at hand, to the same bits: some hundred POMs take less time so than the operations of an engine do.
   */
  readonly onHost?: (norms: Float32Array, curvatures: ReadonlyArray<Interval.Interval>) => Float32Array
  /** g where POMs are so many times as large, as in the metric of weights, which needs it; 1 changes no bit. */
  readonly rescaled?: (
    norms: tf.Tensor1D,
    curvatures: ReadonlyArray<Interval.Interval>,
    lengths: Lengths
  ) => tf.Tensor1D
}

/** What a formula is written in. */
interface Field<A> {
  readonly add: (a: A, b: A) => A
  readonly max: (a: A, b: A) => A
  readonly mul: (a: A, b: A) => A
  readonly sqrt: (a: A) => A
}

type Factor = tf.Tensor | tf.TensorLike

const tensors: Field<Factor> = { add: tf.add, max: tf.maximum, mul: tf.mul, sqrt: tf.sqrt }

/** Single precision: of two of its numbers double precision holds every result well enough to be rounded once more. */
const singles: Field<number> = {
  add: (a, b) => Math.fround(a + b),
  max: Math.max,
  mul: (a, b) => Math.fround(a * b),
  sqrt: (a) => Math.fround(Math.sqrt(a))
}

/** g from R, 2ρ, 1 + cρ and c. */
const curved = <A>({ add, max, mul, sqrt }: Field<A>, one: A, r: A, twice: A, bend: A, curvature: A): A => {
  const near = add(r, twice)
  return max(mul(r, sqrt(max(mul(near, near), add(mul(r, curvature), bend)))), one)
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
      bent: curvature.map((bound, i) => bound * distance[i]!),
      bend: curvature.map((bound, i) => 1 + bound * distance[i]!),
      isCurved: curvature.map((bound) => bound > 0 ? 1 : 0)
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
 * 0) has g = 1, plain gradient descent. Where distances are ℜ times as long, c is divided by ℜ² and ρ multiplied by
 * ℜ, whoever gave it; g adds a distance and a gradient, so it is another one then, also for the same step.
 * Source: Bonnabel 2013; Ozay 2019, algorithm 1.
 *
 * @throws StepSizeError where ρ is given and is not finite, or not above 0.
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
  const denominators = (
    norms: tf.Tensor1D,
    isCurved: ReadonlyArray<number>,
    [twice, bend, curvature]: readonly [Factor, Factor, Factor]
  ): tf.Tensor1D => {
    // A flat POM counts as one whose gradient is 0.
    const r = isCurved.every((one) => one === 1) ? norms : tf.mul(norms, isCurved)
    return curved(tensors, 1, r, twice, bend, curvature) as tf.Tensor1D
  }
  return {
    name: options.rho === undefined ? "curvatureAware" : format("curvatureAware", { rho: options.rho }),
    denominators: (norms, curvatures) => {
      const { bend, curvature, isCurved, twice } = constants(curvatures)
      return isCurved.every((one) => one === 0)
        ? tf.onesLike(norms)
        : denominators(norms, isCurved, [twice, bend, curvature])
    },
    onHost: (norms, curvatures) => {
      const { bend, curvature, isCurved, twice } = constants(curvatures)
      if (isCurved.every((one) => one === 0)) return new Float32Array(norms.length).fill(1)
      const rounded = Math.fround
      return norms.map((norm, i) =>
        curved(singles, 1, norm * isCurved[i]!, rounded(twice[i]!), rounded(bend[i]!), rounded(curvature[i]!))
      )
    },
    rescaled: (norms, curvatures, { largest, smallest }) => {
      const { bend, bent, curvature, isCurved, twice } = constants(curvatures)
      const square = tf.square(smallest)
      return denominators(norms, isCurved, [
        tf.mul(twice, largest),
        // 1 + cρ·ℜ/ℜ², written so that ℜ = 1 changes no bit.
        tf.add(bend, tf.mul(bent, tf.sub(tf.div(largest, square), 1))),
        tf.div(curvature, square)
      ])
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
export const plain: Rule = {
  name: "plain",
  denominators: (norms) => tf.onesLike(norms),
  onHost: ({ length }) => new Float32Array(length).fill(1)
}
