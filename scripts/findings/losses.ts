/** How far training losses and gradients fell. */
import * as Results from "../../src/experiment/Results.ts"
import { summaryMeasures } from "../../src/experiment/summaryMeasures.ts"
import { columnsOf, rowsOf } from "./cells.ts"
import { table } from "./markdown.ts"

const told = (cell: Results.CellResult, name: "gradientNorm" | "trainLoss") =>
  Results.plusMinus(cell.also![name]!, summaryMeasures[name].text)

/** Rows that chose their rate: loss, gradient and test error in the last epoch. */
export const losses = ({ cells }: Results.Results): string =>
  table(
    ["step size", "chosen r₀", "training loss", "gradient norm", "test error %"],
    cells.map((cell) => [
      cell.row,
      String(cell.chosen),
      told(cell, "trainLoss"),
      told(cell, "gradientNorm"),
      Results.plusMinus(cell.error!)
    ])
  )

/** Rows at every rate: loss and gradient in the last step. */
export const lossesByRate = (results: Results.Results): string =>
  table(
    ["step size", ...columnsOf(results).map((column) => `${column}: training loss, gradient norm`)],
    rowsOf(results).map((row) =>
      [row].concat(
        results.cells.filter((cell) => cell.row === row).map((cell) =>
          `${told(cell, "trainLoss")}, ${told(cell, "gradientNorm")}`
        )
      )
    )
  )
