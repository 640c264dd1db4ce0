/** What held-out images said of the candidates of a search. */
import type * as Results from "../../src/experiment/Results.ts"
import type { Chart } from "../../src/report/Chart.ts"
import { overEach } from "../../src/report/choices.ts"
import { named } from "./cells.ts"

/** Errors on held-out images over every setting that was searched, a panel for each row. */
export const validation = (results: Results.Results): Chart => {
  const name = named(results)
  const panels = overEach(results.cells.map((cell) => ({ ...cell, row: name(cell) })))
  return {
    name: results.name,
    title: `Errors on held-out images of the candidates of ${results.name}`,
    caption: "",
    spec: { vconcat: panels.map(({ spec, title }) => Object.assign({}, spec, { title })), spacing: 24 } as Chart["spec"]
  }
}
