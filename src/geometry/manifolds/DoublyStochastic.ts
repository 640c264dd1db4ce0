import * as tf from "@tensorflow/tfjs-core"
import * as Differentiable from "../../numerics/Differentiable.ts"
import * as Interval from "../../numerics/Interval.ts"
import * as Seed from "../../numerics/Seed.ts"
import { axes, project, unbalanced } from "../doublyStochastic/balance.ts"
import { nearest } from "../doublyStochastic/nearest.ts"
import { sinkhorn } from "../doublyStochastic/sinkhorn.ts"
import * as Manifold from "../Manifold.ts"
import { matrixFamily } from "../matrixFamily.ts"
import { fisher, missing, positive } from "./fisher.ts"

/** Beyond it, one entry of a step would decide all others. */
const largest = 60

const retract = (x: tf.Tensor, v: tf.Tensor) =>
  sinkhorn(tf.add(tf.log(positive(x)), Differentiable.clipped(tf.div(v, positive(x)), largest)))

const at = (n: number): Manifold.Manifold =>
  Manifold.make<tf.Tensor>({
    ...fisher(project),
    name: `DS(${n})`,
    shape: [n, n],
    dimension: (n - 1) ** 2,
    curvature: n === 2 ? Interval.point(0) : Interval.everything,
    norms: {
      spectral: Interval.point(1),
      frobenius: Interval.make(1, Math.sqrt(n)),
      rowSum: Interval.make(Math.sqrt(n), n),
      columnSum: Interval.make(Math.sqrt(n), n)
    },
    nearest,
    retract,
    transport: (_x, _y, v) => v,
    // Within a factor of about two of the uniform matrix.
    random: (seed, batch) => sinkhorn(tf.mul(tf.tanh(Seed.normalTensor(seed, [...batch, n, n])), 0.3)),
    residual: (x) => tf.add(unbalanced(x), tf.squeeze(missing(x), axes))
  })

const doublyStochastic = matrixFamily(() => ({
  symbol: "DS",
  name: "doubly stochastic",
  about: "rows and columns add up to 1",
  retraction: "Sinkhorn",
  accepts: ([m, n]) => m === n && n >= 2,
  reason: "rows and columns of sum 1 are equally many",
  at: (n) => at(n)
}))

/**
 * Doubly stochastic n×n matrices of positive entries, all rows and columns summing to 1, with the Fisher metric ⟨U,
 * V⟩_X = Σ UV/X.
 *
 * project U − (α1ᵀ + 1βᵀ)∘X, NotConverged where the least entries leave α no digits; retract Sinkhorn(X∘exp(V/X)), of
 * first order. Its sectional curvature has no bound, so FG-SGD takes plain steps only (`StepSize.plain`).
 * Source: Douik and Hassibi 2019, *Manifold optimization over the set of doubly stochastic matrices*.
 *
 * @throws ShapeRefused for a shape that is not n×n with n ≥ 2.
 *
 * @example
 * ```ts
 * import { DoublyStochastic } from "finegrain"
 * const M = DoublyStochastic.make([3, 3])
 * M.dimension // => 4
 * M.norms.spectral // => { min: 1, max: 1 }
 * ```
 */
export const make = doublyStochastic.make

/**
 * The family of doubly stochastic matrices, `DS` in specifications; refuses what is not square.
 *
 * @example
 * ```ts
 * import * as Result from "effect/Result"
 * import { DoublyStochastic } from "finegrain"
 * Result.isFailure(DoublyStochastic.family().at([3, 2])) // => true
 * ```
 */
export const family = doublyStochastic.family
