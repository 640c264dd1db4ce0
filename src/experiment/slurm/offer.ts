/** Offers trials to Slurm, and hears of them until they have ended. */
import * as Effect from "effect/Effect"
import type { Trial } from "../cells.ts"
import * as ExperimentDirectory from "../ExperimentDirectory.ts"
import type { Listener, Outcome } from "../launchers/Launcher.ts"
import { ahead } from "./ahead.ts"
import * as arrays from "./arrays.ts"
import { inOurWords } from "./commands.ts"
import { type Grid, type Known, look, outcomeOf, put, taskOf } from "./grid.ts"
import * as jobs from "./jobs.ts"
import { watch } from "./watch.ts"

/** What is to be done about a trial before anything is submitted. */
const place = Effect.fnUntraced(function*(grid: Grid, trial: Trial, { jobOf, latest }: Known) {
  const before = yield* outcomeOf(grid, trial)
  if (before !== undefined) return before
  const key = arrays.keyOf(trial)
  const own = grid.places.get(key)
  const found = own ?? latest.get(key)
  if (found === undefined) return "missing"
  const job = jobOf(found)
  const state = yield* arrays.stateOf(grid.root, found)
  if (job !== undefined && jobs.isOpen(job)) {
    grid.places.set(key, found)
    return "under way"
  }
  if (own !== undefined) return state?.ended?._tag === "Left" ? "missing" : "under way"
  if (state?.ended?._tag !== "Failed" || state.ended.error !== "Diverged") return "missing"
  // Nobody was there to hear of it.
  const outcome: Outcome = { trial, result: state.ended }
  if (!grid.retry) return outcome
  yield* ExperimentDirectory.setAside(grid.directory(trial))
  return "missing"
})

/**
 * Submits what is missing, and hears of all trials until they have ended. Interrupted, it leaves them alone.
 *
 * @internal
 */
export const offer = Effect.fnUntraced(function*<E, R>(
  grid: Grid,
  trials: ReadonlyArray<Trial>,
  listener: Listener<E, R>
) {
  const begun = yield* Effect.filter(trials, listener.begin)
  const known = yield* look(grid)
  const [watched, missing]: [Array<Trial>, Array<Trial>] = [[], []]
  for (const trial of begun) {
    const found = yield* Effect.mapError(place(grid, trial, known), inOurWords)
    if (found === "missing") missing.push(trial)
    if (found === "missing" || found === "under way") watched.push(trial)
    else yield* listener.ended(found)
  }
  const submitted = yield* put(grid, missing.map(arrays.entryOf), [])
  const tasks = new Map(submitted.map(({ entry, task }) => [arrays.keyOf({ candidate: undefined, ...entry }), task]))
  for (const trial of watched) {
    const key = arrays.keyOf(trial)
    const job = known.jobOf(grid.places.get(key)!)
    if (!tasks.has(key) && job !== undefined && jobs.isOpen(job)) tasks.set(key, taskOf(job))
  }
  if (trials.some(({ candidate }) => candidate !== undefined)) yield* ahead(grid, tasks, known.jobOf)
  yield* watch(grid, watched, listener)
}, (offering, { root }, _, { said }) =>
  Effect.onInterrupt(
    offering,
    () => said(`The grid goes on without this process; finegrain slurm list ${root} tells of it, and cancel ends it`)
  ))
