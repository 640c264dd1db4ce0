/** Whether kernels on manifolds step much less far than turns them as Euclidean ones turn. */
import type * as Catalogue from "../choices/Catalogue.ts"
import type * as Collection from "../collections/Collection.ts"
import * as Optimizers from "../optimizer/catalogue.ts"
import { factorOf } from "../optimizer/transforms/rates.ts"

/** Below this share of the recommended rates kernels on manifolds hardly move beside Euclidean ones. */
const least = 0.1

/** Kernels on manifolds turn far less per step than Euclidean ones would at the same learning rate. */
export interface HardlyMoves {
  readonly _tag: "HardlyMoves"
  /** The share of the recommended rate that half of the kernels on manifolds do not exceed. */
  readonly share: number
}

/** The middle one of the values, each counted so often. */
const weightedMedian = (all: ReadonlyArray<{ readonly value: number; readonly weight: number }>): number => {
  const half = all.reduce((sum, { weight }) => sum + weight, 0) / 2
  let before = 0
  return all.toSorted((a, b) => a.value - b.value).find(({ weight }) => (before += weight) >= half)!.value
}

/**
 * What a run should tell of its rates: nothing where half of the kernels on manifolds take at least a tenth of the
 * recommended ones, and nothing of optimizers and metrics for which none are recommended.
 */
export const hardlyMoves = (
  { poms }: Pick<Collection.Collection, "poms">,
  { metric, optimizer = "fg-sgd", rates }: Pick<Optimizers.OptimizerSettings, "metric" | "rates"> & {
    readonly optimizer?: string
  },
  known?: Catalogue.Catalogue<Optimizers.Entry>
): HardlyMoves | undefined => {
  const asked = { rates: "recommended", ...(metric === undefined ? {} : { metric }) } as const
  if (Optimizers.recommendedProblem(optimizer, asked, known) !== undefined) return undefined
  const shares = poms.flatMap((pom) =>
    pom.recommended === undefined ? [] : [{ value: factorOf(rates, pom) / pom.recommended, weight: pom.factors }]
  )
  if (shares.length === 0) return undefined
  const share = weightedMedian(shares)
  return share < least ? { _tag: "HardlyMoves", share } : undefined
}
