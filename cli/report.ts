/** `finegrain report`: pages and tables from what directories recorded, drawn anew or joined. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import { label } from "../src/experiment/cells.ts"
import * as Experiment from "../src/experiment/Experiment.ts"
import * as ExperimentDirectory from "../src/experiment/ExperimentDirectory.ts"
import * as Results from "../src/experiment/Results.ts"
import * as Report from "../src/report/Report.ts"
import * as RunRecord from "../src/report/RunRecord.ts"
import * as RunLock from "../src/training/RunLock.ts"
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
