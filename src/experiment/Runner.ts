/** A grid as it runs: trials side by side, candidates before finals, failures kept apart, by whatever launcher. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Door from "../training/Door.ts"
import { type Cell, label, type Trial } from "./cells.ts"
import { choice, rungsOf } from "./choose.ts"
import type { Fleet, Outcome } from "./launchers/Launcher.ts"

export type { Fleet, Outcome } from "./launchers/Launcher.ts"

/** A failure that every other trial would meet, too: nothing can be written. */
export class GridStopped extends Schema.TaggedError<GridStopped>()("GridStopped", {
  trial: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.trial}: ${this.reason} The other trials would fail alike and were stopped; go on with --resume.`
  }
}

/** What is known of trials before, and told of them after. */
export interface RunnerOptions<E, R> {
  /** Told how much of a trial is done, from 0 to 1. */
  readonly progress: (trial: Trial, share: number) => Effect.Effect<void>
  /** Told in a line what else happens. */
  readonly said: (text: string) => Effect.Effect<void>
  /** Asked before a trial is begun: how it ended before, where it is not to be run again. */
  readonly settled: (trial: Trial) => Effect.Effect<Outcome | undefined, E, R>
  /** Told when a trial has ended; where this fails, all trials stop, as they do where the disk fails. */
  readonly ended: (outcome: Outcome) => Effect.Effect<void, E, R>
}

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
 * Runs all trials of the cells in a fleet: candidates first, rung by rung where they are halved, then with the chosen
 * one the seeds of the table. Trials that have completed before are not run again, and those that were interrupted go
 * on. Nothing is chosen where a candidate failed otherwise than by divergence.
 *
 * Fails with GridStopped where the disk refuses to take what a trial writes, and with LauncherError where trials cannot
 * be run at all.
 *
 * @internal
 */
export const run = Effect.fnUntraced(function*<E, R>(
  cells: ReadonlyArray<Cell>,
  fleet: Fleet,
  options: RunnerOptions<E, R>
) {
  const use = [...new Set(cells.flatMap(({ finals }) => finals(undefined)).flatMap(({ config }) => config.use ?? []))]
  const begun = yield* modulesOf(use)
  const outcomes = new Map<Trial, Outcome>()
  const ended = Effect.fnUntraced(function*(outcome: Outcome) {
    const { result, trial } = outcome
    if (result._tag === "Failed" && result.isDisk === true) {
      // Whoever is told may have to write, too; what stopped the grid is what is said.
      yield* Effect.ignore(options.ended(outcome))
      return yield* new GridStopped({ trial: label(trial), reason: result.reason })
    }
    yield* options.ended(outcome)
    outcomes.set(trial, outcome)
  })
  const begin = Effect.fnUntraced(function*(trial: Trial) {
    const outcome = (yield* options.settled(trial)) ?? (yield* changed(trial, begun))
    if (outcome !== undefined) yield* ended(outcome)
    return outcome === undefined
  })
  const all = (trials: ReadonlyArray<Trial>) =>
    fleet.offer(trials, { begin, ended, progress: options.progress, said: options.said })
  const choiceOf = (cell: Cell) =>
    choice(cell, (trial) => {
      const outcome = outcomes.get(trial)
      return outcome === undefined ? undefined : { isSettled: isSettled(outcome), accuracy: accuracyOf(outcome) }
    })
  yield* all(cells.flatMap(({ candidates }) => candidates))
  const mostRungs = Math.max(0, ...cells.map((cell) => rungsOf(cell).length))
  for (let rung = 1; rung < mostRungs; rung++) {
    const begun = cells.flatMap((cell) => choiceOf(cell).trials).filter((trial) => !outcomes.has(trial))
    if (begun.length > 0) yield* all(begun)
  }
  yield* all(cells.flatMap((cell) => {
    const { chosen } = choiceOf(cell)
    return cell.candidates.length > 0 && chosen === undefined ? [] : cell.finals(chosen)
  }))
})
