import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type * as Path from "effect/Path"
import * as Ref from "effect/Ref"
import * as Semaphore from "effect/Semaphore"
import type * as RunDirectory from "../training/RunDirectory.ts"
import type * as collect from "./collect.ts"
import * as ExperimentDirectory from "./ExperimentDirectory.ts"
import type { Results } from "./Results.ts"

/** What became of the trials of an experiment, as long as one process runs them. */
export interface Ledger {
  /** How a trial failed; undefined where it did not, or was begun anew since. */
  readonly failure: (id: string) => Effect.Effect<ExperimentDirectory.Failure | undefined>
  /** To be told before a trial is begun: however it failed before is forgotten, on disk first. */
  readonly begun: (id: string) => Effect.Effect<void, RunDirectory.RunDirectoryError>
  /** To be told once it has ended, with how it failed, if it did. */
  readonly ended: (
    id: string,
    failure: ExperimentDirectory.Failure | undefined
  ) => Effect.Effect<void, RunDirectory.RunDirectoryError>
  /** Writes results and table. Of trials that had ended before nothing is read again. */
  readonly write: Effect.Effect<Results, RunDirectory.RunDirectoryError>
}

/**
 * The ledger of a directory that was opened for an experiment.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*(directory: string) {
  const services = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  const own = Option.getOrThrow(yield* ExperimentDirectory.stored(directory))
  const plan = yield* ExperimentDirectory.planOf(own)
  const failures = yield* Ref.make(yield* ExperimentDirectory.failures(directory))
  const found = new Map<string, collect.TrialRecord>()
  const one = yield* Semaphore.make(1)
  const ledger: Ledger = {
    failure: (id) => Effect.map(Ref.get(failures), (all) => all[id]),
    begun: Effect.fnUntraced(
      function*(id) {
        found.delete(id)
        const { [id]: earlier, ...others } = yield* Ref.get(failures)
        if (earlier === undefined) return
        yield* ExperimentDirectory.writeFailures(directory, others)
        yield* Ref.set(failures, others)
      },
      one.withPermits(1),
      Effect.provideContext(services)
    ),
    ended: Effect.fnUntraced(
      function*(id, failure) {
        found.delete(id)
        if (failure === undefined) return
        yield* ExperimentDirectory.writeFailures(
          directory,
          yield* Ref.updateAndGet(failures, (all) => ({ ...all, [id]: failure }))
        )
      },
      one.withPermits(1),
      Effect.provideContext(services)
    ),
    write: Effect.gen(function*() {
      const results = yield* ExperimentDirectory.gather(directory, own, plan, yield* Ref.get(failures), found)
      yield* ExperimentDirectory.write(directory, results)
      return results
    }).pipe(one.withPermits(1), Effect.provideContext(services))
  }
  return ledger
})
