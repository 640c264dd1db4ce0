/** What a directory recorded, written in formats that others read. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as WholeFile from "../../data/WholeFile.ts"
import * as ExperimentDirectory from "../../experiment/ExperimentDirectory.ts"
import type * as Results from "../../experiment/Results.ts"
import { ReportError, unwritten } from "../ReportError.ts"
import { type CellTrial, experimentTables, placeFields, trialsOf } from "./experimentTables.ts"
import { type Format, formats } from "./formats.ts"
import * as LoggedRun from "./LoggedRun.ts"
import { epochFields, runTables } from "./runTables.ts"
import * as Table from "./Table.ts"

/** The name of a format. */
export type FormatName = keyof typeof formats

const filesOf = Effect.fnUntraced(function*(
  format: Format,
  tables: ReadonlyArray<Table.Table>,
  run: LoggedRun.LoggedRun | undefined
) {
  const { run: ofRun, table = () => Effect.undefined } = format
  return [
    ...(yield* Effect.forEach(tables, (one) => table(one))).filter((file) => file !== undefined),
    ...(run === undefined || ofRun === undefined ? [] : [ofRun(run)])
  ]
})

/** Writes tables, and a run, below a directory; gives the files. */
const write = Effect.fnUntraced(function*(
  format: Format,
  output: string,
  tables: ReadonlyArray<Table.Table>,
  run?: LoggedRun.LoggedRun
) {
  const path = yield* Path.Path
  const files = yield* filesOf(format, tables, run)
  if (files.length === 0) return []
  yield* Effect.mapError(WholeFile.makeDirectory(output), unwritten(output))
  return yield* Effect.forEach(files, ({ bytes, name }) => {
    const file = path.join(output, name)
    return Effect.as(Effect.mapError(WholeFile.write(file, bytes), unwritten(file)), file)
  })
})

/** The epochs of all trials in one table. */
const allEpochs = (runs: ReadonlyArray<readonly [CellTrial, LoggedRun.LoggedRun]>): ReadonlyArray<Table.Table> => {
  const rows = runs.flatMap(([trial, { epochs }]) => epochs.map((epoch) => ({ trial, epoch })))
  type Row = (typeof rows)[number]
  return rows.length === 0 ? [] : [
    Table.make("epochs", rows, [
      ...Table.within(({ trial }: Row) => trial, placeFields),
      ...Table.within(({ epoch }: Row) => epoch, epochFields)
    ])
  ]
}

/** The tables of an experiment, and below `trials` those of every trial that is there, one after the other. */
const ofExperiment = Effect.fnUntraced(function*(
  directory: string,
  output: string,
  format: Format,
  results: Results.Results
) {
  const path = yield* Path.Path
  const epochs: Array<readonly [CellTrial, LoggedRun.LoggedRun]> = []
  const ofTrials = yield* Effect.forEach(
    trialsOf(results),
    Effect.fnUntraced(function*(trial) {
      const run = yield* LoggedRun.read(path.join(directory, "trials", trial.id))
      if (Option.isNone(run)) return []
      epochs.push([trial, { ...run.value, steps: [], ends: {} }])
      return yield* write(format, path.join(output, "trials", trial.id), runTables(run.value), run.value)
    })
  )
  return [
    ...(yield* write(format, output, [...experimentTables(results), ...allEpochs(epochs)])),
    ...ofTrials.flat()
  ]
})

/**
 * Writes what a run or an experiment recorded as tables or event files below another directory; gives their paths.
 *
 * Fails with ReportError where the directory is neither, something in it is damaged, or a file cannot be written.
 *
 * @internal
 */
export const directory = Effect.fnUntraced(function*(directory: string, name: FormatName, output: string) {
  const format: Format = formats[name]
  const results = yield* ExperimentDirectory.results(directory)
  if (Option.isSome(results)) return yield* ofExperiment(directory, output, format, results.value)
  const run = yield* LoggedRun.read(directory)
  if (Option.isSome(run)) return yield* write(format, output, runTables(run.value), run.value)
  return yield* new ReportError({
    path: directory,
    reason: "there is no results.json or manifest.json: no experiment, no run"
  })
})
