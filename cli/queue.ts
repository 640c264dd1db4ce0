/** `finegrain queue`: what is known of grids on the queue, and what can be done with them. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { counted, noun } from "../src/choices/counted.ts"
import * as Queue from "../src/experiment/queue/Queue.ts"
import { atWork, overview } from "./gridTable.ts"
import * as Voice from "./Voice.ts"
import { database } from "./worker.ts"

const actions = {
  list: "what is known of them",
  cancel: "take back what has not ended; what is at work stops with a checkpoint",
  retry: "offer anew what failed or was taken back",
  clean: "remove a grid and what is kept of it; results that were fetched stay"
}

/** How the trials of a grid are changed, and what has become of them then. */
const changes = {
  cancel: { change: Queue.cancel, done: "taken back" },
  retry: { change: Queue.retry, done: "offered anew" },
  clean: { change: Queue.clean, done: "removed" }
}

type Workers = Effect.Success<ReturnType<typeof Queue.workers>>

/** A line per worker and trial. */
const details = (workers: Workers, trials: ReadonlyArray<Queue.Notable>) => {
  const own = (worker: string) =>
    trials.filter((trial) => trial.status === "running" && trial.worker === worker).map((trial) => `  ${atWork(trial)}`)
  const lines = workers.filter(({ hasLeft, said }) => !hasLeft || said !== null).flatMap(
    ({ hasLeft, id, said, silent, slots }) =>
      [
        `${id}: ${hasLeft ? said : `${slots} at a time, heard of ${silent.toFixed(0)} s ago`}`
      ].concat(own(id))
  )
  const failures = trials.flatMap(({ attempt, label, result }) =>
    result?._tag === "Failed" ? [`${label}: ${result.error} at attempt ${attempt}: ${result.reason}`] : []
  )
  return [...lines, ...failures]
}

const list = Effect.fnUntraced(function*(name: string | undefined) {
  const found = yield* Queue.grids(name)
  const [workers, trials] = name === undefined ? [[], []] : [yield* Queue.workers(name), yield* Queue.notable(name)]
  const lines = found.length === 0
    ? [name === undefined ? "There is no grid." : `There is no grid ${name}.`]
    : [overview(found, { "MB held": ({ megabytes }) => megabytes.toFixed(1) }), ...details(workers, trials)]
  yield* Effect.forEach(lines, (line) => Console.log(line))
  yield* Voice.result(name === undefined ? { grids: found } : { grids: found, workers, trials })
})

/** Does something with a grid, and tells how many trials that was. */
const change = Effect.fnUntraced(function*(action: keyof typeof changes, grid: string) {
  if ((yield* Queue.grids(grid)).length === 0) {
    return yield* new Queue.DatabaseError({ reason: `there is no grid ${grid}`, remedy: "finegrain queue lists them." })
  }
  const { change: apply, done } = changes[action]
  const trials = yield* apply(grid)
  yield* Console.log(`${counted(trials, "trial")} of ${grid} ${noun(trials, "is", "are")} ${done}`)
  yield* Voice.result({ action, grid, trials })
})

/** `finegrain queue`. */
export const queue = Command.make(
  "queue",
  {
    action: Argument.Literals("action", Object.keys(actions) as ReadonlyArray<keyof typeof actions>).pipe(
      Argument.withDescription(Object.entries(actions).map(([name, about]) => `${name}: ${about}`).join("; ")),
      Argument.withDefault("list" as const)
    ),
    grid: Flag.String("grid").pipe(Flag.withDescription("which grid; list tells of all without one"), Flag.optional),
    database
  },
  ({ action, database, grid }) =>
    Queue.inDatabase(
      database,
      Effect.gen(function*() {
        const name = Option.getOrUndefined(grid)?.split("@")[0]
        if (action === "list") return yield* list(name)
        if (name === undefined) {
          return yield* new Queue.DatabaseError({ reason: `${action} of which grid`, remedy: "Name it with --grid." })
        }
        yield* change(action, name)
      })
    )
).pipe(
  Command.withDescription("Grids on the queue in PostgreSQL: list, cancel, retry, clean"),
  Command.withExamples([
    { command: "finegrain queue --grid table-poms", description: "Workers, trials, failures, remaining time" },
    { command: "finegrain queue cancel --grid table-poms", description: "Take back what has not ended" }
  ])
)
