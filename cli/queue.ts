/** `finegrain queue`: what is known of grids on the queue, and what can be done with them. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "../src/experiment/queue/Queue.ts"
import { atWork, overview } from "./gridTable.ts"
import { database } from "./worker.ts"

const actions = {
  list: "what is known of them",
  cancel: "take back what has not ended; what is at work stops with a checkpoint",
  retry: "offer anew what failed or was taken back",
  clean: "remove a grid and what is kept of it; results that were fetched stay"
}

/** A line per worker and trial. */
const details = Effect.fnUntraced(function*(grid: string) {
  const [workers, trials] = [yield* Queue.workers(grid), yield* Queue.notable(grid)]
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
})

const list = Effect.fnUntraced(function*(name: string | undefined) {
  const found = yield* Queue.grids(name)
  if (found.length === 0) {
    return yield* Console.log(name === undefined ? "There is no grid." : `There is no grid ${name}.`)
  }
  yield* Console.log(overview(found, { "MB held": ({ megabytes }) => megabytes.toFixed(1) }))
  if (name !== undefined) yield* Effect.forEach(yield* details(name), (line) => Console.log(line))
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
        if (action === "cancel") yield* Queue.cancel(name)
        if (action === "clean") yield* Queue.clean(name)
        if (action === "retry") yield* Console.log(`${yield* Queue.retry(name)} trials are offered anew`)
      })
    )
).pipe(
  Command.withDescription("Grids on the queue in PostgreSQL: list, cancel, retry, clean"),
  Command.withExamples([
    { command: "finegrain queue --grid table-poms", description: "Workers, trials, failures, remaining time" },
    { command: "finegrain queue cancel --grid table-poms", description: "Take back what has not ended" }
  ])
)
