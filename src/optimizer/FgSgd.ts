/**
 * FG-SGD, the paper's optimizer: five stages by name, of which the first three are transforms and the last two every
 * optimizer's.
 */
import type * as NestedTensors from "../numerics/NestedTensors.ts"
import type { Metric } from "./metrics.ts"
import { make as makeOptimizer, type Optimizer, type Problem } from "./Optimizer.ts"
import type * as Schedule from "./Schedule.ts"
import type * as StepSize from "./StepSize.ts"
import { chain, type Transform } from "./Transform.ts"
import { curvatureStep } from "./transforms/curvatureStep.ts"
import { decay } from "./transforms/decay.ts"
import { fromWeights } from "./transforms/fromWeights.ts"
import { momentum } from "./transforms/momentum.ts"
import { pullback } from "./transforms/pullback.ts"
import { rates, type SaidRates } from "./transforms/rates.ts"
import { riemannian } from "./transforms/riemannian.ts"

/** Hyperparameters Θ of FG-SGD. */
export interface FgSgdHyperparameters {
  /** r(t). */
  readonly schedule: Schedule.Schedule
  /** θ in μᵗ = θ·transport(μᵗ⁻¹) + grad; default 0. */
  readonly momentum?: number
  /** Multiple of the weights added to the Euclidean gradient; default 0. On spheres it is radial and has no effect. */
  readonly weightDecay?: number
  /** g; default `StepSize.curvatureAware()`. */
  readonly rule?: StepSize.Rule
  /**
   * Whose steps they are: those of the points ω (the default, the paper's), or of the weights W = ℜω, whose metric
   * ⟨u, v⟩ = ℜ²⟨u, v⟩_F makes every POM one of manifolds `Combinators.scaled(M, ℜ)`.
   */
  readonly metric?: Metric
  /** Factors of the directions that enter the rule, by label, or those that the network recommends; default none. */
  readonly rates?: SaidRates
}

/**
 * Stage 1, the Euclidean gradient with respect to ω: grad_E = ℜ·(∂L/∂W + weightDecay·W), by the chain rule through W =
 * ℜω. In the metric of weights that with respect to W, ∂L/∂W + weightDecay·W.
 *
 * Source: Ozay 2019, algorithm 1.
 *
 * @example
 * ```ts
 * import { FgSgd } from "finegrain"
 * FgSgd.euclideanGradient(0.1).parts!.map(({ name }) => name) // => ["pullback", "decay"]
 * ```
 */
export const euclideanGradient = (weightDecay: number, metric: Metric = "points"): Transform =>
  metric === "points"
    ? chain("euclideanGradient", pullback, decay({ weight: weightDecay }))
    : chain("euclideanGradient", decay({ weight: weightDecay, metric }))

/**
 * Stage 2, the tangent direction: the Riemannian gradient plus momentum, μᵗ = θ·μᵗ⁻¹ + grad, with μᵗ⁻¹ already
 * transported to ω.
 *
 * Source: Ozay 2019, algorithm 1.
 *
 * @example
 * ```ts
 * import { FgSgd } from "finegrain"
 * FgSgd.tangentProjection(0.9).parts!.map(({ name }) => name) // => ["riemannian", "momentum"]
 * ```
 */
export const tangentProjection = (theta: number): Transform =>
  chain("tangentProjection", riemannian, momentum({ decay: theta }))

/**
 * Stage 3, the step h: v = −r(t)/g(R)·direction for every POM; see `Transforms.curvatureStep`, and `Transforms.rates`
 * for factors of the direction. In the metric of weights it is found for W, and brought back: v = ℜ⁻¹·v_W.
 *
 * Source: Ozay 2019, algorithm 1.
 *
 * @example
 * ```ts
 * import { FgSgd, Schedule } from "finegrain"
 * FgSgd.stepSize({ schedule: Schedule.constant(0.1) }).tells // => ["norms", "denominators"]
 * ```
 */
export const stepSize = (
  { rates: said, ...options }: Pick<FgSgdHyperparameters, "metric" | "rates" | "rule" | "schedule">
): Transform =>
  chain(
    "stepSize",
    ...(said === undefined ? [] : [rates(said)]),
    curvatureStep(options),
    ...(options.metric === "weights" ? [fromWeights] : [])
  )

/**
 * The three stages that find the step; stages 4 and 5, `retraction` and `rescaling`, are those of `Optimizer.step`.
 *
 * Source: Ozay 2019, algorithm 1.
 *
 * @throws RangeError for a momentum outside [0, 1) or a negative weight decay.
 *
 * @example
 * ```ts
 * import { FgSgd, Schedule } from "finegrain"
 * const { parts } = FgSgd.transform({ schedule: Schedule.constant(0.1), momentum: 0.9 })
 * parts!.map(({ name }) => name) // => ["euclideanGradient", "tangentProjection", "stepSize"]
 * ```
 */
export const transform = ({ momentum = 0, weightDecay = 0, ...step }: FgSgdHyperparameters): Transform =>
  chain("FG-SGD", euclideanGradient(weightDecay, step.metric), tangentProjection(momentum), stepSize(step))

/**
 * FG-SGD on a problem.
 *
 * Source: Ozay 2019, algorithm 1.
 *
 * @throws RangeError for hyperparameters that make no sense; OptimizerError for a POM without a curvature bound under a
 * rule that needs one.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, FgSgd, Optimizer, Sphere, Schedule } from "finegrain"
 * // The largest entry of a vector, on the sphere: minimize −⟨a, x⟩.
 * const sphere = Sphere.make([3, 1])
 * const optimizer = FgSgd.make(Optimizer.onPoints(Collection.pom(sphere)), { schedule: Schedule.constant(0.5) })
 * const a = tf.tensor2d([[0], [2], [0]])
 * let state = Optimizer.init(optimizer, sphere.random(1))
 * for (let t = 0; t < 60; t++) state = Optimizer.update(optimizer, state, tf.neg(a)).state
 * state.x.dataSync()[1]! > 0.999 // => true
 * ```
 */
export const make = <P extends NestedTensors.NestedTensors, W extends NestedTensors.NestedTensors>(
  problem: Problem<P, W>,
  hyperparameters: FgSgdHyperparameters
): Optimizer<P, W> => makeOptimizer(problem, transform(hyperparameters))
