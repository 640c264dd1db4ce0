import { boundMutants } from "./mutants/bounds.ts"
import { combinatorMutants } from "./mutants/combinators.ts"
import { distanceMutants } from "./mutants/distances.ts"
import { edgeMutants } from "./mutants/edges.ts"
import { exponentialMutants } from "./mutants/exponential.ts"
import { intervalMutants } from "./mutants/intervals.ts"
import { kernelMutants } from "./mutants/kernels.ts"
import { matrixMutants } from "./mutants/matrices.ts"
import { metricMutants } from "./mutants/metric.ts"
import type { Mutant } from "./mutants/Mutant.ts"
import { operationMutants } from "./mutants/operations.ts"
import { pointMutants } from "./mutants/points.ts"
import { projectionMutants } from "./mutants/projection.ts"
import { retractionMutants } from "./mutants/retraction.ts"
import { stiefelMutants } from "./mutants/stiefel.ts"
import { transportMutants } from "./mutants/transport.ts"
import { optimizerMutants } from "./optimizer/optimizerMutants.ts"

/**
 * The catalogue of mutants: every law has one that it kills, and none survives.
 *
 * Two are defects of published libraries: the canonical Stiefel "projection" U − X UᵀX, which is none, and the
 * retraction whose differential is V + X XᵀV, so that on O(n) it moves twice the asked step.
 *
 * @example
 * ```ts
 * import { Law, mutants } from "finegrain/laws"
 * const [first] = mutants
 * const law = Law.flatten(first!.laws).find(({ name }) => name === first!.killedBy)!
 * const { passed } = await Law.check(law, { runs: 5 })
 * passed // => false
 * ```
 */
export const mutants: ReadonlyArray<Mutant> = [
  ...pointMutants,
  ...projectionMutants,
  ...retractionMutants,
  ...transportMutants,
  ...metricMutants,
  ...exponentialMutants,
  ...distanceMutants,
  ...intervalMutants,
  ...operationMutants,
  ...optimizerMutants,
  ...boundMutants,
  ...combinatorMutants,
  ...kernelMutants,
  ...matrixMutants,
  ...stiefelMutants,
  ...edgeMutants
]
