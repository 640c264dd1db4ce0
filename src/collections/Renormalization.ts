/** Two-stage renormalization, ℜ = γ/λ: γ from the norms of a manifold, λ from the deviations of features. */
import * as tf from "@tensorflow/tfjs-core"
import type * as Manifold from "../geometry/Manifold.ts"
import * as Differentiable from "../numerics/Differentiable.ts"
import * as Norms from "../numerics/Norms.ts"
import type { KernelShape, Matricization } from "./matricized.ts"

/**
 * A policy for the geometric scaling γ of a manifold, as a value.
 *
 * The network uses the weight ℜω with ℜ = γ/λ, λ the standard deviation of the features that enter it.
 * Source: Ozay 2019, section 3 (two-stage renormalization).
 */
export interface Policy {
  readonly name: "unit" | "frobenius" | "none" | "unclamped"
  /** What it does, in one line. */
  readonly about: string
  /** γ of a manifold; 1 where a norm is unbounded and nothing can be promised. */
  readonly gamma: (manifold: Manifold.Manifold) => number
  /** Whether λ < 1 counts as 1, so that ℜ ≤ γ and the promise survives. */
  readonly clamped: boolean
  /** The norms of ℜω that are at most 1 on every manifold with bounded norms. */
  readonly promises: ReadonlyArray<Norms.OfWeights>
}

const bounded = (bound: number): number => Number.isFinite(bound) ? 1 / bound : 1

const unitGamma = ({ norms }: Manifold.Manifold): number =>
  bounded(Math.max(norms.spectral.max, norms.frobenius.max, norms.rowSum.max))

/**
 * The largest γ for which the spectral, the Frobenius and the ‖·‖_{2→1} norm of γω are at most 1 for every ω on the
 * manifold: 1/√m on the sphere, 1/√(mn) on oblique and (tall) Stiefel manifolds.
 *
 * @example
 * ```ts
 * import { Renormalization, Sphere, Stiefel } from "finegrain"
 * Renormalization.unit.gamma(Sphere.make([4, 4])) // => 0.5
 * Renormalization.unit.gamma(Stiefel.make([3, 3])) // => 0.3333333
 * ```
 */
export const unit: Policy = {
  name: "unit",
  about: "spectral, Frobenius and ‖·‖₂→₁ norms of weights at most 1",
  gamma: unitGamma,
  clamped: true,
  promises: Norms.ofWeights
}

/**
 * Only ‖γω‖_F ≤ 1 (hence also the spectral norm): 1 on the sphere, 1/√n on oblique and Stiefel manifolds.
 *
 * @example
 * ```ts
 * import { Renormalization, Stiefel } from "finegrain"
 * Renormalization.frobenius.gamma(Stiefel.make([4, 4])) // => 0.5
 * ```
 */
export const frobenius: Policy = {
  name: "frobenius",
  about: "Frobenius norms of weights at most 1",
  gamma: ({ norms }) => bounded(norms.frobenius.max),
  clamped: true,
  promises: ["spectral", "frobenius"]
}

/**
 * γ = 1: only λ rescales.
 *
 * @example
 * ```ts
 * import { Renormalization, Stiefel } from "finegrain"
 * Renormalization.none.gamma(Stiefel.make([4, 4])) // => 1
 * ```
 */
export const none: Policy = { name: "none", about: "γ = 1", gamma: () => 1, clamped: true, promises: [] }

/**
 * γ of `unit` and ℜ = γ/λ to the letter, λ < 1 included: no norm is promised to stay at most 1.
 *
 * @example
 * ```ts
 * import { Renormalization } from "finegrain"
 * Renormalization.unclamped.promises // => []
 * ```
 */
export const unclamped: Policy = {
  name: "unclamped",
  about: "γ of unit, and λ below 1 too",
  gamma: unitGamma,
  clamped: false,
  promises: []
}

/**
 * All policies.
 *
 * @example
 * ```ts
 * import { Renormalization } from "finegrain"
 * Renormalization.policies.map(({ name }) => name) // => ["unit", "frobenius", "none", "unclamped"]
 * ```
 */
export const policies: ReadonlyArray<Policy> = [unit, frobenius, none, unclamped]

/**
 * ℜ = γ/λ for one weight, λ clamped at ≥ 1 where the policy says so.
 *
 * A weight on a manifold with unbounded norms (Euclidean) is not renormalized: 1. A feature that is constant (λ = 0)
 * does not rescale: γ.
 *
 * @throws RangeError for a λ that is no deviation: negative, infinite or NaN.
 *
 * @example
 * ```ts
 * import { Euclidean, Renormalization, Sphere } from "finegrain"
 * Renormalization.factor(Renormalization.unit, Sphere.make([4, 1]), 2) // => 0.25
 * Renormalization.factor(Renormalization.unit, Sphere.make([4, 1]), 0.1) // => 0.5
 * Renormalization.factor(Renormalization.unit, Euclidean.make([4, 1]), 2) // => 1
 * ```
 */
export const factor = (policy: Policy, manifold: Manifold.Manifold, lambda: number): number => {
  if (!(lambda >= 0 && Number.isFinite(lambda))) {
    throw new RangeError(`λ is a deviation of features, finite and not negative, not ${lambda}: look for bad values`)
  }
  if (!Number.isFinite(manifold.norms.frobenius.max)) return 1
  const divisor = policy.clamped ? Math.max(1, lambda) : lambda
  return policy.gamma(manifold) / (divisor > 0 ? divisor : 1)
}

/**
 * The standard deviation λ of features `[…, channels]` per channel, over batch and positions; shape [channels]; of
 * features of any scale.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Renormalization } from "finegrain"
 * [...Renormalization.deviations(tf.tensor2d([[0, 5], [2, 5]])).dataSync()] // => [1, 0]
 * ```
 */
export const deviations = (features: tf.Tensor): tf.Tensor1D =>
  tf.tidy(() => {
    const rows = tf.reshape(features, [-1, features.shape.at(-1)!])
    const centred = tf.sub(rows, tf.mean(rows, 0, true))
    const scale = Differentiable.scaleOf(tf.max(tf.abs(centred), 0))
    return tf.mul(scale, tf.sqrt(tf.mean(tf.square(tf.div(centred, scale)), 0))) as tf.Tensor1D
  })

/** How many kernels of one shape a weight holds, and whether the same input channels enter all of them. */
export interface Blocks {
  readonly blocks: number
  readonly inputs: "shared" | "own"
}

/**
 * λ for each matrix of a matricized kernel from λ per input channel: the channel's own where a matrix belongs to one
 * channel, and the root mean square over the channels where it spans them all; of blocks of kernels, one after the
 * other, from the channels that all share, or from each one's own.
 *
 * @example
 * ```ts
 * import { Combinators, Renormalization } from "finegrain"
 * Renormalization.perMatrix(Combinators.perKernel, [3, 3, 2, 2], [1, 2]) // => [1, 1, 2, 2]
 * Renormalization.perMatrix(Combinators.whole, [1, 1, 2, 2], [1, 7]) // => [5]
 * // A depthwise kernel of two channels with two outputs each.
 * const groups = { blocks: 2, inputs: "own" } as const
 * Renormalization.perMatrix(Combinators.perKernel, [3, 3, 1, 2], [1, 2], groups) // => [1, 1, 2, 2]
 * ```
 */
export const perMatrix = (
  matricization: Matricization,
  shape: KernelShape,
  lambdas: ArrayLike<number>,
  { blocks, inputs: entering }: Blocks = { blocks: 1, inputs: "shared" }
): ReadonlyArray<number> => {
  const [inputs, outputs] = matricization.grid(shape)
  const all = Array.from(lambdas)
  const ofBlock = (channels: ReadonlyArray<number>) => {
    const span = Math.sqrt(channels.reduce((sum, lambda) => sum + lambda ** 2, 0) / channels.length)
    return Array.from(
      { length: inputs * outputs },
      (_, index) => inputs === shape[2] && inputs > 1 ? channels[Math.floor(index / outputs)]! : span
    )
  }
  return Array.from({ length: blocks }, (_, block) => block).flatMap((block) =>
    ofBlock(entering === "own" ? all.slice(block * shape[2], (block + 1) * shape[2]) : all)
  )
}
