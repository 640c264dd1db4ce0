/** A table as a value: columns of one kind each, from which every format follows. */

/** undefined where there is nothing. */
export type Cell = number | string | boolean | undefined

/** What the cells of a column are. */
export type Kind = "integer" | "number" | "text" | "truth"

/** A column with all its cells. */
interface Column {
  readonly name: string
  readonly kind: Kind
  readonly values: ReadonlyArray<Cell>
}

/** A table, and the name of its file without an extension. */
export interface Table {
  readonly name: string
  readonly columns: ReadonlyArray<Column>
}

/** A column of what rows have in common. */
export interface Field<in Row> {
  readonly name: string
  readonly kind: Kind
  readonly of: (row: Row) => Cell
}

/** A column by its name, kind, and what of a row stands there. */
export const field = <Row>(name: string, kind: Kind, of: (row: Row) => Cell): Field<Row> => ({ name, kind, of })

/** Columns that bear the names of numbers in the rows. */
export const numbers = <const K extends string>(
  ...names: ReadonlyArray<K>
): ReadonlyArray<Field<Readonly<Partial<Record<K, number | undefined>>>>> =>
  names.map((name) => field(name, "number", (row) => row[name]))

/** Columns that bear the names of whole numbers in the rows. */
export const integers = <const K extends string>(
  ...names: ReadonlyArray<K>
): ReadonlyArray<Field<Readonly<Partial<Record<K, number | undefined>>>>> =>
  names.map((name) => field(name, "integer", (row) => row[name]))

/** The columns of a part of rows; empty where a row has no such part. */
export const within = <Row, Part>(
  part: (row: Row) => Part | undefined,
  fields: ReadonlyArray<Field<Part>>
): ReadonlyArray<Field<Row>> =>
  fields.map(({ kind, name, of }) =>
    field(name, kind, (row) => {
      const found = part(row)
      return found === undefined ? undefined : of(found)
    })
  )

/** A table of rows. */
export const make = <Row>(name: string, rows: ReadonlyArray<Row>, fields: ReadonlyArray<Field<Row>>): Table => ({
  name,
  columns: fields.map(({ kind, name, of }) => ({ name, kind, values: rows.map(of) }))
})

/** How many rows a table has. */
export const count = ({ columns }: Table): number => columns[0]?.values.length ?? 0

/** The cells of every row, in the order of the columns. */
export const rows = (table: Table): ReadonlyArray<ReadonlyArray<Cell>> =>
  Array.from({ length: count(table) }, (_, i) => table.columns.map(({ values }) => values[i]))
