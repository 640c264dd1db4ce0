/** Offers trials to Slurm, and hears of them: from the queue, and from what tasks say in the directory they share. */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type * as Path from "effect/Path"
import * as Result from "effect/Result"
import { join } from "node:path"
import type * as Run from "../../training/Run.ts"
import * as RunDirectory from "../../training/RunDirectory.ts"
import { label, type Trial } from "../cells.ts"
import { rungsOf } from "../choose.ts"
import { decodeSummary } from "../directory/trials.ts"
import * as ExperimentDirectory from "../ExperimentDirectory.ts"
import type { Given, Listener, Outcome } from "../launchers/Launcher.ts"
import * as parcels from "../queue/parcels.ts"
import * as arrays from "./arrays.ts"
import * as commands from "./commands.ts"
import * as jobs from "./jobs.ts"
import { inOurWords, submit, type Submitting } from "./submit.ts"
import * as verdict from "./verdict.ts"

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
    yield* RunDirectory.readOwn(directory(trial), "summary.json", decodeSummary)
  )
  return found?.status === "completed" && Number.isFinite(found.testLoss ?? 0)
    ? found as unknown as Run.RunSummary
    : undefined
})

const outcomeOf = Effect.fnUntraced(function*(grid: Grid, trial: Trial) {
  const summary = yield* Effect.orElseSucceed(completed(grid, trial), () => undefined)
  const outcome: Outcome | undefined = summary === undefined
    ? undefined
    : { trial, result: { _tag: "Completed", summary } }
  return outcome
})

/** Jobs by the array and the index in it. */
const byPlace = (found: ReadonlyArray<jobs.Job>) => {
  const all = new Map(found.map((job) => [`${job.name} ${job.index}`, job]))
  return ({ index, name }: arrays.Place) => all.get(`${name} ${index}`)
}

const namesOf = (places: Iterable<arrays.Place>) => [...new Set([...places].map(({ name }) => name))]

const taskOf = ({ array, index }: jobs.Job) => `${array}_${index}`

/** Submits, and remembers where. */
const put = Effect.fnUntraced(
  function*(grid: Grid, entries: ReadonlyArray<arrays.Entry>, after: ReadonlyArray<string>) {
    const submitted = yield* submit(grid, entries, after)
    for (const { entry, ...place } of submitted) {
      grid.places.set(arrays.keyOf({ candidate: undefined, ...entry }), place)
    }
    return submitted
  }
)

/** What Slurm knows of everything that was ever submitted for this experiment. */
const look = Effect.fnUntraced(function*({ root }: Grid) {
  const latest = arrays.latest(yield* arrays.all(root))
  return { latest, jobOf: byPlace(yield* commands.squeue(namesOf(latest.values()))) }
})

type JobOf = (place: arrays.Place) => jobs.Job | undefined

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
const ahead = Effect.fnUntraced(function*(grid: Grid, tasks: ReadonlyMap<string, string>, jobOf: JobOf) {
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
const watch = Effect.fnUntraced(function*<E, R>(
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

type Known = Effect.Success<ReturnType<typeof look>>

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
