/** Schemas of the files in a directory of an experiment that are read back. */
import * as Schema from "effect/Schema"
import { count, Environment, fromOne, Measures, missing, Num } from "../training/RunFiles.ts"
import * as Experiment from "./Experiment.ts"
import { isDirectory } from "./slug.ts"

/** `experiment.json`: an experiment as it was run; whether it makes sense, its plan says. */
export const StoredExperiment = Schema.Struct({
  experiment: Experiment.ExperimentSchema,
  smoke: Schema.Boolean,
  shard: Schema.optionalKey(Schema.Struct({ index: fromOne, count: fromOne }))
})

/** `failures.json`: how trials failed, by the trial. */
export const Failures = Schema.Record(
  Schema.String,
  Schema.Struct({ error: Schema.String, reason: Schema.String, isDisk: Schema.optionalKey(Schema.Boolean) })
)

/** `manifest.json` of a trial, as far as a table and a list of all need it. */
export const TrialManifest = Schema.Struct({
  ...Environment.fields,
  layers: Schema.optionalKey(Schema.Array(Schema.Struct({ groups: Schema.Array(Schema.Unknown) })))
})

/** `manifest.json` of a trial, as far as a table and a list of all need it. */
export type TrialManifest = typeof TrialManifest.Type

const Sample = Schema.Struct({ count: Schema.Int, mean: Num, deviation: missing(Num), halfWidth: missing(Num) })
const Candidate = Schema.Union([Schema.Finite, Schema.String])

/** The directory of a trial below those of all: no way out of it. */
const Id = Schema.String.check(
  Schema.makeFilter((id: string) =>
    /^[A-Za-z0-9._/-]+$/.test(id) && id.split("/").every(isDirectory) ? undefined : "is no directory of a trial"
  )
)

const Measured = Schema.Struct({
  id: Id,
  seed: Schema.Int,
  candidate: missing(Candidate),
  rung: Schema.optionalKey(fromOne),
  config: Schema.Record(Schema.String, Schema.Unknown),
  status: Schema.String,
  reason: missing(Schema.String),
  summary: missing(Measures),
  environment: missing(count),
  report: missing(Schema.String)
})

const Cell = Schema.Struct({
  row: Schema.String,
  column: Schema.String,
  chosen: missing(Candidate),
  candidates: Schema.Array(Measured),
  finals: Schema.Array(Measured),
  error: missing(Sample),
  versusBaseline: missing(Schema.Struct({ ...Sample.fields, p: missing(Num), holm: Schema.optionalKey(Num) })),
  also: Schema.optionalKey(Schema.Record(Schema.String, Sample)),
  published: missing(Schema.Struct({ mean: Schema.Finite, deviation: Schema.optionalKey(Schema.Finite) }))
})

/** Every row has a cell in every column. */
const isGrid = (cells: ReadonlyArray<typeof Cell.Type>): boolean => {
  const [rows, columns] = [new Set(cells.map(({ row }) => row)), new Set(cells.map(({ column }) => column))]
  const places = new Set(cells.map(({ column, row }) => JSON.stringify([row, column])))
  return places.size === cells.length && cells.length === rows.size * columns.size
}

/** `results.json`. */
export const Results = Schema.Struct({
  name: Schema.String,
  about: Schema.String,
  publishedIn: missing(Schema.String),
  baseline: Schema.String,
  smoke: Schema.Boolean,
  environments: Schema.Array(Environment),
  cells: Schema.Array(Cell).check(
    Schema.makeFilter((cells: ReadonlyArray<typeof Cell.Type>) =>
      isGrid(cells) ? undefined : "must have one cell for every row in every column"
    )
  )
})
