/** The process of one task: finds what it is to run, runs it in a process of its own, and says how far it is. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Schedule from "effect/Schedule"
import { hostname } from "node:os"
import * as Door from "../../training/Door.ts"
import * as endings from "../../training/endings.ts"
import * as RunLock from "../../training/RunLock.ts"
import { label, type Trial } from "../cells.ts"
import { rungsOf } from "../choose.ts"
import * as ExperimentDirectory from "../ExperimentDirectory.ts"
import * as child from "../launchers/child.ts"
import * as parcels from "../queue/parcels.ts"
import * as arrays from "./arrays.ts"
import { codes } from "./script.ts"

type Ended = NonNullable<arrays.State["ended"]>

const failed = ({ _tag, message }: { readonly _tag: string; readonly message: string }): Ended => ({
  _tag: "Failed",
  error: _tag,
  reason: message
})

const left = (reason: string): Ended => ({ _tag: "Left", reason })

/** What an entry stands for: itself, or with what was chosen; or why there is nothing to run. */
const find = Effect.fnUntraced(function*(root: string, entry: arrays.Entry) {
  const stored = Option.getOrUndefined(yield* ExperimentDirectory.stored(root))
  if (stored === undefined) return { trial: undefined, reason: `${root} holds no experiment` }
  const plan = yield* ExperimentDirectory.planOf(stored)
  const cell = plan.find(({ column, row }) => row === entry.row && column === entry.column)
  if (cell === undefined) return { trial: undefined, reason: "the experiment has no such cell" }
  if (entry.candidate !== undefined) {
    const rung = rungsOf(cell)[(entry.rung ?? 1) - 1]
    const trial = rung?.trials.find(({ candidate }) => candidate === entry.candidate)
    return { trial, reason: "the experiment has no such candidate" }
  }
  const failures = { ...yield* ExperimentDirectory.failures(root), ...yield* arrays.failures(root, cell) }
  const { cells: [found] } = yield* ExperimentDirectory.gather(root, stored, [cell], failures, new Map())
  if (cell.candidates.length > 0 && found?.chosen === undefined) {
    return { trial: undefined, reason: "nothing is chosen: no candidate has an answer, or one failed" }
  }
  const [trial] = cell.finals(found?.chosen, [entry.seed])
  const before = trial === undefined ? undefined : failures[trial.id]
  return before?.error === "Diverged"
    ? { trial: undefined, reason: "it diverged before" }
    : { trial, reason: "the experiment has no such seed" }
})

const cpus = () => {
  const given = Number(process.env["SLURM_CPUS_PER_TASK"] ?? process.env["SLURM_CPUS_ON_NODE"])
  return Number.isInteger(given) && given > 0 ? given : undefined
}

/** How often it says how far it is, in milliseconds. */
const every = 2000

/** A task that is at work: what it last said, and how it says more. */
interface Task {
  readonly root: string
  readonly directory: string
  readonly index: number
  state: arrays.State
}

const tell = Effect.fnUntraced(function*(task: Task, more: Partial<arrays.State>) {
  task.state = { ...task.state, ...more, at: Date.now() }
  yield* arrays.tell(task.directory, task.index, task.state)
})

/** On a node that Slurm has given up somebody may still be at work: whoever comes next waits for a lock so long. */
const patience = { every: "2 seconds", most: "10 minutes" } as const

const free = (lock: string) =>
  Effect.repeat(RunLock.isHeld(lock), { schedule: Schedule.spaced(patience.every), while: (isHeld) => isHeld }).pipe(
    Effect.timeoutOption(patience.most)
  )

/** Runs what the task is for to its outcome, with a word now and then. */
const attempt = Effect.fnUntraced(function*(task: Task) {
  const path = yield* Path.Path
  const { directory, index, root, state } = task
  const services = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  const array = Option.getOrUndefined(yield* arrays.read(directory))
  const entry = array?.trials[index]
  if (array === undefined || entry === undefined) return left(`there is no task ${index} in ${directory}`)
  const { reason, trial } = yield* find(root, entry)
  if (trial === undefined) return left(reason)
  const output = path.join(root, "trials", trial.id)
  yield* ExperimentDirectory.inside(root, output)
  yield* free(path.join(output, "run.lock"))
  const before = yield* parcels.stampOf(output)
  yield* tell(task, { id: trial.id, ...(before === undefined ? {} : { checkpoint: before }) })
  const { used } = yield* Door.open(trial.config.use ?? [])
  const changed = Door.difference(array.used, used)
  if (changed !== undefined) {
    return failed({ _tag: "DoorError", message: `the grid was begun with other modules. ${changed}` })
  }
  yield* Console.log(`${label(trial)}: attempt ${state.attempt} on ${state.node}`)
  const progress = (_: Trial, share: number) =>
    Effect.suspend(() => {
      const isTold = Date.now() - task.state.at < every
      if (isTold) task.state = { ...task.state, share }
      return isTold ? Effect.void : Effect.ignore(Effect.provideContext(tell(task, { share }), services))
    })
  const request = { config: trial.config, output, threads: cpus() }
  const { result } = yield* child.run(trial, request, progress, undefined).pipe(
    Effect.onInterrupt(() =>
      Effect.gen(function*() {
        const now = yield* parcels.stampOf(output)
        code = now !== undefined && now !== before ? codes.more : codes.none
        yield* Effect.ignore(tell(task, {}))
        yield* Console.log(`${label(trial)}: stopped ${code === codes.more ? "with" : "without"} a new checkpoint`)
      })
    )
  )
  const ended: Ended = result._tag === "Completed" ? { _tag: "Completed" } : { ...result }
  return ended
})

/** With what this process ends where it is interrupted. */
let code: number = codes.none

const program = Effect.gen(function*() {
  const path = yield* Path.Path
  const directory = process.cwd()
  const since = Date.now()
  const task: Task = {
    directory,
    root: path.dirname(path.dirname(directory)),
    index: Number(process.env["SLURM_ARRAY_TASK_ID"]),
    state: {
      attempt: 1 + Number(process.env["SLURM_RESTART_COUNT"] ?? 0),
      node: process.env["SLURMD_NODENAME"] ?? hostname(),
      since,
      at: since,
      share: 0
    }
  }
  yield* tell(task, {})
  const ended = yield* Effect.catch(attempt(task), (error) => Effect.succeed(failed(error)))
  yield* tell(task, { ended, share: ended._tag === "Completed" ? 1 : task.state.share })
  yield* Console.log(ended._tag === "Completed" ? "completed" : ended.reason)
})

endings.install()
NodeRuntime.runMain(Effect.provide(program, NodeServices.layer), {
  teardown: (exit, end) => end(Exit.isSuccess(exit) ? 0 : Exit.hasInterrupts(exit) ? code : 1)
})
