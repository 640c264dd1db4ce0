/** What rows erred, chose and tried, and which differences their seeds can see. */
import { Statistics } from "finegrain"
import { edgesOf } from "../../src/experiment/edges.ts"
import * as Results from "../../src/experiment/Results.ts"
import { quantile } from "../../src/numerics/quantile.ts"
import { cellOf, columnsOf, named, rowsOf } from "./cells.ts"
import { mean, table } from "./markdown.ts"

export const counts = (results: Results.Results) => {
  const { cells } = results
  const [candidates, finals] = [cells.flatMap((cell) => cell.candidates), cells.flatMap((cell) => cell.finals)]
  const seeds = new Set(finals.map(({ seed }) => seed)).size
  const columns = columnsOf(results).length
  const each = columns > 1 ? ` in ${columns} columns` : ""
  return `${candidates.length + finals.length} trials: ${candidates.length} that chose, ${finals.length} final ones ` +
    `(${cells.length / columns} methods${each}, ${seeds} seeds).`
}

/** Test errors, differences from the baseline, training errors and gaps, best row of a column first. */
export const errors = (results: Results.Results) => {
  const name = named(results)
  return table(
    ["method", "test error %", `minus ${results.baseline} (p; Holm)`, "training error %", "gap %", "chosen"],
    columnsOf(results).flatMap((column) =>
      results.cells.filter((cell) => cell.column === column).toSorted((a, b) => a.error!.mean - b.error!.mean)
    ).map((cell) => [
      name(cell),
      Results.plusMinus(cell.error!),
      Results.difference(cell.versusBaseline),
      Results.plusMinus(cell.also!.trainError!),
      Results.plusMinus(cell.also!.gap!),
      String(cell.chosen)
    ])
  )
}

/** A difference that is told without a test. */
export const described = (paired: Statistics.Paired) => Results.difference({ ...paired, p: undefined })

/** How much more a row errs than another, paired by seed. */
export const between = (results: Results.Results, row: string, other: string) => {
  const errorsOf = (name: string) => Results.bySeed(Results.testError, cellOf(results, name).finals)
  return `${described(Statistics.byKey(errorsOf(row), errorsOf(other))!)} points.`
}

/** Test errors seed by seed, where a mean would hide that some runs learn nothing. */
export const bySeed = ({ cells }: Results.Results) =>
  table(
    ["row", "chosen", "test error % of each seed", "median"],
    cells.map(({ chosen, finals, row }) => {
      const own = finals.map(({ summary }) => Results.errorPercent(summary!.testAccuracy!))
      const median = quantile(own.toSorted((a, b) => a - b), 0.5)
      return [row, String(chosen), own.map((error) => error.toFixed(1)).join(", "), median.toFixed(1)]
    })
  )

/** The differences that the comparisons find with probability .8, from the deviations that they had. */
export const power = ({ cells }: Results.Results) => {
  const tests = cells.flatMap(({ versusBaseline: paired }) => paired?.p === undefined ? [] : [paired])
  const deviations = tests.map(({ deviation }) => deviation!).toSorted((a, b) => a - b)
  const seen = (level: number) => {
    const times = Statistics.detectable(tests[0]!.count, level)
    const [least, median, most] = [0, 0.5, 1].map((share) => quantile(deviations, share))
    return [median, least, most].map((deviation) => (times * deviation!).toFixed(2))
  }
  if (tests.length === 1) return `${seen(0.05)[0]} points, with probability .8 at level .05.`
  return table(
    ["level", "median comparison", "most certain", "least certain"],
    [[".05, alone", ...seen(0.05)], [`.05/${tests.length}, first of Holm's steps`, ...seen(0.05 / tests.length)]]
  )
}

/** The rows that were searched anew in wider ranges: what either search chose, how good it was, and what came of it. */
export const searches = (results: Results.Results) => {
  const of = (row: string) => {
    const { candidates, chosen, error } = cellOf(results, row)
    const { summary } = candidates.find(({ candidate }) => candidate === chosen)!
    return `${chosen}: ${(100 * summary!.testAccuracy!).toFixed(2)} → ${Results.plusMinus(error!)}`
  }
  const rows = rowsOf(results).filter((row) => row.endsWith(" (wider)")).map((row) => row.slice(0, -8))
  return table(
    ["method", "as registered: chosen, held-out accuracy % → test error %", "in wider ranges"],
    rows.map((row) => [row, of(row), of(`${row} (wider)`)])
  )
}

/** Accuracy over training images by the kind of their label, as means over the seeds. */
export const byLabel = (results: Results.Results) => {
  const name = named(results)
  return table(
    ["method", "right labels %", "changed labels %", "by chance %", "the right ones of those %"],
    results.cells.map((cell) => {
      const [right, changed, corrected] = ["clean", "changed", "corrected"].map((kind) =>
        mean(cell.finals.map(({ summary }) => summary!.measured!["label-noise"]![kind]!))
      ) as [number, number, number]
      // A changed label is any of the nine others, whatever the network makes of the image.
      return [name(cell), ...[right, changed, (100 - corrected) / 9, corrected].map((share) => share.toFixed(1))]
    })
  )
}

/** What was chosen at the edge of its range. */
export const edges = ({ cells }: Results.Results) =>
  cells.flatMap(edgesOf).map((text) => `- ${text}`).join("\n") || "None."
