/**
 * Whether kernels on manifolds turn much less far than Euclidean ones: by their rates, before a run, and by the angles
 * that its first epoch measured.
 */
import type * as Catalogue from "../choices/Catalogue.ts"
import * as Collection from "../collections/Collection.ts"
import type * as Network from "../network/Network.ts"
import * as Optimizers from "../optimizer/catalogue.ts"
import { factorOf } from "../optimizer/transforms/rates.ts"
import type { Turns } from "./trainer/turns.ts"
import type { EpochDone } from "./TrainingEvent.ts"

/** Below this share of the recommended rates, or of the angles of Euclidean ones, kernels on manifolds hardly move. */
const least = 0.1

/** Kernels on manifolds turn far less per step than Euclidean ones would at the same learning rate. */
export interface HardlyMoves {
  readonly _tag: "HardlyMoves"
  /**
   * What half of the kernels on manifolds do not exceed: a share of the recommended rates, or of the angle by which
   * Euclidean kernels of their layers turned.
   */
  readonly share: number
  /** The epoch whose steps were measured; none where it follows from the rates. */
  readonly epoch?: number
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

/**
 * How far half of the kernels on manifolds turned at most, as a share of how far half of the Euclidean kernels of their
 * layers did; nothing where no layer has both, or its Euclidean kernels stand still.
 */
export const turnedShare = (
  { layers, problem: { collection: { leaves = [], poms } } }: Network.Network,
  turned: Turns | undefined
): Pick<EpochDone, "turnedShare"> => {
  if (turned === undefined) return {}
  const shares = layers.flatMap(({ kinds, leaf }) => {
    const own = [...new Set(kinds.flatMap((_, k) => [...leaves[leaf + k]?.owners ?? []]))]
    const [flat, curved] = [false, true].map((isCurved) =>
      own.filter((pom) => Collection.labelsOf(poms[pom]!).includes("curved") === isCurved)
        .map((pom) => ({ value: turned.poms[pom]!, weight: poms[pom]!.factors }))
    )
    const euclidean = flat!.length === 0 ? 0 : weightedMedian(flat!)
    return euclidean > 0 ? curved!.map(({ value, weight }) => ({ value: value / euclidean, weight })) : []
  })
  return shares.length === 0 ? {} : { turnedShare: weightedMedian(shares) }
}

/** What a run should tell of an epoch: where its kernels on manifolds turned by less than a tenth of Euclidean ones. */
export const hardlyMoved = ({ epoch, turnedShare: share }: EpochDone): HardlyMoves | undefined =>
  share !== undefined && share < least ? { _tag: "HardlyMoves", share, epoch } : undefined
