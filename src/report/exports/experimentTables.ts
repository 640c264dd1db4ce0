/** The results of an experiment as tables. */
import type { Measure } from "../../experiment/Experiment.ts"
import * as Results from "../../experiment/Results.ts"
import { toJson } from "../../training/RunFiles.ts"
import { summaryFields } from "./runTables.ts"
import * as Table from "./Table.ts"

const { field } = Table

/** A trial, and the cell that it belongs to. */
export interface CellTrial extends Results.TrialResult {
  readonly row: string
  readonly column: string
  readonly role: "candidate" | "final"
}

/** All trials of all cells. */
export const trialsOf = ({ cells }: Results.Results): ReadonlyArray<CellTrial> =>
  cells.flatMap(({ candidates, column, finals, row }) => [
    ...candidates.map((trial) => ({ ...trial, row, column, role: "candidate" as const })),
    ...finals.map((trial) => ({ ...trial, row, column, role: "final" as const }))
  ])

const optional = (value: number | string | undefined): string | undefined =>
  value === undefined ? undefined : String(value)

/** Which trial a row is about. */
export const placeFields: ReadonlyArray<Table.Field<CellTrial>> = [
  field("trial", "text", ({ id }) => id),
  field("row", "text", ({ row }) => row),
  field("column", "text", ({ column }) => column),
  field("role", "text", ({ role }) => role),
  field("seed", "integer", ({ seed }) => seed),
  field("candidate", "text", ({ candidate }) => optional(candidate)),
  field("rung", "integer", ({ rung }) => rung)
]

const trialFields: ReadonlyArray<Table.Field<CellTrial>> = [
  ...placeFields,
  field("status", "text", ({ status }) => status),
  field("reason", "text", ({ reason }) => reason),
  ...summaryFields,
  field("settings", "text", ({ config }) => toJson(config))
]

const alsoFields = (measure: Measure): ReadonlyArray<Table.Field<Results.CellResult>> => [
  field(`${measure}Mean`, "number", ({ also }) => also?.[measure]?.mean),
  field(`${measure}Deviation`, "number", ({ also }) => also?.[measure]?.deviation)
]

const cellFields = (shown: ReadonlyArray<Measure>): ReadonlyArray<Table.Field<Results.CellResult>> => [
  field("row", "text", ({ row }) => row),
  field("column", "text", ({ column }) => column),
  field("chosen", "text", ({ chosen }) => optional(chosen)),
  field("seeds", "integer", ({ error }) => error?.count ?? 0),
  field("testErrorMean", "number", ({ error }) => error?.mean),
  field("testErrorDeviation", "number", ({ error }) => error?.deviation),
  field("testErrorHalfWidth", "number", ({ error }) => error?.halfWidth),
  field("minusBaseline", "number", ({ versusBaseline }) => versusBaseline?.mean),
  field("p", "number", ({ versusBaseline }) => versusBaseline?.p),
  field("holm", "number", ({ versusBaseline }) => versusBaseline?.holm),
  ...shown.flatMap(alsoFields),
  field("publishedMean", "number", ({ published }) => published?.mean),
  field("publishedDeviation", "number", ({ published }) => published?.deviation)
]

/** The table of the experiment, a row for every cell, and one of all trials. */
export const experimentTables = (results: Results.Results): ReadonlyArray<Table.Table> => [
  Table.make("cells", results.cells, cellFields(Results.alsoMeasured(results))),
  Table.make("trials", trialsOf(results), trialFields)
]
