/** What held-out images said of every candidate. */
import * as Results from "../experiment/Results.ts"
import type { Chart } from "./Chart.ts"
import * as chartStyle from "./chartStyle.ts"

/** The error on held-out images by candidate, a line per row; undefined where nothing was chosen. */
export const candidates = (
  cells: ReadonlyArray<Results.CellResult>,
  looks: ReadonlyMap<string, chartStyle.Look>
): Chart | undefined => {
  const values = cells.flatMap(({ candidates, row }) =>
    candidates.flatMap(({ candidate, summary }) =>
      candidate === undefined || summary?.testAccuracy === undefined
        ? []
        : [{ row, candidate, error: Results.errorPercent(summary.testAccuracy) }]
    )
  )
  if (values.length === 0) return undefined
  const numbers = values.map(({ candidate }) => candidate)
  const isNumeric = numbers.every((candidate) => typeof candidate === "number" && candidate > 0)
  const rows = [...new Set(values.map(({ row }) => row))]
  return {
    name: "candidates",
    title: "Validation by candidate",
    caption: "Error on held-out training images; the lowest of a row was chosen.",
    spec: {
      ...chartStyle.size(0),
      data: { values },
      mark: { type: "line", point: { size: 25 } },
      encoding: {
        x: isNumeric
          ? {
            field: "candidate",
            type: "quantitative",
            ...chartStyle.logarithmic(numbers as ReadonlyArray<number>),
            title: "candidate"
          }
          : { field: "candidate", type: "nominal", sort: null, title: "candidate" },
        y: {
          field: "error",
          type: "quantitative",
          ...chartStyle.within([0, 100], values.map(({ error }) => error)),
          title: "validation error, %"
        },
        ...chartStyle.looks(rows, looks)
      }
    }
  }
}
