/** A grid as it runs: trials side by side, candidates before finals, failures kept apart. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { fork } from "node:child_process"
import { extname } from "node:path"
import { visibleGpus } from "../engine/gpus.ts"
import * as Door from "../training/Door.ts"
import type * as Run from "../training/Run.ts"
import { choose } from "./choose.ts"
import { type Cell, label, type Trial } from "./Experiment.ts"
import type { Answer, Request } from "./worker.ts"

/** How a trial ended. One that failed says so in the table; the others go on. */
export interface Outcome {
  readonly trial: Trial
  readonly result:
    | { readonly _tag: "Completed"; readonly summary: Run.RunSummary }
    /** `Diverged`, the name of another error, or `Crashed` where the process ended without a word. */
    | { readonly _tag: "Failed"; readonly error: string; readonly reason: string; readonly isDisk?: boolean }
}

/** A failure that every other trial would meet, too: nothing can be written. */
export class GridStopped extends Schema.TaggedError<GridStopped>()("GridStopped", {
  trial: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.trial}: ${this.reason} The other trials would fail alike and were stopped; go on with --resume.`
  }
}

/** How trials are run. */
export interface RunnerOptions<E, R> {
  /** Processes at a time; each has one of the GPUs that CUDA may use, if there are any. */
  readonly jobs: number
  /** Threads of each. */
  readonly threads: number | undefined
  /** The directory of a trial. */
  readonly directory: (trial: Trial) => string
  /** Told how much of a trial is done, from 0 to 1. */
  readonly progress: (trial: Trial, share: number) => Effect.Effect<void>
  /** Asked before a trial is begun: how it ended before, where it is not to be run again. */
  readonly settled: (trial: Trial) => Effect.Effect<Outcome | undefined, E, R>
  /** Told when a trial has ended; where this fails, all trials stop, as they do where the disk fails. */
  readonly ended: (outcome: Outcome) => Effect.Effect<void, E, R>
}

/** The worker has the extension of this file: TypeScript in the sources, JavaScript in the package. */
const workerFile = new URL(`./worker${extname(import.meta.url)}`, import.meta.url)

/**
 * Runs a trial in a process of its own, with an engine of its own. Interrupted, the process writes a checkpoint and
 * ends.
 */
const inProcess = (
  trial: Trial,
  request: Request,
  progress: RunnerOptions<never, never>["progress"],
  gpu: string | undefined
): Effect.Effect<Outcome> =>
  Effect.callback<Outcome>((resume) => {
    const env = gpu === undefined ? process.env : { ...process.env, CUDA_VISIBLE_DEVICES: gpu }
    const worker = fork(workerFile, { stdio: ["ignore", "ignore", "pipe", "ipc"], env })
    let last: Outcome["result"] | undefined
    let said = ""
    worker.stderr?.on("data", (text: Buffer) => (said += text.toString()))
    worker.on("message", (message) => {
      const answer = message as Answer
      if (answer._tag === "Progress") Effect.runFork(progress(trial, answer.images / answer.total))
      else if (answer._tag === "Failed") last = answer
      else last = { _tag: "Completed", summary: answer.summary }
    })
    worker.once("error", (error) => {
      last ??= { _tag: "Failed", error: "Crashed", reason: error.message }
    })
    worker.once("close", (code, signal) => {
      const reason = `the process ended with ${signal ?? `code ${code}`}${said === "" ? "" : `: ${said.slice(-500)}`}`
      resume(Effect.succeed({ trial, result: last ?? { _tag: "Failed", error: "Crashed", reason } }))
    })
    worker.send(request)
    return Effect.promise(() =>
      new Promise<void>((done) => {
        if (worker.exitCode !== null || worker.signalCode !== null) return done()
        worker.once("exit", () => done())
        if (worker.connected) worker.disconnect()
      })
    )
  })

/**
 * Whether a candidate has an answer. One that failed otherwise may complete when it is run again, and then be the best.
 */
const isSettled = ({ result }: Outcome) => result._tag === "Completed" || result.error === "Diverged"

const accuracyOf = ({ result }: Outcome) => result._tag === "Completed" ? result.summary.testAccuracy : undefined

const modulesOf = (use: ReadonlyArray<string>) =>
  Effect.map(
    Effect.promise(() => Promise.all(use.map(Door.usedOf))),
    (found) => found.filter((used) => used !== undefined)
  )

/** How a trial fails that would train with other modules of the user's own than those before it. */
const changed = Effect.fnUntraced(function*(trial: Trial, begun: ReadonlyArray<Door.Used>) {
  const reason = Door.difference(begun, yield* modulesOf(trial.config.use ?? []))
  if (reason === undefined) return undefined
  const outcome: Outcome = {
    trial,
    result: { _tag: "Failed", error: "DoorError", reason: `the grid was begun with other modules. ${reason}` }
  }
  return outcome
})

/**
 * Runs all trials of the cells, so many at a time: candidates first, then with the chosen one the seeds of the table.
 * Trials that have completed before are not run again, and those that were interrupted go on. Nothing is chosen where a
 * candidate failed otherwise than by divergence.
 *
 * Fails with GridStopped where the disk refuses to take what a trial writes.
 *
 * @internal
 */
export const run = Effect.fnUntraced(function*<E, R>(cells: ReadonlyArray<Cell>, options: RunnerOptions<E, R>) {
  const gpus = visibleGpus()
  const use = [...new Set(cells.flatMap(({ finals }) => finals(undefined)).flatMap(({ config }) => config.use ?? []))]
  const begun = yield* modulesOf(use)
  // As many places as there are processes at a time; those share the GPUs evenly.
  const places = Array.from({ length: options.jobs }, (_, place) => place)
  const process = (trial: Trial) => {
    const request = { config: trial.config, output: options.directory(trial), threads: options.threads }
    return Effect.acquireUseRelease(
      Effect.sync(() => places.shift()!),
      (place) => inProcess(trial, request, options.progress, gpus[place % gpus.length]),
      (place) => Effect.sync(() => places.unshift(place))
    )
  }
  const attempt = Effect.fnUntraced(function*(trial: Trial) {
    const outcome = (yield* options.settled(trial)) ?? (yield* changed(trial, begun)) ?? (yield* process(trial))
    const { result } = outcome
    if (result._tag === "Failed" && result.isDisk === true) {
      // Whoever is told may have to write, too; what stopped the grid is what is said.
      yield* Effect.ignore(options.ended(outcome))
      return yield* new GridStopped({ trial: label(trial), reason: result.reason })
    }
    yield* options.ended(outcome)
    return outcome
  })
  const all = (trials: ReadonlyArray<Trial>) => Effect.forEach(trials, attempt, { concurrency: options.jobs })
  const candidates = yield* all(cells.flatMap(({ candidates }) => candidates))
  yield* all(cells.flatMap((cell) => {
    const own = candidates.filter(({ trial }) => cell.candidates.includes(trial))
    const chosen = choose(own.map((outcome) => ({ candidate: outcome.trial.candidate, accuracy: accuracyOf(outcome) })))
    return own.length > 0 && (chosen === undefined || !own.every(isSettled)) ? [] : cell.finals(chosen)
  }))
})
