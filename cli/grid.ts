/** The trials of an experiment, run in its directory, with what is known of them written as they end. */
import * as Effect from "effect/Effect"
import * as Path from "effect/Path"
import * as Semaphore from "effect/Semaphore"
import * as Struct from "effect/Struct"
import { label } from "../src/experiment/cells.ts"
import type * as Experiment from "../src/experiment/Experiment.ts"
import * as ExperimentDirectory from "../src/experiment/ExperimentDirectory.ts"
import type * as Ledger from "../src/experiment/Ledger.ts"
import * as Runner from "../src/experiment/Runner.ts"
import * as Report from "../src/report/Report.ts"
import * as RunRecord from "../src/report/RunRecord.ts"
import * as RunDirectory from "../src/training/RunDirectory.ts"
import type * as GridProgress from "./GridProgress.ts"
import * as pages from "./pages.ts"
import { seldom } from "./seldom.ts"

/** A disk that does not take what is known of a trial will not take the other trials, either. */
const stopping = <E extends { readonly _tag: string }, R>(
  trial: Experiment.Trial,
  writing: Effect.Effect<void, E | RunDirectory.RunDirectoryError, R>
): Effect.Effect<void, E | RunDirectory.RunDirectoryError | Runner.GridStopped, R> =>
  Effect.mapError(writing, (error) =>
    error instanceof RunDirectory.RunDirectoryError && error.isDisk === true
      ? new Runner.GridStopped({ trial: label(trial), reason: error.message })
      : error)

/** A grid to be run, and where. */
export interface Grid {
  readonly cells: ReadonlyArray<Experiment.Cell>
  readonly directory: string
  /** Where its trials are. */
  readonly trials: string
  readonly ledger: Ledger.Ledger
  /** Where its trials run. */
  readonly fleet: Runner.Fleet
  /** Whether trials that diverged are trained anew. */
  readonly retry: boolean
  readonly progress: GridProgress.GridProgress
}

/** What has to be known, or done, before a trial is trained; its outcome, where that stands already. */
const settle = ({ directory, ledger, retry, trials }: Grid) =>
  Effect.fnUntraced(function*(trial: Experiment.Trial) {
    const failure = yield* ledger.failure(trial.id)
    const hasDiverged = failure?.error === "Diverged"
    if (hasDiverged && !retry) return { trial, result: { _tag: "Failed" as const, ...failure } }
    const path = yield* Path.Path
    const own = path.join(trials, trial.id)
    yield* ExperimentDirectory.inside(directory, own)
    yield* stopping(trial, ledger.begun(trial.id))
    if (hasDiverged) yield* ExperimentDirectory.setAside(own)
    return undefined
  })

/** Runs a grid to its end. Interrupted or stopped, table and page say which trials were. */
export const run = Effect.fnUntraced(function*(grid: Grid) {
  const { cells, directory, fleet, ledger, progress, trials } = grid
  const path = yield* Path.Path
  const read = RunRecord.remembering()
  const drawer = yield* pages.drawer(directory, progress.print, read, ledger.write)
  // The results of many trials are long; they follow from the trials' directories, and are written whole at the end.
  const write = seldom(1000, ledger.write)
  const one = yield* Semaphore.make(1)
  const record = Effect.fnUntraced(function*({ result, trial: { id } }: Runner.Outcome) {
    const own = path.join(trials, id)
    if (yield* pages.isToDraw(own)) yield* pages.draw(own, progress.print)
    yield* ledger.ended(id, result._tag === "Failed" ? Struct.omit(result, ["_tag"]) : undefined)
    yield* write
    yield* drawer.ask
  }, one.withPermits(1))
  yield* Runner.run(cells, fleet, {
    progress: (trial, share) => progress.running(label(trial), share),
    said: progress.print,
    settled: settle(grid),
    ended: Effect.fnUntraced(function*(outcome) {
      const { result, trial } = outcome
      if (result._tag === "Failed") yield* progress.print(`${label(trial)}: ${result.reason}`)
      yield* stopping(trial, record(outcome))
      yield* progress.ended(label(trial))
    })
  }).pipe(
    Effect.ensuring(drawer.stop),
    Effect.onError((cause) => Effect.andThen(Effect.ignore(ledger.write), Report.writeUnended(directory, read)(cause)))
  )
  const results = yield* ledger.write
  yield* ExperimentDirectory.writeManifests(directory, results)
  yield* Report.write(directory, read)
  return results
})
