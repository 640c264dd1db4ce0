import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Schema from "effect/Schema"
import { counted, noun } from "../src/choices/counted.ts"
import { label } from "../src/experiment/cells.ts"
import * as Experiment from "../src/experiment/Experiment.ts"
import * as ExperimentDirectory from "../src/experiment/ExperimentDirectory.ts"
import * as Results from "../src/experiment/Results.ts"
import * as Statistics from "../src/experiment/Statistics.ts"
import * as Report from "../src/report/Report.ts"
import * as RunRecord from "../src/report/RunRecord.ts"
import type * as Run from "../src/training/Run.ts"
import * as RunFiles from "../src/training/RunFiles.ts"
import * as RunLock from "../src/training/RunLock.ts"
import { table } from "./Table.ts"
import * as Voice from "./Voice.ts"

/** The page of a directory, or the table where no page can be drawn, and what is said of it. */
const draw = Effect.fnUntraced(function*(directory: string, read: RunRecord.ReadRunRecord) {
  const results = yield* ExperimentDirectory.results(directory)
  if (Option.isSome(results) && !(yield* ExperimentDirectory.hasTrials(directory))) {
    const file = yield* ExperimentDirectory.writeTable(directory, results.value)
    yield* Report.renew(directory, results.value)
    return {
      file,
      said: `${file}\nThe figures of the page stay as they are: they need the trials, which are not in ${directory}.`
    }
  }
  // Of an experiment the table, too; the directory of a run has none.
  if (Option.isSome(results)) {
    yield* ExperimentDirectory.write(directory, results.value)
    yield* ExperimentDirectory.writeManifests(directory, results.value)
  }
  const file = yield* Report.write(directory, read)
  return { file, said: file }
})

/**
 * Draws pages every few seconds, until nothing is at work in their directories, and a last time then.
 *
 * @internal
 */
export const follow = Effect.fnUntraced(function*(directories: ReadonlyArray<string>) {
  const path = yield* Path.Path
  const read = RunRecord.remembering()
  const drawAll = Effect.forEach(directories, (directory) => draw(directory, read), { discard: true })
  const locks = directories.flatMap((directory) =>
    ["run.lock", "experiment.lock"].map((name) => path.join(directory, name))
  )
  const isAtWork = Effect.map(Effect.forEach(locks, RunLock.isHeld), (held) => held.includes(true))
  yield* Console.log("Drawn anew every 5 seconds while it is at work; Ctrl-C ends this, not the run.")
  while (yield* isAtWork) {
    yield* Effect.sleep("5 seconds")
    yield* drawAll
  }
  yield* drawAll
})

/** Joins directories of one experiment, and tells what is still to come. */
const merge = Effect.fnUntraced(function*(directories: ReadonlyArray<string>, output: string | undefined) {
  const directory = yield* ExperimentDirectory.merge(directories, output)
  const results = yield* ExperimentDirectory.results(directory)
  const open = Option.toArray(results).flatMap(({ cells }) =>
    cells.flatMap(({ candidates, column, finals, row }) =>
      [...candidates, ...finals].filter((trial) => !Results.isOver(trial))
        .map((trial) => `${label({ ...trial, row, column })}: ${trial.status}`)
    )
  )
  if (open.length > 0) {
    yield* Console.log(
      `Without a result in any of them:\n${open.map((text) => `  - ${text}`).join("\n")}\n` +
        `finegrain run with --output ${directory} --resume runs what is missing.`
    )
  }
  return { directory, open }
})

const refuseFlags = (problem: string) => new Experiment.ExperimentError({ experiment: "report", problems: [problem] })

/** `finegrain report`. */
export const report = Command.make(
  "report",
  {
    directories: Argument.String("directory").pipe(
      Argument.withDescription("a run, or an experiment, while it goes on or afterwards"),
      Argument.variadic({ min: 1 })
    ),
    merge: Flag.Boolean("merge").pipe(
      Flag.withDescription("join directories of one experiment, such as those of --shard, into a new one"),
      Flag.withDefault(false)
    ),
    output: Flag.String("output").pipe(
      Flag.withAlias("o"),
      Flag.withDescription("with --merge, the new directory (default runs/<name>)"),
      Flag.optional
    ),
    watch: Flag.Boolean("watch").pipe(
      Flag.withDescription("draw anew while a run or a grid is at work; the page in a browser follows"),
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(function*({ directories: given, merge: isMerge, output, watch }) {
    if (!isMerge && Option.isSome(output)) return yield* refuseFlags("--output is of use with --merge only")
    if (isMerge && watch) return yield* refuseFlags("--watch follows what goes on: merge first")
    const merged = isMerge ? yield* merge(given, Option.getOrUndefined(output)) : undefined
    const directories = merged === undefined ? given : [merged.directory]
    const files = yield* Effect.forEach(directories, (directory) => draw(directory, RunRecord.read))
    yield* Effect.forEach(files, ({ said }) => Console.log(said))
    if (watch) yield* follow(directories)
    yield* Voice.result({ files: files.map(({ file }) => file), ...merged })
  })
).pipe(
  Command.withDescription(
    "Write report.html and figures for runs and experiments, and the table of an experiment, from what they " +
      "recorded so far"
  ),
  Command.withExamples([
    { command: "finegrain report runs/table-poms", description: "One page that needs no network" },
    {
      command: "finegrain report --merge table-poms-1-of-2 table-poms-2-of-2",
      description: "The table of two machines that each ran a shard"
    }
  ])
)

/** Runs that were compared bit by bit and are not the same. */
class NotTheSame extends Schema.TaggedError<NotTheSame>()("NotTheSame", {
  differing: Schema.Int,
  runs: Schema.Int
}) {
  override get message() {
    return `${this.differing} of ${counted(this.runs, "run")} ${noun(this.differing, "differs", "differ")}`
  }
}

/** Two directories of which one is that of a run, the other that of an experiment. */
class NotComparable extends Schema.TaggedError<NotComparable>()("NotComparable", {
  run: Schema.String,
  experiment: Schema.String
}) {
  override get message() {
    return `${this.run} is a run and ${this.experiment} an experiment: compare two of a kind`
  }
}

type Summary = Omit<Run.RunSummary, "output">

/** What one side of a comparison holds: the results of an experiment, or the summary of a run. */
const side = Effect.fnUntraced(function*(directory: string) {
  const path = yield* Path.Path
  const results = yield* ExperimentDirectory.results(directory)
  if (Option.isSome(results)) return { results: results.value, summary: undefined }
  const summary = yield* RunRecord.readOwn(directory, "summary.json", RunFiles.decodeSummary)
  return Option.isSome(summary)
    ? { results: undefined, summary: summary.value }
    : yield* new Report.ReportError({
      path: path.join(directory, "summary.json"),
      reason: "there is no such file, and no experiment beside it"
    })
})

const trialsOf = ({ cells }: Results.Results): ReadonlyMap<string, Results.TrialResult> =>
  new Map(
    cells.flatMap(({ candidates, finals }) => [...candidates, ...finals].map((trial) => [trial.id, trial] as const))
  )

const percent = (summary: Summary | undefined) => Results.errorOf(summary)?.toFixed(2) ?? "–"

/** A run of either side by its name, and whether both ended with the same bits. */
interface Pair {
  readonly name: string
  readonly cells: ReadonlyArray<string>
  readonly isSame: boolean
}

const pair = (
  name: string,
  texts: readonly [string, string],
  one: Summary | undefined,
  other: Summary | undefined
): Pair => {
  const isSame = one?.weightsSha256 !== undefined && one.weightsSha256 === other?.weightsSha256
  return { name, cells: [name, ...texts, isSame ? "same bits" : "different"], isSame }
}

const trialText = (trial: Results.TrialResult | undefined) =>
  trial === undefined ? "not there" : trial.summary === undefined ? trial.status : percent(trial.summary)

const runByRun = (one: Results.Results, other: Results.Results): ReadonlyArray<Pair> => {
  const [ours, theirs] = [trialsOf(one), trialsOf(other)]
  return [...new Set([...ours.keys(), ...theirs.keys()])].map((id) => {
    const [own, another] = [ours.get(id), theirs.get(id)]
    return pair(id, [trialText(own), trialText(another)], own?.summary, another?.summary)
  })
}

/** The cells that both have: mean ± deviation of either, and the difference over the seeds that both completed. */
const byCell = (one: Results.Results, other: Results.Results): ReadonlyArray<ReadonlyArray<string>> =>
  one.cells.flatMap((cell) =>
    other.cells.filter(({ column, row }) => row === cell.row && column === cell.column).map((another) => {
      const [own, theirs] = [cell, another].map(({ finals }) => Results.bySeed(Results.testError, finals)) as [
        ReadonlyMap<number, number>,
        ReadonlyMap<number, number>
      ]
      const difference = Statistics.byKey(theirs, own)
      const text = ({ error }: Results.CellResult) => error === undefined ? "–" : Results.plusMinus(error)
      return [
        `${cell.row}, ${cell.column}`,
        text(cell),
        text(another),
        Results.difference(difference),
        String(difference?.count ?? 0)
      ]
    })
  )

/** `finegrain compare`. */
export const compare = Command.make(
  "compare",
  {
    a: Argument.String("a").pipe(Argument.withDescription("directory of a run or an experiment")),
    b: Argument.String("b").pipe(Argument.withDescription("directory of another, of the same kind")),
    exact: Flag.Boolean("exact").pipe(
      Flag.withDescription("fail unless all runs ended with the same bits"),
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(function*({ a, b, exact }) {
    const [one, other] = [yield* side(a), yield* side(b)]
    const titles = [`test error % of ${a}`, `of ${b}`]
    if ((one.results === undefined) !== (other.results === undefined)) {
      return yield* new NotComparable(one.results === undefined ? { run: a, experiment: b } : { run: b, experiment: a })
    }
    if (one.results !== undefined && other.results !== undefined) {
      yield* Console.log(
        `${table(["cell", ...titles, "difference (p)", "seeds of both"], byCell(one.results, other.results))}\n`
      )
    }
    const runs: ReadonlyArray<Pair> = one.results !== undefined && other.results !== undefined
      ? runByRun(one.results, other.results)
      : [pair("run", [percent(one.summary), percent(other.summary)], one.summary, other.summary)]
    yield* Console.log(table(["run", ...titles, "weights"], runs.map(({ cells }) => cells)))
    const differing = runs.filter(({ isSame }) => !isSame).length
    yield* Voice.result({ differing, runs: runs.map(({ isSame, name }) => ({ run: name, sameBits: isSame })) })
    if (exact && differing > 0) return yield* new NotTheSame({ differing, runs: runs.length })
  })
).pipe(
  Command.withDescription("Compare two runs, or two experiments cell by cell and run by run"),
  Command.withExamples([{ command: "finegrain compare runs/a runs/b --exact", description: "Did it reproduce?" }])
)
