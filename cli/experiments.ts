/** `finegrain run`: an experiment file, run as a grid. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Schema from "effect/Schema"
import { counted } from "../src/choices/counted.ts"
import { label, trialsOf } from "../src/experiment/cells.ts"
import * as Experiment from "../src/experiment/Experiment.ts"
import * as ExperimentDirectory from "../src/experiment/ExperimentDirectory.ts"
import * as Ledger from "../src/experiment/Ledger.ts"
import * as preflight from "../src/experiment/preflight.ts"
import * as Results from "../src/experiment/Results.ts"
import * as shard from "../src/experiment/shard.ts"
import * as Door from "../src/training/Door.ts"
import { importing } from "../src/training/doors/importing.ts"
import * as Grid from "./grid.ts"
import * as GridProgress from "./GridProgress.ts"
import * as LauncherFlags from "./launcherFlags.ts"
import { table } from "./Table.ts"
import * as Voice from "./Voice.ts"

const refuse = (experiment: string, problem: string) =>
  new Experiment.ExperimentError({ experiment, problems: [problem] })

/** A flag of names, which may hold commas themselves. */
const names = (flag: string, what: string) =>
  Flag.String(flag).pipe(
    Flag.withDescription(
      `run these ${what} now: a name, or names separated by commas; may be given several times; the table keeps all`
    ),
    Flag.atLeast(0)
  )

/** What stands between commas; nothing missing. */
const list = Effect.fnUntraced(function*(file: string, flag: string, text: Option.Option<string>) {
  if (Option.isNone(text)) return undefined
  const parts = text.value.split(",").map((part) => part.trim())
  return parts.includes("")
    ? yield* refuse(file, `${flag} "${text.value}" has an empty part: separate values by single commas`)
    : parts
})

/** Names of rows and columns as they were given, those between commas still together. */
interface Parts {
  readonly only: ReadonlyArray<string>
  readonly columns: ReadonlyArray<string>
}

/** The names of what may be a list of rows or columns. */
const namesIn = (variants: unknown): ReadonlyArray<unknown> =>
  Array.isArray(variants) ? variants.map((variant) => (Object(variant) as { readonly name?: unknown }).name) : []

/** Each as it stands where that is a name, else what stands between its commas. */
const named = Effect.fnUntraced(
  function*(file: string, flag: string, given: ReadonlyArray<string>, known: ReadonlyArray<unknown>) {
    if (given.length === 0) return undefined
    const parts = yield* Effect.forEach(
      given,
      (text) => known.includes(text) ? Effect.succeed([text]) : list(file, flag, Option.some(text))
    )
    return parts.flatMap((names = []) => names)
  }
)

/** The default export of a file, and the parts of it that are to be run. */
const load = Effect.fnUntraced(function*(file: string, parts: Parts, given: Experiment.PlanOptions) {
  const path = yield* Path.Path
  const module = yield* Effect.tryPromise({
    try: () => importing(path.resolve(file)),
    catch: (error) => refuse(file, `it cannot be loaded: ${Door.inOneLine(error)}`)
  })
  const { columns, rows } = Object(module.default) as { readonly rows?: unknown; readonly columns?: unknown }
  const options: Experiment.PlanOptions = {
    ...given,
    only: yield* named(file, "--only", parts.only, namesIn(rows)),
    columns: yield* named(file, "--columns", parts.columns, namesIn(columns))
  }
  const directory = path.dirname(path.resolve(file))
  return { options, experiment: yield* Experiment.decode(module.default, file, { ...options, directory }) }
})

const integers = Effect.fnUntraced(function*(file: string, flag: string, text: Option.Option<string>) {
  const parts = yield* list(file, flag, text)
  const wrong = parts?.filter((part) => !/^-?\d+$/.test(part)) ?? []
  return wrong.length === 0
    ? parts?.map(Number)
    : yield* refuse(file, `${flag} must be whole numbers separated by commas, not ${wrong.join(", ")}`)
})

/** The part of a grid that is asked for, and its cells. */
const parted = Effect.fnUntraced(
  function*(file: string, text: Option.Option<string>, all: ReadonlyArray<Experiment.Cell>) {
    if (Option.isNone(text)) return { cells: all, part: undefined }
    const part = shard.parse(text.value)
    if (part === undefined) {
      return yield* refuse(file, `--shard "${text.value}" is no part: 2/3 is the second of three, the first is 1/3`)
    }
    const most = shard.most(all)
    const pieces = all.some(({ candidates }) => candidates.length > 0)
      ? "cells, each of which chooses among its own candidates"
      : "runs"
    return part.count <= most
      ? { cells: shard.take(all, part), part }
      : yield* refuse(file, `--shard ${text.value}: there are ${most} ${pieces}, so at most ${most} parts`)
  }
)

/** An experiment that has run, without everything that it was to give. */
class ExperimentIncomplete extends Schema.TaggedError<ExperimentIncomplete>()("ExperimentIncomplete", {
  experiment: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.experiment}: ${this.reason}`
  }
}

/**
 * What a script must not take for success: no number at all, or a trial that failed for another reason than divergence.
 */
const shortcoming = ({ cells }: Results.Results): string | undefined => {
  const failed = cells.flatMap(({ candidates, column, finals, row }) =>
    [...candidates, ...finals].filter((trial) => Results.hasFailed(trial) && !Results.isOver(trial))
      .map((trial) => `${label({ ...trial, row, column })}: ${trial.status}`)
  )
  return failed.length > 0
    ? `${counted(failed.length, "trial")} failed (${failed.slice(0, 3).join("; ")}${failed.length > 3 ? "; …" : ""})`
    : cells.every(({ also = {}, error }) => error === undefined && Object.keys(also).length === 0)
    ? "no cell of the table has a value"
    : undefined
}

/** `finegrain run`. */
export const run = Command.make(
  "run",
  {
    file: Argument.String("experiment").pipe(Argument.withDescription("file that exports an experiment")),
    smoke: Flag.Boolean("smoke").pipe(
      Flag.withDescription("the small version that the experiment describes, to see that everything works"),
      Flag.withDefault(false)
    ),
    only: names("only", "rows"),
    columns: names("columns", "columns"),
    seeds: Flag.String("seeds").pipe(
      Flag.withDescription("run these seeds now, separated by commas; the table keeps all"),
      Flag.optional
    ),
    use: Flag.String("use").pipe(
      Flag.withDescription(
        "module with entries of your own, beside those of the experiment; may be given several times"
      ),
      Flag.atLeast(0)
    ),
    shard: Flag.String("shard").pipe(
      Flag.withMetavar("i/n"),
      Flag.withDescription("run the i-th of n parts of the grid, in a directory of its own; report --merge joins them"),
      Flag.optional
    ),
    launcher: LauncherFlags.launcher,
    placing: LauncherFlags.parameters,
    output: Flag.String("output").pipe(
      Flag.withAlias("o"),
      Flag.withDescription("directory of the experiment (default runs/<name>)"),
      Flag.optional
    ),
    resume: Flag.Boolean("resume").pipe(
      Flag.withDescription(
        "go on in the directory: trials that completed or diverged are kept, interrupted ones continue to the same bits"
      ),
      Flag.withDefault(false)
    ),
    retry: Flag.Boolean("retry").pipe(
      Flag.withDescription("with --resume, train those that diverged anew"),
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(
    function*({ columns, file, launcher, only, output, placing, resume, retry, seeds, shard: wanted, smoke, use }) {
      const path = yield* Path.Path
      if (retry && !resume) {
        return yield* refuse(file, "--retry is of use with --resume only: a new directory has nothing to train anew")
      }
      const given = { smoke, use: [...use], seeds: yield* integers(file, "--seeds", seeds) }
      const placed = yield* Effect.mapError(
        LauncherFlags.decode(launcher, placing),
        (problems) => new Experiment.ExperimentError({ experiment: file, problems })
      )
      const { experiment, options } = yield* load(file, { only, columns }, given)
      const { cells, part } = yield* parted(file, wanted, yield* Experiment.plan(experiment, options))
      const planned = cells.flatMap(trialsOf)
      const problems = yield* preflight.problems(planned)
      if (problems.length > 0) return yield* new Experiment.ExperimentError({ experiment: experiment.name, problems })
      const own = { experiment, smoke, ...(part && { shard: part }) }
      const directory = path.resolve(Option.getOrElse(output, () => ExperimentDirectory.usual(own)))
      const { takeBack, trials } = yield* ExperimentDirectory.open(directory, own, resume)
      const total = planned.length
      const fleet = yield* Effect.tapError(
        placed({
          name: experiment.name,
          root: directory,
          use: planned[0]?.config.use ?? [],
          retry,
          cells,
          directory: ({ id }) => path.join(trials, id)
        }),
        () => takeBack
      )
      const ledger = yield* Ledger.make(directory)
      yield* ledger.write
      yield* Console.log(
        `${experiment.name}${part === undefined ? "" : `, part ${shard.shown(part)}`}: ${counted(total, "trial")} in ${
          counted(cells.length, "cell")
        }, ${fleet.about}; ${directory}`
      )
      const progress = yield* GridProgress.make(total)
      const results = yield* Effect.tapErrorTag(
        Grid.run({ cells, directory, trials, ledger, fleet, retry, progress }),
        "LauncherError",
        () => takeBack
      )
      yield* progress.print(
        `\n${
          table(...Results.table(results))
        }\nWritten to ${directory}: report.html, figures, table.md, results.json, manifests, trials`
      )
      yield* Voice.result({ ...results, directory })
      const reason = shortcoming(results)
      if (reason !== undefined) return yield* new ExperimentIncomplete({ experiment: experiment.name, reason })
    },
    Effect.scoped
  )
).pipe(
  Command.withDescription("Run an experiment: a grid of training runs, to a table"),
  Command.withExamples([
    {
      command: "finegrain run experiments/table-poms.ts --smoke",
      description: "Minutes, to see that everything works"
    },
    {
      command: "finegrain run experiments/table-poms.ts --jobs 2 --resume",
      description: "Two at a time, from where it stopped"
    }
  ])
)
