/** The launcher `local`: processes of this machine, as many at a time as there are jobs. */
import * as Effect from "effect/Effect"
import { availableParallelism } from "node:os"
import * as Catalogue from "../../choices/Catalogue.ts"
import * as Setting from "../../choices/Setting.ts"
import * as Backend from "../../engine/Backend.ts"
import { type Cell, trialsOf } from "../cells.ts"
import * as child from "./child.ts"
import { type Fleet, type Given, type Launcher, LauncherError } from "./Launcher.ts"
import * as places from "./places.ts"

const parameters = {
  jobs: Setting.orDefault(Setting.count, 1).annotate({
    description: "trials at a time, each in a process of its own"
  })
}

/** Trials have the variables of this process: a wrong one is told once, and not by every trial. */
const variablesChecked = (cells: ReadonlyArray<Cell>): Effect.Effect<void, LauncherError> =>
  Effect.forEach(cells.flatMap(trialsOf), ({ config }) => Backend.asked(config.backend, config), { discard: true })
    .pipe(
      Effect.mapError(({ reason, remedy }) => new LauncherError({ launcher: "local", reason, remedy }))
    )

/**
 * Processes of this machine: those of one job have all threads, several share them. They end with this process.
 *
 * @internal
 */
export const local: Launcher = Catalogue.entries<Given, Effect.Effect<Fleet, LauncherError>>()({
  about: "processes of this machine",
  parameters,
  make: ({ cells, directory, jobs }) =>
    Effect.map(variablesChecked(cells), (): Fleet => {
      const place = places.make(jobs)
      const threads = jobs === 1 ? undefined : Math.max(1, Math.floor(availableParallelism() / jobs))
      return {
        about: `${jobs} at a time`,
        offer: (trials, { begin, ended, progress }) =>
          Effect.forEach(trials, (trial) =>
            Effect.gen(function*() {
              if (!(yield* begin(trial))) return
              const request = { config: trial.config, output: directory(trial), threads }
              yield* ended(yield* place((gpu) => child.run(trial, request, progress, gpu)))
            }), { concurrency: jobs, discard: true }),
        // Who interrupts the offer has ended them.
        cancel: Effect.void
      }
    })
})
