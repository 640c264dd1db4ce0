/** A grid on Slurm: what of it was submitted where, and what became of it. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ownFiles from "../../training/run/ownFiles.ts"
import * as RunFiles from "../../training/RunFiles.ts"
import type { Trial } from "../cells.ts"
import type { Given, Outcome } from "../launchers/Launcher.ts"
import * as arrays from "./arrays.ts"
import * as commands from "./commands.ts"
import type * as jobs from "./jobs.ts"
import { submit, type Submitting } from "./submit.ts"

/** A grid that is offered. */
export interface Grid extends Given, Submitting {
  /** Seconds between two looks. */
  readonly poll: number
  /** Where trials were put while this process looked on, or were found to be: whatever becomes of those is told. */
  readonly places: Map<string, arrays.Place>
  /** Reasons to wait, beside others' turns, that were told. */
  readonly stuck: Set<string>
}

/** The summary of a trial that went to its end. */
const completed = Effect.fnUntraced(function*({ directory }: Grid, trial: Trial) {
  const found = Option.getOrUndefined(
    yield* ownFiles.readOwn(directory(trial), "summary.json", RunFiles.decodeSummary)
  )
  return found?.status === "completed" && Number.isFinite(found.testLoss ?? 0)
    ? found
    : undefined
})

/** Its outcome, where the directory that it shares with the cluster has one. */
export const outcomeOf = Effect.fnUntraced(function*(grid: Grid, trial: Trial) {
  const summary = yield* Effect.orElseSucceed(completed(grid, trial), () => undefined)
  const outcome: Outcome | undefined = summary === undefined
    ? undefined
    : { trial, result: { _tag: "Completed", summary } }
  return outcome
})

/** Jobs by the array and the index in it. */
export const byPlace = (found: ReadonlyArray<jobs.Job>) => {
  const all = new Map(found.map((job) => [`${job.name} ${job.index}`, job]))
  return ({ index, name }: arrays.Place) => all.get(`${name} ${index}`)
}

/** The arrays that these are in. */
export const namesOf = (places: Iterable<arrays.Place>) => [...new Set([...places].map(({ name }) => name))]

/** A task as Slurm names it. */
export const taskOf = ({ array, index }: jobs.Job) => `${array}_${index}`

/** Submits, and remembers where. */
export const put = Effect.fnUntraced(
  function*(grid: Grid, entries: ReadonlyArray<arrays.Entry>, after: ReadonlyArray<string>) {
    const submitted = yield* submit(grid, entries, after)
    for (const { entry, ...place } of submitted) {
      grid.places.set(arrays.keyOf({ candidate: undefined, ...entry }), place)
    }
    return submitted
  }
)

/** What Slurm knows of everything that was ever submitted for this experiment. */
export const look = Effect.fnUntraced(function*({ root }: Grid) {
  const latest = arrays.latest(yield* arrays.all(root))
  return { latest, jobOf: byPlace(yield* commands.squeue(namesOf(latest.values()))) }
})

/** The job at a place, if Slurm knows one. */
export type JobOf = (place: arrays.Place) => jobs.Job | undefined

/** What a look found. */
export type Known = Effect.Success<ReturnType<typeof look>>
