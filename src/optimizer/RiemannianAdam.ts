/** Riemannian Adam and AMSGrad, as chains. */
import type * as NestedTensors from "../numerics/NestedTensors.ts"
import { make as makeOptimizer, type Optimizer, type Problem } from "./Optimizer.ts"
import type * as Schedule from "./Schedule.ts"
import { chain, type Transform } from "./Transform.ts"
import { type Adam, adam } from "./transforms/adam.ts"
import { descend } from "./transforms/curvatureStep.ts"
import { decay } from "./transforms/decay.ts"
import { pullback } from "./transforms/pullback.ts"
import { riemannian } from "./transforms/riemannian.ts"

/** Hyperparameters of Riemannian Adam. */
export interface RiemannianAdamHyperparameters extends Adam {
  /** r(t). */
  readonly schedule: Schedule.Schedule
  /** Default 0. */
  readonly weightDecay?: number
}

/**
 * Riemannian Adam, and AMSGrad: first moments transported, one second moment per matrix. On Euclidean weights this is
 * Adam.
 *
 * Source: Bécigneul and Ganea 2019, *Riemannian adaptive optimization methods*.
 *
 * @example
 * ```ts
 * import { RiemannianAdam, Schedule } from "finegrain"
 * const { parts } = RiemannianAdam.transform({ schedule: Schedule.constant(0.001), amsgrad: true })
 * parts!.map(({ name }) => name) // => ["pullback", "decay", "riemannian", "amsgrad", "descend"]
 * ```
 */
export const transform = ({ schedule, weightDecay = 0, ...moments }: RiemannianAdamHyperparameters): Transform =>
  chain("Riemannian Adam", pullback, decay({ weight: weightDecay }), riemannian, adam(moments), descend(schedule))

/**
 * Riemannian Adam on a problem.
 *
 * @throws RangeError for hyperparameters that make no sense; OptimizerError where a tensor holds factors of several
 * manifolds.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, Euclidean, Optimizer, RiemannianAdam, Schedule } from "finegrain"
 * const problem = Optimizer.onPoints(Collection.pom(Euclidean.make([1])))
 * const adam = RiemannianAdam.make(problem, { schedule: Schedule.constant(0.1) })
 * const { weights } = Optimizer.update(adam, Optimizer.init(adam, tf.tensor1d([0])), tf.tensor1d([4]))
 * weights.dataSync()[0]!.toFixed(5) // => "-0.10000"
 * ```
 */
export const make = <P extends NestedTensors.NestedTensors, W extends NestedTensors.NestedTensors>(
  problem: Problem<P, W>,
  hyperparameters: RiemannianAdamHyperparameters
): Optimizer<P, W> => makeOptimizer(problem, transform(hyperparameters))
