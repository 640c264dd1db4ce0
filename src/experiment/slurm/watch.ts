/** Hears of trials on Slurm: from the queue, and from what tasks say in the directory they share. */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import * as Result from "effect/Result"
import { join } from "node:path"
import { label, type Trial } from "../cells.ts"
import type { Listener, Outcome } from "../launchers/Launcher.ts"
import * as parcels from "../queue/parcels.ts"
import * as arrays from "./arrays.ts"
import * as commands from "./commands.ts"
import { byPlace, type Grid, namesOf, outcomeOf, put, taskOf } from "./grid.ts"
import * as jobs from "./jobs.ts"
import * as verdict from "./verdict.ts"

/** Where a trial is looked for. */
interface Watched {
  readonly trial: Trial
  /** How often nothing was seen of it, and how often it found nothing to do. */
  missed: number
  idle: number
  isHeld: boolean
}

/** Looks at which a job is over without a word before that is believed: file systems that are shared show news late. */
const believed = 3

/** What became of a trial whose job is over without its word. */
const judge = Effect.fnUntraced(function*(
  grid: Grid,
  trial: Trial,
  job: jobs.Job | undefined,
  state: arrays.State | undefined
) {
  const place = grid.places.get(arrays.keyOf(trial))!
  const stamp = yield* parcels.stampOf(grid.directory(trial))
  return verdict.of({
    state: job?.state,
    code: job === undefined ? undefined : yield* commands.codeOf(job),
    node: job?.node || state?.node || "its node",
    hasBegun: state !== undefined,
    hasAdvanced: stamp !== undefined && stamp !== state?.checkpoint,
    log: `its log is ${join(grid.root, arrays.logOf(place))}`
  })
})

/** What one look at a trial says: it goes on, it is to be submitted again, or it has ended. */
const see = Effect.fnUntraced(function*<E, R>(
  grid: Grid,
  watched: Watched,
  job: jobs.Job | undefined,
  { progress, said }: Listener<E, R>
): Effect.fn.Return<"open" | "again" | Outcome, never, FileSystem.FileSystem | Path.Path> {
  const { trial } = watched
  if (job?.state === "PENDING") {
    const isHeld = /held/i.test(job.reason)
    if (isHeld && !watched.isHeld) {
      yield* said(`${label(trial)} is held (${job.reason}): scontrol release ${taskOf(job)} lets it go`)
    }
    watched.isHeld = isHeld
    if (jobs.isStuck(job) && !isHeld && !grid.stuck.has(job.reason)) {
      grid.stuck.add(job.reason)
      yield* said(
        `${label(trial)} waits for more than its turn (${job.reason}, as Slurm says): where that does not pass, ` +
          `finegrain slurm cancel ${grid.root}`
      )
    }
    return "open"
  }
  const state = yield* arrays.stateOf(grid.root, grid.places.get(arrays.keyOf(trial))!)
  const ended = state?.ended
  if (ended?._tag === "Failed") return { trial, result: ended }
  const outcome = ended?._tag === "Completed" ? yield* outcomeOf(grid, trial) : undefined
  if (outcome !== undefined) return outcome
  if (ended?._tag === "Left") {
    watched.idle++
    return watched.idle < believed
      ? "again"
      : { trial, result: { _tag: "Failed", error: "Idle", reason: ended.reason } }
  }
  if (job !== undefined && jobs.isOpen(job)) {
    watched.missed = 0
    if (state !== undefined) yield* progress(trial, state.share)
    return "open"
  }
  watched.missed++
  if (watched.missed < believed) return "open"
  watched.missed = 0
  const decided = yield* judge(grid, trial, job, state)
  if (decided._tag === "Failed") return { trial, result: decided }
  yield* said(`${label(trial)} goes on from its checkpoint in another allocation`)
  return "again"
})

/** Hears of trials until all have ended. */
export const watch = Effect.fnUntraced(function*<E, R>(
  grid: Grid,
  offered: ReadonlyArray<Trial>,
  listener: Listener<E, R>
) {
  const open = new Map(
    offered.map((trial): [string, Watched] => [arrays.keyOf(trial), { trial, missed: 0, idle: 0, isHeld: false }])
  )
  let isAway = false
  while (open.size > 0) {
    const found = yield* Effect.result(commands.squeue(namesOf([...open.keys()].map((key) => grid.places.get(key)!))))
    if (Result.isFailure(found)) {
      if (!isAway) yield* listener.said(`${found.failure.reason}. Trials go on, and are heard of once it answers`)
      isAway = true
    } else {
      isAway = false
      const jobOf = byPlace(found.success)
      const again: Array<arrays.Entry> = []
      for (const [key, watched] of open) {
        const seen = yield* see(grid, watched, jobOf(grid.places.get(key)!), listener)
        if (seen === "open") continue
        if (seen === "again") {
          again.push(arrays.entryOf(watched.trial))
          continue
        }
        open.delete(key)
        yield* listener.ended(seen)
      }
      yield* put(grid, again, [])
    }
    if (open.size > 0) yield* Effect.sleep(grid.poll * 1000)
  }
})
