/** `finegrain slurm`: what is known of a grid in Slurm, and its end. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { counted } from "../src/choices/counted.ts"
import * as Slurm from "../src/experiment/slurm/status.ts"
import { atWork, type GridNumbers, overview } from "./gridTable.ts"
import * as Voice from "./Voice.ts"

const actions = {
  list: "what is known of it",
  cancel: "end what waits or runs; what runs writes a checkpoint first"
}

const hour = 3_600_000

const numbers = (name: string, tasks: ReadonlyArray<Slurm.Task>, now: number): GridNumbers => {
  const count = (wanted: Slurm.Task["status"]) => tasks.filter(({ status }) => status === wanted).length
  const states = tasks.flatMap(({ state }) => state ?? [])
  return {
    name,
    offered: count("offered"),
    running: count("running"),
    completed: count("completed"),
    failed: count("failed"),
    cancelled: count("cancelled"),
    lately: states.filter(({ at, ended }) => ended !== undefined && now - at < hour).length,
    seconds: Math.min(hour, now - Math.min(now, ...states.map(({ since }) => since))) / 1000
  }
}

/** A task that runs, waits for another reason than its turn, or has failed. */
const detail = ({ isStuck, label, said, state, status }: Slurm.Task, now: number): ReadonlyArray<string> => {
  if (status === "running" && state !== undefined) {
    return [`${state.node}: ${atWork({ ...state, label, seconds: (now - state.since) / 1000 })}`]
  }
  if (state?.ended?._tag === "Failed" && status === "failed") {
    return [`${label}: ${state.ended.error} at attempt ${state.attempt}: ${state.ended.reason}`]
  }
  const isUsual = status === "completed" || said === "" || (status === "offered" && !isStuck)
  return isUsual ? [] : [`${label}: ${said}`]
}

/** `finegrain slurm`. */
export const slurm = Command.make(
  "slurm",
  {
    action: Argument.Literals("action", Object.keys(actions) as ReadonlyArray<keyof typeof actions>).pipe(
      Argument.withDescription(Object.entries(actions).map(([name, about]) => `${name}: ${about}`).join("; "))
    ),
    directory: Argument.String("directory").pipe(Argument.withDescription("directory of the experiment"))
  },
  Effect.fnUntraced(function*({ action, directory }) {
    const tasks = yield* Slurm.tasks(directory)
    if (action === "cancel") {
      const cancelled = yield* Slurm.cancel(directory)
      yield* Console.log(`${counted(cancelled, "task is", "tasks are")} taken back`)
      return yield* Voice.result({ cancelled })
    }
    const now = Date.now()
    const found = numbers(yield* Slurm.nameOf(directory), tasks, now)
    yield* Console.log(overview([found]))
    yield* Effect.forEach(tasks.flatMap((task) => detail(task, now)), (line) => Console.log(line))
    yield* Voice.result({ ...found, tasks })
  })
).pipe(
  Command.withDescription("A grid in Slurm: list, cancel"),
  Command.withExamples([
    { command: "finegrain slurm list runs/table-poms", description: "Trials, nodes, failures, remaining time" },
    { command: "finegrain slurm cancel runs/table-poms", description: "End what waits or runs; --resume goes on" }
  ])
)
