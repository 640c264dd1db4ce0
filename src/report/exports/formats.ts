/** Formats of exports, an entry each: files of tables, or of a run as it is watched elsewhere. */
import * as Effect from "effect/Effect"
import * as Csv from "effect/encoding/Csv"
import * as Stream from "effect/Stream"
import type * as Catalogue from "../../choices/Catalogue.ts"
import { toJson } from "../../training/RunFiles.ts"
import { eventFile } from "./eventFile.ts"
import type { LoggedRun } from "./LoggedRun.ts"
import { scalarEvents } from "./scalars.ts"
import * as Table from "./Table.ts"

/** A file with its name. */
interface ExportedFile {
  readonly name: string
  readonly bytes: Uint8Array
}

/** A format: of what it makes files. */
export interface Format extends Catalogue.Entry {
  readonly table?: (table: Table.Table) => Effect.Effect<ExportedFile>
  readonly run?: (run: LoggedRun) => ExportedFile
}

const encoded = (name: string, text: string): ExportedFile => ({ name, bytes: new TextEncoder().encode(text) })

const csv = (table: Table.Table) =>
  Stream.fromIterable([
    table.columns.map(({ name }) => name),
    ...Table.rows(table).map((cells) => cells.map((cell) => cell === undefined ? "" : String(cell)))
  ]).pipe(
    Stream.pipeThroughChannel(Csv.encodeString()),
    Stream.mkString,
    Effect.map((text) => encoded(`${table.name}.csv`, text))
  )

const ndjson = (table: Table.Table) => {
  const names = table.columns.map(({ name }) => name)
  const lines = Table.rows(table).map((cells) => toJson(Object.fromEntries(cells.map((cell, i) => [names[i]!, cell]))))
  return Effect.succeed(encoded(`${table.name}.ndjson`, lines.map((line) => `${line}\n`).join("")))
}

const types = { integer: "INT64", number: "DOUBLE", text: "STRING", truth: "BOOLEAN" } as const

const parquet = ({ columns, name }: Table.Table) =>
  Effect.promise(async () => {
    const { parquetWriteBuffer } = await import("hyparquet-writer")
    const buffer = parquetWriteBuffer({
      columnData: columns.map(({ kind, name, values }) => ({
        name,
        type: types[kind],
        data: values.map((cell) => cell === undefined ? null : kind === "integer" ? BigInt(cell) : cell)
      }))
    })
    return { name: `${name}.parquet`, bytes: new Uint8Array(buffer) }
  })

/** What `finegrain export` writes, by name. */
export const formats = {
  csv: { about: "comma-separated values (RFC 4180), a file per table", table: csv },
  ndjson: { about: "a JSON object per line, a file per table", table: ndjson },
  parquet: { about: "Apache Parquet, a file per table", table: parquet },
  tensorboard: {
    about: "TensorBoard's event files, one per run",
    run: (run) => ({
      name: `events.out.tfevents.${String(Math.floor(run.began)).padStart(10, "0")}.finegrain`,
      bytes: eventFile(run.began, scalarEvents(run))
    })
  }
} as const satisfies Catalogue.Catalogue<Format>
