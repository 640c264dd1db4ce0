/** `finegrain slurm`: what is known of a grid in Slurm, and its end. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Slurm from "../src/experiment/slurm/status.ts"
import * as pace from "./pace.ts"
import { table } from "./Table.ts"
import * as Voice from "./Voice.ts"

const actions = {
  list: "what is known of it",
  cancel: "end what waits or runs; what runs writes a checkpoint first"
}

const hour = 3_600_000

/** The grid in one row. */
const overview = (name: string, tasks: ReadonlyArray<Slurm.Task>, now: number) => {
  const count = (wanted: Slurm.Task["status"]) => tasks.filter(({ status }) => status === wanted).length
  const states = tasks.flatMap(({ state }) => state ?? [])
  const lately = states.filter(({ at, ended }) => ended !== undefined && now - at < hour).length
  const over = Math.min(hour, now - Math.min(now, ...states.map(({ since }) => since)))
  const left = count("offered") + count("running")
  return table(
    ["grid", "offered", "running", "completed", "failed", "taken back", "per hour", "left"],
    [[
      name,
      ...(["offered", "running", "completed", "failed", "cancelled"] as const).map((one) => String(count(one))),
      over < 1000 ? "" : (hour * lately / over).toFixed(0),
      left === 0 ? "" : lately === 0 ? "?" : pace.clock(left * over / lately / 1000)
    ]]
  )
}

/** A task that runs, waits for another reason than its turn, or has failed. */
const detail = ({ label, said, state, status }: Slurm.Task, now: number): ReadonlyArray<string> => {
  if (status === "running") {
    if (state === undefined) return [`${label}: ${said}`]
    const { attempt, node, share, since } = state
    const left = share > 0 ? `, ${pace.clock((now - since) * (1 - share) / share / 1000)} left` : ""
    return [`${node}: ${pace.percent(share)} ${label}, attempt ${attempt}${left}`]
  }
  if (status === "offered") {
    return /Priority|Resources|Dependency|JobArrayTaskLimit/.test(said)
      ? []
      : [`${label}: ${said}`]
  }
  if (status === "failed" && state?.ended?._tag === "Failed") {
    return [`${label}: ${state.ended.error} at attempt ${state.attempt}: ${state.ended.reason}`]
  }
  return status === "cancelled" && said !== "" ? [`${label}: ${said}`] : []
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
      yield* Console.log(`${cancelled} tasks are taken back`)
      return yield* Voice.result({ cancelled })
    }
    const now = Date.now()
    yield* Console.log(overview(yield* Slurm.nameOf(directory), tasks, now))
    yield* Effect.forEach(tasks.flatMap((task) => detail(task, now)), (line) => Console.log(line))
    yield* Voice.result(tasks)
  })
).pipe(
  Command.withDescription("A grid in Slurm: list, cancel"),
  Command.withExamples([
    { command: "finegrain slurm list runs/table-poms", description: "Trials, nodes, failures, remaining time" },
    { command: "finegrain slurm cancel runs/table-poms", description: "End what waits or runs; --resume goes on" }
  ])
)
