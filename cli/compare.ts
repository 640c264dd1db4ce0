/** `finegrain compare`: two runs, or two experiments, in numbers and bit by bit. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Schema from "effect/Schema"
import { counted, noun } from "../src/choices/counted.ts"
import * as ExperimentDirectory from "../src/experiment/ExperimentDirectory.ts"
import * as Results from "../src/experiment/Results.ts"
import * as Statistics from "../src/experiment/Statistics.ts"
import * as Report from "../src/report/Report.ts"
import * as RunRecord from "../src/report/RunRecord.ts"
import type * as Run from "../src/training/Run.ts"
import * as RunFiles from "../src/training/RunFiles.ts"
import { table } from "./Table.ts"
import * as Voice from "./Voice.ts"

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
