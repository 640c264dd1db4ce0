/** What networks make of corrupted test images. */
import { Statistics } from "finegrain"
import type * as Results from "../../src/experiment/Results.ts"
import { cellOf } from "./cells.ts"
import { described } from "./errors.ts"
import { mean, table } from "./markdown.ts"

/** Accuracies of runs in percent, by corruption and strength; `none` is that of the images as they are. */
export type Accuracies = Readonly<Record<string, Readonly<Record<string, number>>>>

/** Of the rows that were looked at: errors by corruption, strength by strength, and differences from the baseline. */
export const corrupted = (results: Results.Results, accuracies: Accuracies): string => {
  const { baseline, cells } = results
  const all = Object.keys(Object.values(accuracies)[0]!)
  const kinds = [...Map.groupBy(all, (key) => key.replace(/ \d$/, ""))]
  const errors = ({ finals }: Results.CellResult, keys: ReadonlyArray<string>) =>
    finals.map(({ id }) => mean(keys.map((key) => 100 - accuracies[id]![key]!)))
  const reference = cellOf(results, baseline)
  const difference = (cell: Results.CellResult, keys: ReadonlyArray<string>) =>
    cell === reference ? [] : [described(Statistics.paired(errors(cell, keys), errors(reference, keys)))]
  const text = (cell: Results.CellResult, keys: ReadonlyArray<string>) =>
    [keys.map((key) => mean(errors(cell, [key])).toFixed(1)).join(", "), ...difference(cell, keys)].join("; ")
  const corruptions = all.filter((key) => key !== "none")
  const lookedAt = cells.filter(({ finals }) => finals.every(({ id }) => Object.hasOwn(accuracies, id)))
  return table(
    ["method", ...kinds.map(([kind]) => kind === "none" ? "as they are" : kind), `all, minus ${baseline}`],
    lookedAt.map((cell) =>
      [cell.row].concat(
        kinds.map(([, keys]) => text(cell, keys)),
        difference(cell, corruptions)[0] ?? "–"
      )
    )
  )
}
