/** What a figure was drawn from: its specification, and its data as a table. */
import * as Effect from "effect/Effect"
import { toJson } from "../training/RunFiles.ts"
import type { Chart } from "./Chart.ts"
import { formats } from "./exports/formats.ts"
import type { Cell } from "./exports/Table.ts"

/** A text beside the picture, with the extension of its file. */
interface FigureSource {
  readonly extension: string
  readonly type: string
  readonly text: string
}

type Row = Readonly<Record<string, unknown>>

interface HasData {
  readonly data?: { readonly values?: unknown }
  readonly layer?: ReadonlyArray<HasData>
}

const rowsOf = ({ data, layer = [] }: HasData): ReadonlyArray<Row> => [
  ...(Array.isArray(data?.values) ? data.values as ReadonlyArray<Row> : []),
  ...layer.flatMap(rowsOf)
]

const cellOf = (value: unknown): Cell =>
  value === undefined || value === null
    ? undefined
    : typeof value === "object"
    ? toJson(value)
    : value as Cell

/** The Vega-Lite specification of a figure, with its data, and these as CSV. */
export const sourcesOf = ({ name, spec }: Chart): Effect.Effect<ReadonlyArray<FigureSource>> => {
  const rows = rowsOf(spec as HasData)
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const table = {
    name,
    columns: columns.map((name) => ({ name, kind: "text" as const, values: rows.map((row) => cellOf(row[name])) }))
  }
  const full = { $schema: "https://vega.github.io/schema/vega-lite/v6.json", ...spec }
  return Effect.map(formats.csv.table(table), ({ bytes }) => [
    { extension: "vl.json", type: "application/json", text: `${toJson(full)}\n` },
    { extension: "csv", type: "text/csv", text: new TextDecoder().decode(bytes) }
  ])
}
