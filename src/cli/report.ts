import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Schema from "effect/Schema"
import type * as Results from "../experiment/Results.ts"
import type * as Job from "../Job.ts"
import * as Report from "../report/Report.ts"
import { table } from "./Table.ts"

/** `finegrain report`. */
export const report = Command.make(
  "report",
  { directories: Argument.String("directory").pipe(Argument.variadic({ min: 1 })) },
  Effect.fnUntraced(function*({ directories }) {
    for (const directory of directories) yield* Console.log(yield* Report.write(directory))
  })
).pipe(
  Command.withDescription("Write report.html and figures for runs and experiments, from what they recorded"),
  Command.withExamples([{ command: "finegrain report runs/table-poms", description: "One page that needs no network" }])
)

/** Runs that were compared bit by bit and are not the same. */
export class NotTheSame extends Schema.TaggedError<NotTheSame>()("NotTheSame", {
  differing: Schema.Int,
  runs: Schema.Int
}) {
  override get message() {
    return `${this.differing} of ${this.runs} runs differ`
  }
}

/** The summaries of a run or of all runs of an experiment, by name. */
const summaries = Effect.fnUntraced(function*(directory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const read = Effect.fnUntraced(function*(name: string) {
    const file = path.join(directory, name)
    return yield* fs.readFileString(file).pipe(
      Effect.flatMap((text) => Effect.try({ try: (): unknown => JSON.parse(text), catch: (error) => error as Error })),
      Effect.mapError((error) => new Report.ReportError({ path: file, reason: error.message }))
    )
  })
  const isExperiment = yield* Effect.orElseSucceed(fs.exists(path.join(directory, "results.json")), () => false)
  if (!isExperiment) {
    const summary = (yield* read("summary.json")) as Omit<Job.Summary, "output"> | undefined
    return new Map([["run", summary]])
  }
  const { cells } = (yield* read("results.json")) as Results.Results
  return new Map(
    cells.flatMap(({ candidates, finals }) =>
      [...candidates, ...finals].map(({ id, summary }) => [id, summary] as const)
    )
  )
})

const percent = (summary: Pick<Job.Summary, "testAccuracy"> | undefined) =>
  summary?.testAccuracy === undefined ? "–" : (100 * (1 - summary.testAccuracy)).toFixed(2)

/** `finegrain compare`. */
export const compare = Command.make(
  "compare",
  {
    a: Argument.String("a"),
    b: Argument.String("b"),
    exact: Flag.Boolean("exact").pipe(
      Flag.withDescription("fail unless all runs ended with the same bits"),
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(function*({ a, b, exact }) {
    const [one, other] = [yield* summaries(a), yield* summaries(b)]
    const names = [...new Set([...one.keys(), ...other.keys()])]
    const same = (name: string) => {
      const sha = one.get(name)?.weightsSha256
      return sha !== undefined && sha === other.get(name)?.weightsSha256
    }
    yield* Console.log(table(
      ["run", `test error % of ${a}`, `of ${b}`, "weights"],
      names.map((name) => [
        name,
        percent(one.get(name)),
        percent(other.get(name)),
        same(name) ? "same bits" : "different"
      ])
    ))
    const differing = names.filter((name) => !same(name)).length
    if (exact && differing > 0) return yield* new NotTheSame({ differing, runs: names.length })
  })
).pipe(
  Command.withDescription("Compare two runs, or two experiments run by run"),
  Command.withExamples([{ command: "finegrain compare runs/a runs/b --exact", description: "Did it reproduce?" }])
)
