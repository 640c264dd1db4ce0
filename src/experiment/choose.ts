/** What is chosen by accuracy on held-out images, among candidates of one rung or rung by rung. */
import type { Cell, Trial } from "./Experiment.ts"

/** What is known of a trial: whether it has an answer for good, and its accuracy, undefined where it has none. */
export interface Tried {
  readonly isSettled: boolean
  readonly accuracy: number | undefined
}

/** What a cell has come to in choosing. */
export interface Choice {
  /** The trials that choose, of the rungs that have begun: what has ended, and what is to be run next. */
  readonly trials: ReadonlyArray<Trial>
  /** Undefined where nothing is chosen yet, or no candidate has an accuracy. */
  readonly chosen: number | string | undefined
}

type Candidates = ReadonlyArray<number | string | undefined>

/** Candidates by their accuracy, the best first, the earlier of equals before the later; those without any left out. */
const ranked = (all: ReadonlyArray<Tried & Pick<Trial, "candidate">>): Candidates =>
  all.filter(({ accuracy }) => Number.isFinite(accuracy))
    .toSorted((a, b) => b.accuracy! - a.accuracy!)
    .map(({ candidate }) => candidate)

/**
 * The rungs of a cell, from the one in which all candidates train.
 *
 * @internal
 */
export const rungsOf = ({ candidates, later }: Pick<Cell, "candidates" | "later">): Cell["later"] => [
  { survivors: candidates.length, trials: candidates },
  ...later
]

/**
 * What a cell chooses by what is known of its trials: the candidate with the best accuracy, where there are several
 * rungs that of the last one, for which the best of each rung go on to the next. Nothing is chosen, and no rung begun,
 * before all trials of a rung are settled; a candidate that is left alone is chosen.
 *
 * @internal
 */
export const choice = (
  cell: Pick<Cell, "candidates" | "later">,
  known: (trial: Trial) => Tried | undefined
): Choice => {
  const climb = ([rung, ...above]: Cell["later"], going: Candidates): Choice => {
    const trials = rung!.trials.filter(({ candidate }) => going.includes(candidate))
    const tried = trials.flatMap((trial) => {
      const found = known(trial)
      return found?.isSettled === true ? [{ ...found, candidate: trial.candidate }] : []
    })
    if (tried.length < trials.length) return { trials, chosen: undefined }
    const [best, ...others] = ranked(tried)
    if (above.length === 0 || others.length === 0) return { trials, chosen: best }
    const next = climb(above, [best, ...others].slice(0, above[0]!.survivors))
    return { ...next, trials: [...trials, ...next.trials] }
  }
  return climb(rungsOf(cell), cell.candidates.map(({ candidate }) => candidate))
}
