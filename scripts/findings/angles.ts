/** How far steps turn kernels. */
import type * as Results from "../../src/experiment/Results.ts"
import type { Chart } from "../../src/report/Chart.ts"
import * as chartStyle from "../../src/report/chartStyle.ts"
import { cellOf } from "./cells.ts"
import { mean, table } from "./markdown.ts"

/** Degrees of a step, by run, layer and epoch. */
export type Angles = Readonly<Record<string, Readonly<Record<string, ReadonlyArray<readonly [number, number]>>>>>

/** Of every convolution a panel, in it a line for each row: the mean over the seeds. */
export const turned = ({ cells, name }: Results.Results, angles: Angles): Chart => {
  const layers = Object.keys(Object.values(angles)[0]!)
  const rows = cells.map(({ row }) => row)
  const values = cells.flatMap(({ finals, row }) =>
    layers.flatMap((layer) => {
      const runs = finals.map(({ id }) => angles[id]![layer]!)
      return runs[0]!.map(([epoch], i) => ({ row, across: layer, epoch, angle: mean(runs.map((run) => run[i]![1])) }))
    })
  )
  const unit = {
    ...chartStyle.size(layers.length),
    mark: { type: "line" as const },
    encoding: {
      x: { field: "epoch", type: "quantitative" as const, axis: chartStyle.whole, title: "epoch" },
      y: {
        field: "angle",
        type: "quantitative" as const,
        scale: { type: "log" as const, domain: [0.01, Math.max(...values.map(({ angle }) => angle))], clamp: true },
        title: "angle of a step, °"
      },
      ...chartStyle.looks(rows, new Map())
    }
  }
  return {
    name,
    title: `Angles of steps in ${name}`,
    caption: "",
    spec: { data: { values }, ...chartStyle.panels(unit, layers, [], "shared") }
  }
}

/** The same in numbers, over the first half of the epochs, before the rates of all rows fall. */
export const firstHalf = (results: Results.Results, angles: Angles) => {
  const { baseline, cells } = results
  const layers = Object.keys(Object.values(angles)[0]!)
  const byLayer = ({ finals }: Results.CellResult) =>
    layers.map((layer) =>
      mean(finals.flatMap(({ id }) => {
        const epochs = angles[id]![layer]!
        return epochs.flatMap(([epoch, angle]) => 2 * epoch <= epochs.at(-1)![0] ? [angle] : [])
      }))
    )
  const reference = byLayer(cellOf(results, baseline))
  const range = (values: ReadonlyArray<number>) =>
    `${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)}`
  return table(
    ["method", "angle of a step, °, by layer", `times that of ${baseline}`],
    cells.map((cell) => {
      const own = byLayer(cell)
      return [cell.row, range(own), range(own.map((angle, i) => angle / reference[i]!))]
    })
  )
}
