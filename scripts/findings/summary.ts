/** All experiments at a glance: differences from the tuned baseline, as a table and as a figure. */
import * as Results from "../../src/experiment/Results.ts"
import type { Chart } from "../../src/report/Chart.ts"
import { cellOf } from "./cells.ts"
import { table } from "./markdown.ts"

/** An experiment by the setting that it is of. */
interface Titled {
  readonly title: string
  readonly results: Results.Results
}

/** An experiment, and which of its rows is the one that the paper proposes, or the nearest to it that was run. */
export interface Asked extends Titled {
  readonly proposed: string
}

const errorOf = ({ error }: Results.CellResult) => Results.plusMinus(error!)

/** Of every experiment its baseline and the proposed row. */
export const summary = (experiments: ReadonlyArray<Asked>): string =>
  table(
    ["setting", "trials", "baseline: test error %", "proposed: test error %", "difference (p; Holm)"],
    experiments.map(({ proposed, results, title }) => {
      const [baseline, own] = [cellOf(results, results.baseline), cellOf(results, proposed)]
      const trials = results.cells.reduce((sum, cell) => sum + cell.candidates.length + cell.finals.length, 0)
      return [
        title,
        String(trials),
        `${baseline.row}: ${errorOf(baseline)}`,
        `${proposed}: ${errorOf(own)}`,
        Results.difference(own.versusBaseline)
      ]
    })
  )

/** Methods whose kernels are on no manifold. */
const isEuclidean = (row: string) => /^(?:AdamW|Euc|Muon|SGD)\b/.test(row)

/** A difference of more points is left to the tables: it would make all others small. */
const mostPoints = 10

const valuesOf = ({ cells }: Results.Results) =>
  cells.flatMap(({ row, versusBaseline: paired }) =>
    paired?.halfWidth === undefined || Math.abs(paired.mean) > mostPoints ? [] : [{
      row,
      mean: paired.mean,
      low: paired.mean - paired.halfWidth,
      high: paired.mean + paired.halfWidth,
      kernels: isEuclidean(row) ? "Euclidean kernels" : "kernels on manifolds"
    }]
  )

/** The rows of an experiment, the best one first. */
const panel = ({ results, title }: Titled, i: number, { length }: ReadonlyArray<Titled>) => {
  const x = (field: string) => ({
    field,
    type: "quantitative" as const,
    title: i === length - 1 ? "difference of test error from the baseline, points (left is better)" : null,
    axis: { tickCount: 8 }
  })
  const y = { field: "row", type: "nominal" as const, title: null, sort: { field: "mean" }, axis: { labelLimit: 400 } }
  const color = {
    field: "kernels",
    type: "nominal" as const,
    title: null,
    scale: { domain: ["Euclidean kernels", "kernels on manifolds"], range: ["#888888", "#1f5a96"] },
    legend: { orient: "top" as const }
  }
  return {
    title: {
      text: `${title}, against ${results.baseline}`,
      anchor: "start" as const,
      frame: "group" as const,
      fontSize: 12
    },
    data: { values: valuesOf(results) },
    width: 420,
    height: { step: 18 },
    layer: [
      { mark: { type: "rule" as const, color: "#bbb" }, encoding: { x: { datum: 0 } } },
      {
        mark: { type: "rule" as const, strokeWidth: 2 },
        encoding: { x: x("low"), x2: { field: "high" }, y, color }
      },
      {
        mark: { type: "point" as const, filled: true, size: 45, opacity: 1 },
        encoding: { x: x("mean"), y, color }
      }
    ]
  }
}

/** Rows of all experiments by their difference from the baseline, with 95 % intervals. */
export const figure = (experiments: ReadonlyArray<Titled>): Chart => ({
  name: "findings",
  title: "Differences of test error from the tuned baseline, with 95 % intervals",
  caption: "",
  spec: { vconcat: experiments.map(panel), resolve: { scale: { x: "shared", y: "independent" } }, spacing: 14 }
})
