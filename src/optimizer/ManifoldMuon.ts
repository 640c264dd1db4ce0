/** Manifold Muon: steepest descent under the spectral norm, as a chain. */
import type * as NestedTensors from "../numerics/NestedTensors.ts"
import { make as makeOptimizer, type Optimizer, type Problem } from "./Optimizer.ts"
import type * as Schedule from "./Schedule.ts"
import { chain, type Transform } from "./Transform.ts"
import { descend } from "./transforms/curvatureStep.ts"
import { decay } from "./transforms/decay.ts"
import type { DualAscent } from "./transforms/manifoldMuon.ts"
import { momentum } from "./transforms/momentum.ts"
import { pullback } from "./transforms/pullback.ts"
import { riemannian } from "./transforms/riemannian.ts"
import { steepest } from "./transforms/steepest.ts"

/** Hyperparameters of manifold Muon. */
export interface ManifoldMuonHyperparameters extends DualAscent {
  /** r(t), the spectral norm of a step. */
  readonly schedule: Schedule.Schedule
  /** θ in [0, 1); default 0. */
  readonly momentum?: number
  /** Default false. */
  readonly nesterov?: boolean
  /** Default 0. */
  readonly weightDecay?: number
}

/**
 * Manifold Muon: momentum in the tangent space, then the steepest direction under the spectral norm. On Euclidean
 * matrices this is Muon.
 *
 * Source: Bernstein 2025, *Modular Manifolds*; Jordan 2024, *Muon*.
 *
 * @throws RangeError for hyperparameters that make no sense.
 *
 * @example
 * ```ts
 * import { ManifoldMuon, Schedule } from "finegrain"
 * const { parts } = ManifoldMuon.transform({ schedule: Schedule.constant(0.1) })
 * parts!.map(({ name }) => name) // => ["pullback", "decay", "riemannian", "momentum", "steepest spectral", "descend"]
 * ```
 */
export const transform = (
  { momentum: theta = 0, nesterov = false, schedule, weightDecay = 0, ...ascent }: ManifoldMuonHyperparameters
): Transform =>
  chain(
    "manifold Muon",
    pullback,
    decay({ weight: weightDecay }),
    riemannian,
    momentum({ decay: theta, nesterov }),
    steepest("spectral", ascent),
    descend(schedule)
  )

/**
 * Manifold Muon on a problem.
 *
 * @throws RangeError for hyperparameters that make no sense; OptimizerError where a tensor holds factors of several
 * manifolds.
 *
 * @example
 * ```ts
 * import { Collection, ManifoldMuon, Optimizer, Stiefel, Schedule } from "finegrain"
 * const stiefel = Stiefel.make([4, 2])
 * const muon = ManifoldMuon.make(Optimizer.onPoints(Collection.pom(stiefel)), { schedule: Schedule.constant(0.1) })
 * const { told } = Optimizer.update(muon, Optimizer.init(muon, stiefel.random(1)), stiefel.random(2))
 * told["gap"]!.dataSync()[0]! < 0.05 // => true
 * ```
 */
export const make = <P extends NestedTensors.NestedTensors, W extends NestedTensors.NestedTensors>(
  problem: Problem<P, W>,
  hyperparameters: ManifoldMuonHyperparameters
): Optimizer<P, W> => makeOptimizer(problem, transform(hyperparameters))
