import * as tf from "@tensorflow/tfjs-core"
import type * as Interval from "../numerics/Interval.ts"
import { checked, format } from "./parameters.ts"

export { StepSizeError } from "./parameters.ts"

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
