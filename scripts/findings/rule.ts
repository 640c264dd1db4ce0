/** Where the step rule shortens steps, and which rates it allows. */
import type * as Results from "../../src/experiment/Results.ts"
import { columnsOf, rowsOf } from "./cells.ts"
import { isConvolution } from "./layers.ts"
import { mean, table } from "./markdown.ts"

interface LayerRule {
  readonly name: string
  readonly acts: number
  readonly factor: number
  readonly norm: number
}

/** Of every layer, by the run. */
export type LayerRules = Readonly<Record<string, ReadonlyArray<LayerRule>>>

/** Where the step rule shortened steps, as means over the seeds; rows without curvature or rule have none. */
export const rule = ({ cells }: Results.Results, own: LayerRules) => {
  const known = cells.map(({ finals, row }) => ({ row, runs: finals.map(({ id }) => own[id]!) }))
    .filter(({ runs }) => runs.some((layers) => layers.some(({ acts }) => acts > 0)))
  const names = known[0]!.runs[0]!.map(({ name }) => name)
  return table(
    ["method", ...names.map((name) => `${name}: steps with g > 1, median 1/g, median R`)],
    known.map(({ row, runs }) =>
      [row].concat(names.map((_, i) => {
        const of = (key: "acts" | "factor" | "norm") => mean(runs.map((layers) => layers[i]![key]))
        return `${(100 * of("acts")).toFixed(0)} %, ${of("factor").toFixed(2)}, ${of("norm").toFixed(2)}`
      }))
    )
  )
}

/** The same over the convolutions of a residual network: the mean of their layers, and the one where it acts most. */
export const ruleOfConvolutions = (
  { baseline, cells }: Results.Results,
  own: LayerRules
) =>
  table(
    ["method", "steps with g > 1", "most in a layer", "median R, smallest and largest of a layer"],
    cells.filter(({ row }) => row !== baseline).map(({ finals, row }) => {
      const runs = finals.map(({ id }) => own[id]!)
      const layers = runs[0]!.flatMap(({ name }, i) => {
        const of = (key: "acts" | "norm") => mean(runs.map((run) => run[i]![key]))
        return isConvolution(name) ? [{ name, acts: of("acts"), norm: of("norm") }] : []
      })
      const [most] = layers.toSorted((a, b) => b.acts - a.acts) as [typeof layers[number]]
      const norms = layers.map(({ norm }) => norm)
      return [
        row,
        percent(mean(layers.map(({ acts }) => acts))),
        most.acts === 0 ? "–" : `${percent(most.acts)}, ${most.name}`,
        `${Math.min(...norms).toFixed(3)}, ${Math.max(...norms).toFixed(3)}`
      ]
    })
  )

const percent = (share: number) => `${(100 * share).toFixed(2)} %`

/** A network of ten classes that learns nothing has it. */
const chance = Math.log(10)

/** Errors by rate where the last epoch is better than chance in the mean, and the largest rate that is. */
export const stability = (results: Results.Results, own: LayerRules) => {
  const learns = ({ also }: Results.CellResult) => (also?.trainLoss?.mean ?? Number.POSITIVE_INFINITY) < chance
  return table(
    ["rule", ...columnsOf(results), "largest that learns", "hidden1 at rate 0.3: median 1/g"],
    rowsOf(results).map((row) => {
      const ofRow = results.cells.filter((cell) => cell.row === row)
      const at = ofRow.find(({ column }) => column === "rate 0.3")!
      return [row].concat(
        ofRow.map((cell) => learns(cell) ? cell.error!.mean.toFixed(1) : "–"),
        ofRow.findLast(learns)?.column ?? "none",
        mean(at.finals.map(({ id }) => own[id]![0]!.factor)).toFixed(2)
      )
    })
  )
}
