/** What networks make of corrupted test images. */
import { Statistics } from "finegrain"
import * as Results from "../../src/experiment/Results.ts"
import { mean, table } from "./markdown.ts"

/** Accuracies of runs in percent, by corruption and strength; `none` is that of the images as they are. */
export type Accuracies = Readonly<Record<string, Readonly<Record<string, number>>>>

/** Errors by corruption, strength by strength, as means over the seeds; over all of them, and minus the baseline's. */
export const corrupted = ({ baseline, cells }: Results.Results, accuracies: Accuracies): string => {
  const all = Object.keys(Object.values(accuracies)[0]!)
  const kinds = [...Map.groupBy(all, (key) => key.replace(/ \d$/, ""))]
  const errors = ({ finals }: Results.CellResult, keys: ReadonlyArray<string>) =>
    finals.map(({ id }) => mean(keys.map((key) => 100 - accuracies[id]![key]!)))
  const ofAll = (cell: Results.CellResult) => errors(cell, all.filter((key) => key !== "none"))
  const reference = cells.find(({ row }) => row === baseline)!
  return table(
    ["method", ...kinds.map(([kind]) => kind === "none" ? "as they are" : kind), "mean of all", `minus ${baseline}`],
    cells.map((cell) => [
      cell.row,
      ...kinds.map(([, keys]) => keys.map((key) => mean(errors(cell, [key])).toFixed(1)).join(", ")),
      mean(ofAll(cell)).toFixed(1),
      cell === reference
        ? "–"
        : Results.difference({ ...Statistics.paired(ofAll(cell), ofAll(reference)), p: undefined })
    ])
  )
}
