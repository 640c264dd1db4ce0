import * as Effect from "effect/Effect"
import * as Path from "effect/Path"
import * as Results from "../experiment/Results.ts"
import { slug } from "../experiment/slug.ts"
import type { Chart } from "./Chart.ts"
import * as charts from "./charts.ts"
import type { Content } from "./content.ts"
import { endFigures } from "./endFigures.ts"
import { measures } from "./epochFigures.ts"
import { pomFigures } from "./pomCurves.ts"
import * as RunRecord from "./RunRecord.ts"
import { stepFigures } from "./stepFigures.ts"

/** Test errors of the seeds by row, of a column of the table. */
const dots = (cells: ReadonlyArray<Results.CellResult>): ReadonlyArray<charts.Dots> =>
  cells.flatMap(({ error, finals, row }) =>
    error === undefined ? [] : [{
      row,
      values: finals.flatMap(({ summary }) =>
        summary?.testAccuracy === undefined ? [] : [Results.errorPercent(summary.testAccuracy)]
      ),
      mean: error.mean,
      halfWidth: error.halfWidth
    }]
  )

/** A figure under the name of its column. */
const named = (column: string) => (chart: Chart): Chart => ({
  ...chart,
  name: `${chart.name}-${slug(column)}`,
  title: `${chart.title}, ${column}`
})

/**
 * The report of an experiment: its table, and per column figures of what its runs recorded, a line per row.
 *
 * @internal
 */
export const ofExperiment = Effect.fnUntraced(function*(
  directory: string,
  results: Results.Results,
  read: RunRecord.ReadRunRecord = RunRecord.read
) {
  const path = yield* Path.Path
  const [header, rows] = Results.table(results)
  const damaged: Array<string> = []
  const perColumn = yield* Effect.forEach(
    Map.groupBy(results.cells, ({ column }) => column),
    Effect.fnUntraced(function*([column, cells]) {
      const runs = yield* Effect.forEach(
        cells.flatMap(({ finals, row }) => finals.map(({ id, seed }) => ({ id, seed, row }))),
        ({ id, row, seed }) =>
          Effect.map(read(path.join(directory, "trials", id)), (recorded) => {
            damaged.push(...recorded.damaged.map((text) => `${id}: ${text}`))
            return { ...recorded, row, seed }
          })
      )
      const all = [
        charts.errorDots(dots(cells)),
        ...measures(runs),
        ...[...stepFigures, ...pomFigures, ...endFigures].map((figure) => figure(runs))
      ]
      return all.filter((chart) => chart !== undefined).map(named(column))
    })
  )
  const content: Content = {
    title: `${results.name}${results.smoke ? " (smoke run)" : ""}`,
    before: [
      { _tag: "Text", text: results.about },
      { _tag: "Table", header, rows },
      ...damaged.map((text) => ({ _tag: "Text" as const, text: `Not read: ${text}` }))
    ],
    figures: perColumn.flat(),
    after: [{ _tag: "Json", title: "Results", value: results }],
    isRunning: results.cells.some(({ candidates, finals }) =>
      [...candidates, ...finals].some(({ status }) => status === "running")
    )
  }
  return content
})
