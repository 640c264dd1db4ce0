/** Cells of a table by their rows and columns. */
import type * as Results from "../../src/experiment/Results.ts"

export const columnsOf = ({ cells }: Results.Results) => [...new Set(cells.map(({ column }) => column))]

export const rowsOf = ({ cells }: Results.Results) => [...new Set(cells.map(({ row }) => row))]

/** The first cell of a row. */
export const cellOf = ({ cells, name }: Results.Results, row: string | undefined): Results.CellResult => {
  const found = cells.find((cell) => cell.row === row)
  if (found === undefined) throw new Error(`${name} has no row "${row}"`)
  return found
}

/** A cell by its row, and by its column, where there are several. */
export const named = (results: Results.Results) => {
  const several = columnsOf(results).length > 1
  return ({ column, row }: Results.CellResult) => several ? `${column}: ${row}` : row
}
