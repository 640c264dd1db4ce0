/** What there is to tell of a grid in Slurm: from its queue, and from what tasks say in the directory they share. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import { label } from "../cells.ts"
import * as ExperimentDirectory from "../ExperimentDirectory.ts"
import { LauncherError } from "../launchers/Launcher.ts"
import * as arrays from "./arrays.ts"
import * as commands from "./commands.ts"
import { byPlace, namesOf } from "./grid.ts"
import * as jobs from "./jobs.ts"

/** A task, as far as there is something to tell of it. */
export interface Task {
  readonly label: string
  readonly status: "offered" | "running" | "completed" | "failed" | "cancelled" | "idle"
  /** Whether it waits for what may never come. */
  readonly isStuck: boolean
  readonly state: arrays.State | undefined
  /** What Slurm says, its state and why; of one that found nothing to run, why not. */
  readonly said: string
}

/** What a task is doing, or how it ended. */
const statusOf = (job: jobs.Job | undefined, state: arrays.State | undefined): Task["status"] =>
  job !== undefined && jobs.isOpen(job)
    ? job.state === "PENDING" ? "offered" : "running"
    : state?.ended?._tag === "Completed"
    ? "completed"
    : state?.ended?._tag === "Failed"
    ? "failed"
    : state?.ended?._tag === "Left"
    ? "idle"
    : "cancelled"

/**
 * Every task that was submitted for an experiment, where it was last put.
 *
 * Fails with LauncherError where the directory holds no grid of Slurm's.
 *
 * @internal
 */
export const tasks = Effect.fnUntraced(function*(root: string) {
  const path = yield* Path.Path
  const latest = [...arrays.latest(yield* arrays.all(path.resolve(root))).values()]
  if (latest.length === 0) {
    return yield* new LauncherError({
      launcher: "slurm",
      reason: `${root} holds no grid that was submitted to Slurm`,
      remedy: "Name the directory of the experiment, as runs/table."
    })
  }
  const jobOf = byPlace(yield* commands.squeue(namesOf(latest)))
  return yield* Effect.forEach(
    latest,
    (place) =>
      Effect.map(arrays.stateOf(path.resolve(root), place), (state): Task => {
        const job = jobOf(place)
        const status = statusOf(job, state)
        const slurm = job === undefined ? "" : `${job.state}${job.reason === "None" ? "" : `, ${job.reason}`}`
        return {
          label: label({ candidate: undefined, ...place.entry }),
          status,
          isStuck: job !== undefined && jobs.isStuck(job),
          state,
          said: status === "idle" && state?.ended?._tag === "Left" ? state.ended.reason : slurm
        }
      })
  )
})

/**
 * The name of the experiment in a directory.
 *
 * @internal
 */
export const nameOf = Effect.fnUntraced(function*(root: string) {
  const path = yield* Path.Path
  const stored = yield* Effect.option(ExperimentDirectory.stored(path.resolve(root)))
  return Option.getOrUndefined(Option.flatten(stored))?.experiment.name ?? path.basename(path.resolve(root))
})

/**
 * Ends what waits or runs of a grid; what runs writes a checkpoint first. Gives how many tasks that were.
 *
 * @internal
 */
export const cancel = Effect.fnUntraced(function*(root: string) {
  const path = yield* Path.Path
  const names = (yield* arrays.all(path.resolve(root))).map(({ name }) => name)
  const open = (yield* commands.squeue(names)).filter(jobs.isOpen)
  yield* commands.scancel([...new Set(open.map(({ array }) => array))])
  return open.length
})
