/** Riemannian SGD with momentum, Nesterov's included, as a chain. */
import type * as NestedTensors from "../numerics/NestedTensors.ts"
import { make as makeOptimizer, type Optimizer, type Problem } from "./Optimizer.ts"
import type * as Schedule from "./Schedule.ts"
import { chain, type Transform } from "./Transform.ts"
import { descend } from "./transforms/curvatureStep.ts"
import { decay } from "./transforms/decay.ts"
import { momentum } from "./transforms/momentum.ts"
import { pullback } from "./transforms/pullback.ts"
import { riemannian } from "./transforms/riemannian.ts"

/** Hyperparameters of Riemannian SGD. */
export interface RiemannianSgdHyperparameters {
  /** r(t). */
  readonly schedule: Schedule.Schedule
  /** θ in [0, 1); default 0. */
  readonly momentum?: number
  /** Whether momentum looks ahead; default false. */
  readonly nesterov?: boolean
  /** Default 0. */
  readonly weightDecay?: number
}

/**
 * Riemannian SGD with momentum, or Nesterov's: FG-SGD with g = 1.
 *
 * Source: Bonnabel 2013, *Stochastic gradient descent on Riemannian manifolds*.
 *
 * @example
 * ```ts
 * import { RiemannianSgd, Schedule } from "finegrain"
 * const { parts } = RiemannianSgd.transform({ schedule: Schedule.constant(0.1) })
 * parts!.map(({ name }) => name) // => ["pullback", "decay", "riemannian", "momentum", "descend"]
 * ```
 */
export const transform = (
  { momentum: theta = 0, nesterov = false, schedule, weightDecay = 0 }: RiemannianSgdHyperparameters
): Transform =>
  chain(
    "Riemannian SGD",
    pullback,
    decay({ weight: weightDecay }),
    riemannian,
    momentum({ decay: theta, nesterov }),
    descend(schedule)
  )

/**
 * Riemannian SGD on a problem.
 *
 * @throws RangeError for hyperparameters that make no sense.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, Euclidean, Optimizer, RiemannianSgd, Schedule } from "finegrain"
 * const problem = Optimizer.onPoints(Collection.pom(Euclidean.make([1])))
 * const sgd = RiemannianSgd.make(problem, { schedule: Schedule.constant(1), momentum: 0.5, nesterov: true })
 * // grad + θμ = 1 + 0.5·1.
 * Optimizer.update(sgd, Optimizer.init(sgd, tf.tensor1d([0])), tf.tensor1d([1])).weights.dataSync()[0] // => -1.5
 * ```
 */
export const make = <P extends NestedTensors.NestedTensors, W extends NestedTensors.NestedTensors>(
  problem: Problem<P, W>,
  hyperparameters: RiemannianSgdHyperparameters
): Optimizer<P, W> => makeOptimizer(problem, transform(hyperparameters))
