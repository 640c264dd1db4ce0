/** What held-out images said of every candidate. */
import { firstRung, varied } from "../experiment/edges.ts"
import * as Results from "../experiment/Results.ts"
import { slug } from "../experiment/slug.ts"
import type { Chart } from "./Chart.ts"
import * as chartStyle from "./chartStyle.ts"

/** The error on held-out images by candidate, a line per row; undefined where nothing was chosen. */
export const candidates = (
  cells: ReadonlyArray<Results.CellResult>,
  looks: ReadonlyMap<string, chartStyle.Look>
): Chart | undefined => {
  const values = cells.flatMap(({ candidates, row }) =>
    firstRung(candidates).flatMap(({ candidate, summary }) => {
      const error = Results.errorOf(summary)
      return candidate === undefined || error === undefined ? [] : [{ row, candidate, error }]
    })
  )
  if (values.length === 0) return undefined
  const numbers = values.map(({ candidate }) => candidate)
  const isNumeric = numbers.every((candidate) => typeof candidate === "number" && candidate > 0)
  const rows = [...new Set(values.map(({ row }) => row))]
  return {
    name: "candidates",
    title: "Validation by candidate",
    caption: cells.some((cell) => cell.candidates.some(({ rung }) => rung !== undefined))
      ? "Error on held-out training images in the first rung."
      : "Error on held-out training images; the lowest of a row was chosen.",
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

/**
 * The error on held-out images of candidates that were halved, rung by rung, a panel per row; undefined where none
 * were.
 *
 * @internal
 */
export const rungs = (cells: ReadonlyArray<Results.CellResult>): Chart | undefined => {
  const values = cells.flatMap(({ candidates, chosen, row }) =>
    candidates.flatMap(({ candidate, config, rung, summary }) => {
      const error = Results.errorOf(summary)
      return rung === undefined || error === undefined
        ? []
        : [{ across: row, candidate, epochs: config["epochs"], error, chosen: candidate === chosen }]
    })
  )
  if (values.length === 0) return undefined
  const rows = [...new Set(values.map(({ across }) => across))]
  const unit = {
    ...chartStyle.size(rows.length),
    mark: { type: "line" as const, point: { size: 25 } },
    encoding: {
      x: {
        field: "epochs",
        type: "quantitative" as const,
        ...chartStyle.logarithmic(values.map(({ epochs }) => Number(epochs))),
        title: "epochs of the rung"
      },
      y: {
        field: "error",
        type: "quantitative" as const,
        ...chartStyle.within([0, 100], values.map(({ error }) => error)),
        title: "validation error, %"
      },
      detail: { field: "candidate" },
      color: { condition: { test: "datum.chosen", value: "#d62728" }, value: "#4c78a8" }
    }
  }
  return {
    name: "rungs",
    title: "Validation by rung",
    caption: "A line per candidate: the best of a rung train anew for longer in the next; what was chosen is red.",
    spec: { data: { values }, ...chartStyle.panels(unit, rows, [], "shared") }
  }
}

/** Every candidate of a search with the number of one setting, and whether it was chosen. */
const overSettings = ({ candidates, chosen, row }: Results.CellResult) =>
  [...varied(firstRung(candidates))].flatMap(([setting, all]) =>
    all.flatMap(({ of: { candidate, summary }, value }) => {
      const error = Results.errorOf(summary)
      // What one setting alone chooses has a figure of its own.
      return typeof candidate !== "string" || error === undefined
        ? []
        : [{ setting, across: row, value, error, chosen: candidate === chosen }]
    })
  )

/**
 * The error on held-out images over every hyperparameter that a search chose together with others: a figure for each,
 * a panel per row.
 *
 * @internal
 */
export const overEach = (cells: ReadonlyArray<Results.CellResult>): ReadonlyArray<Chart> =>
  [...Map.groupBy(cells.flatMap(overSettings), ({ setting }) => setting)].map(([setting, values]): Chart => {
    const numbers = values.map(({ value }) => value)
    const rows = [...new Set(values.map(({ across }) => across))]
    const unit = {
      ...chartStyle.size(rows.length),
      mark: { type: "point" as const, filled: true, size: 45, opacity: 0.8 },
      encoding: {
        x: {
          field: "value",
          type: "quantitative" as const,
          ...numbers.every((value) => value > 0) ? chartStyle.logarithmic(numbers) : chartStyle.linear(false),
          title: setting
        },
        y: {
          field: "error",
          type: "quantitative" as const,
          ...chartStyle.within([0, 100], values.map(({ error }) => error)),
          title: "validation error, %"
        },
        color: { condition: { test: "datum.chosen", value: "#d62728" }, value: "#4c78a8" }
      }
    }
    return {
      name: `validation-${slug(setting)}`,
      title: `Validation over ${setting}`,
      caption: "A mark per candidate, with its error on held-out training images; what was chosen is red.",
      spec: { data: { values }, ...chartStyle.panels(unit, rows, [], "shared") }
    }
  })
