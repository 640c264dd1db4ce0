import * as Effect from "effect/Effect"
import * as Path from "effect/Path"
import * as Results from "../experiment/Results.ts"
import { slug } from "../experiment/slug.ts"
import type { Chart } from "./Chart.ts"
import * as charts from "./charts.ts"
import { candidates, overEach, rungs } from "./choices.ts"
import type { Content } from "./content.ts"
import { endFigures } from "./endFigures.ts"
import { measures } from "./epochFigures.ts"
import type { Section } from "./Html.ts"
import { pomFigures } from "./pomCurves.ts"
import * as RunRecord from "./RunRecord.ts"
import { shares } from "./shares.ts"
import { stepFigures } from "./stepFigures.ts"
import * as words from "./words.ts"

/** Test errors of the seeds by row, of a column of the table. */
const dots = (cells: ReadonlyArray<Results.CellResult>): ReadonlyArray<charts.Dots> =>
  cells.flatMap(({ error, finals, row }) =>
    error === undefined ? [] : [{
      row,
      values: finals.flatMap(({ summary }) => Results.errorOf(summary) ?? []),
      mean: error.mean,
      halfWidth: error.halfWidth
    }]
  )

/** What a line shows of a run: its manifolds by colour, its strategy by dashes. */
const lookOf = ({ collection, strategy }: Readonly<Record<string, unknown>>) => ({
  manifold: String(collection),
  strategy: String(strategy)
})

/** A figure under the name of its column. */
const named = (column: string) => (chart: Chart): Chart => ({
  ...chart,
  name: `${chart.name}-${slug(column)}`,
  title: `${chart.title}, ${column}`
})

/** The title of an experiment's page. */
export const titleOf = ({ name, smoke }: Results.Results): string => `${name}${smoke ? " (smoke run)" : ""}`

/** What the page of an experiment says before its figures: the answer, what was asked, the table, and notes. */
export const wordsOf = (
  results: Results.Results,
  shortenedIn: (trial: string) => words.Shortened | undefined = () => undefined
): ReadonlyArray<Section> => {
  const [header, rows] = Results.table(results)
  return [
    { _tag: "Headline", text: words.ofResults(results) },
    { _tag: "Text", text: results.about },
    { _tag: "Table", header, rows },
    ...words.identicalTexts(results, shortenedIn).map((text) => ({ _tag: "Note" as const, text }))
  ]
}

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
  const told = new Map<string, words.Shortened>()
  const damaged: Array<string> = []
  const perColumn = yield* Effect.forEach(
    Map.groupBy(results.cells, ({ column }) => column),
    Effect.fnUntraced(function*([column, cells]) {
      const runs = yield* Effect.forEach(
        cells.flatMap(({ finals, row }) => finals.map(({ config, id, seed }) => ({ config, id, seed, row }))),
        ({ config, id, row, seed }) =>
          Effect.map(read(path.join(directory, "trials", id)), (recorded) => {
            told.set(id, words.shortened(recorded.steps))
            damaged.push(...recorded.damaged.map((text) => `${id}: ${text}`))
            return { ...recorded, row, seed, look: lookOf(config) }
          })
      )
      const all = [
        charts.errorDots(dots(cells)),
        candidates(cells, new Map(runs.map(({ look, row }) => [row, look]))),
        rungs(cells),
        ...overEach(cells),
        ...measures(runs),
        ...[...stepFigures, ...pomFigures, shares, ...endFigures].map((figure) => figure(runs))
      ]
      return all.filter((chart) => chart !== undefined).map(named(column))
    })
  )
  const content: Content = {
    title: titleOf(results),
    before: [
      ...wordsOf(results, (id) => told.get(id)),
      ...damaged.map((text) => ({
        _tag: "Text" as const,
        text: `Not read: ${text}`
      }))
    ],
    figures: perColumn.flat(),
    after: [{ _tag: "Json", title: "Results", value: results }],
    isRunning: results.cells.some(({ candidates, finals }) =>
      [...candidates, ...finals].some(({ status }) => status === "running")
    )
  }
  return content
})
