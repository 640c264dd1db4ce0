import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import { availableParallelism } from "node:os"
import { pathToFileURL } from "node:url"
import * as Experiment from "../experiment/Experiment.ts"
import * as Results from "../experiment/Results.ts"
import * as Runner from "../experiment/Runner.ts"
import * as Report from "../report/Report.ts"
import * as GridProgress from "./GridProgress.ts"
import { table } from "./Table.ts"

const refuse = (experiment: string, problem: string) =>
  new Experiment.ExperimentError({ experiment, problems: [problem] })

/** The default export of a file. */
const load = Effect.fnUntraced(function*(file: string) {
  const path = yield* Path.Path
  const module = yield* Effect.tryPromise({
    try: () => import(pathToFileURL(path.resolve(file)).href) as Promise<{ readonly default?: unknown }>,
    catch: (error) => refuse(file, `it cannot be loaded: ${(error as Error).message}`)
  })
  return yield* Experiment.decode(module.default, file)
})

const list = (text: Option.Option<string>): ReadonlyArray<string> =>
  Option.match(text, { onNone: () => [], onSome: (all) => all.split(",").map((part) => part.trim()) })

const write = (directory: string, name: string, text: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    yield* fs.makeDirectory(directory, { recursive: true })
    yield* fs.writeFileString(path.join(directory, name), text)
  })

/** Versions, backend and data of the first run that got so far as to write them down. */
const environmentOf = Effect.fnUntraced(function*(trials: string, outcomes: ReadonlyArray<Runner.CellOutcome>) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  for (const { trial: { id } } of outcomes.flatMap(({ finals }) => finals)) {
    const text = yield* Effect.option(fs.readFileString(path.join(trials, id, "manifest.json")))
    if (Option.isNone(text)) continue
    const { backend, dataset, versions } = JSON.parse(text.value) as Record<string, unknown>
    return { backend, dataset, versions }
  }
  return undefined
})

const json = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`

/** `finegrain run`. */
export const run = Command.make(
  "run",
  {
    file: Argument.String("experiment").pipe(Argument.withDescription("file that exports an experiment")),
    smoke: Flag.Boolean("smoke").pipe(
      Flag.withDescription("the small version that the experiment describes, to see that everything works"),
      Flag.withDefault(false)
    ),
    only: Flag.String("only").pipe(Flag.withDescription("names of rows, separated by commas"), Flag.optional),
    seeds: Flag.String("seeds").pipe(
      Flag.withDescription("seeds instead of the experiment's, separated by commas"),
      Flag.optional
    ),
    jobs: Flag.Int("jobs").pipe(
      Flag.withAlias("j"),
      Flag.withDescription("trials at a time, each in a process of its own (default 1)"),
      Flag.withDefault(1)
    ),
    output: Flag.String("output").pipe(
      Flag.withAlias("o"),
      Flag.withDescription("directory of the experiment (default runs/<name>)"),
      Flag.optional
    ),
    resume: Flag.Boolean("resume").pipe(
      Flag.withDescription(
        "go on in the directory: finished trials are kept, interrupted ones continue to the same bits"
      ),
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(function*({ file, jobs, only, output, resume, seeds, smoke }) {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const experiment = yield* load(file)
    const numbers = list(seeds).map(Number)
    if (jobs < 1) return yield* refuse(experiment.name, `--jobs must be at least 1, not ${jobs}`)
    if (numbers.some((seed) => !Number.isInteger(seed))) {
      return yield* refuse(experiment.name, `--seeds must be whole numbers separated by commas`)
    }
    const cells = yield* Experiment.plan(experiment, {
      smoke,
      only: list(only),
      seeds: Option.isSome(seeds) ? numbers : undefined
    })
    const directory = path.resolve(
      Option.getOrElse(output, () => path.join("runs", `${experiment.name}${smoke ? "-smoke" : ""}`))
    )
    const trials = path.join(directory, "trials")
    if (!resume && (yield* Effect.orElseSucceed(fs.exists(trials), () => false))) {
      return yield* refuse(
        experiment.name,
        `${directory} already holds trials: go on with --resume, or choose another directory with --output`
      )
    }
    yield* write(directory, "experiment.json", json({ experiment, smoke }))
    const total = cells.reduce((sum, { candidates, finals }) => sum + candidates.length + finals(undefined).length, 0)
    yield* Console.log(
      `${experiment.name}: ${total} trials in ${cells.length} cells, ${jobs} at a time; ${directory}`
    )
    const progress = yield* GridProgress.make(total)
    const outcomes = yield* Runner.run(cells, {
      jobs,
      threads: jobs === 1 ? undefined : Math.max(1, Math.floor(availableParallelism() / jobs)),
      directory: ({ id }) => path.join(trials, id),
      progress: ({ id }, share) => progress.running(id, share),
      ended: Effect.fnUntraced(function*({ result, trial: { id } }) {
        if (result._tag === "Failed") yield* progress.print(`${id}: ${result.error}, ${result.reason}`)
        yield* progress.ended(id)
      })
    })
    const results = Results.of(experiment, outcomes, smoke, yield* environmentOf(trials, outcomes))
    yield* write(directory, "results.json", json(results))
    yield* write(directory, "table.md", Results.markdown(results))
    yield* Report.write(directory)
    yield* progress.print(
      `\n${
        table(...Results.table(results))
      }\nWritten to ${directory}: report.html, figures, table.md, results.json, trials`
    )
  }, Effect.scoped)
).pipe(
  Command.withDescription("Run an experiment: a grid of training runs, to a table"),
  Command.withExamples([
    {
      command: "finegrain run experiments/table-poms.ts --smoke",
      description: "A minute, to see that everything works"
    },
    {
      command: "finegrain run experiments/table-poms.ts --jobs 2 --resume",
      description: "Two at a time, from where it stopped"
    }
  ])
)
