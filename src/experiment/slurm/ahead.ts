/** Seeds that wait on the cluster for the candidates that they choose among. */
import * as Effect from "effect/Effect"
import { rungsOf } from "../choose.ts"
import * as arrays from "./arrays.ts"
import * as commands from "./commands.ts"
import { type Grid, type JobOf, put, taskOf } from "./grid.ts"
import * as jobs from "./jobs.ts"

/** The entries of seeds that are neither done nor under way; what is under way is watched. */
const undone = Effect.fnUntraced(function*(grid: Grid, entries: ReadonlyArray<arrays.Entry>, jobOf: JobOf) {
  const latest = arrays.latest(yield* arrays.all(grid.root))
  return yield* Effect.filter(entries, (entry) =>
    Effect.gen(function*() {
      const key = arrays.keyOf({ candidate: undefined, ...entry })
      const place = latest.get(key)
      if (place === undefined) return true
      const job = jobOf(place)
      if (job !== undefined && jobs.isOpen(job)) {
        grid.places.set(key, place)
        return false
      }
      const state = yield* arrays.stateOf(grid.root, place)
      return state?.ended === undefined || state.ended._tag === "Left"
    }))
})

/**
 * Submits the seeds of the table with their candidates, `tasks` of which are under way. They choose by themselves once
 * those have ended: so a grid goes on without whoever offered it. Where candidates are halved the last rung is theirs,
 * which nobody knows before those below it have ended.
 */
export const ahead = Effect.fnUntraced(function*(grid: Grid, tasks: ReadonlyMap<string, string>, jobOf: JobOf) {
  if (tasks.size === 0) return
  const planned = grid.cells.filter(({ candidates }) => candidates.length > 0).map((cell) => ({
    isHalved: cell.later.length > 0,
    after: rungsOf(cell).at(-1)!.trials.flatMap((trial) => tasks.get(arrays.keyOf(trial)) ?? []),
    entries: cell.finals(undefined).map(arrays.entryOf)
  })).filter(({ after, isHalved }) => !isHalved || after.length > 0)
  // What waits already waits for candidates that may not be the latest.
  const latest = arrays.latest(yield* arrays.all(grid.root))
  const stale = planned.filter(({ after }) => after.length > 0).flatMap(({ entries }) =>
    entries.flatMap((entry) => {
      const place = latest.get(arrays.keyOf({ candidate: undefined, ...entry }))
      const job = place === undefined ? undefined : jobOf(place)
      return job?.state === "PENDING" ? [taskOf(job)] : []
    })
  )
  yield* commands.scancel(stale)
  const free = yield* undone(
    grid,
    planned.filter(({ after }) => after.length === 0).flatMap(({ entries }) => entries),
    jobOf
  )
  const waiting = planned.filter(({ after }) => after.length > 0)
  if (grid.throttle === undefined) {
    yield* put(grid, free, [])
    yield* Effect.forEach(waiting, ({ after, entries }) => put(grid, entries, after), { discard: true })
  } else {
    const whole = [...new Set([...tasks.values()].map((task) => task.split("_")[0]!))]
    yield* put(grid, [...free, ...waiting.flatMap(({ entries }) => entries)], whole)
  }
})
