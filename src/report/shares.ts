/** How often the curvature of a POM shortens its step. */
import { isShortened } from "../training/measures/factors.ts"
import type { Chart } from "./Chart.ts"
import * as chartStyle from "./chartStyle.ts"
import type { Figure } from "./Figure.ts"

const layerOf = (pom: string) => pom.slice(0, pom.lastIndexOf("/"))

/** The share of recorded steps with g > 1 of every POM; of every row one run. */
export const shares: Figure = (runs): Chart | undefined => {
  const rows = [...Map.groupBy(runs, ({ row }) => row).values()].map((seeds) => seeds[0]!)
  const values = rows.flatMap(({ row, steps: { poms } }) => {
    const told = poms.steps.flatMap(({ factors }) => factors === undefined ? [] : [factors])
    if (told.length === 0) return []
    return poms.names.map((pom, i) => ({
      across: row,
      pom,
      layer: layerOf(pom),
      share: 100 * told.filter((factors) => isShortened(factors[i]!)).length / told.length
    }))
  })
  if (values.length === 0) return undefined
  const across = [...new Set(values.map(({ across }) => across))].filter((row) => row !== "")
  const unit = {
    width: chartStyle.size(across.length).width,
    height: { step: 22 },
    mark: { type: "tick" as const, thickness: 2, opacity: 0.6 },
    encoding: {
      x: {
        field: "share",
        type: "quantitative" as const,
        scale: { domain: [0, 100], nice: false },
        axis: { tickCount: 5 },
        title: "share of steps, %"
      },
      y: { field: "layer", type: "nominal" as const, title: null, sort: null },
      detail: { field: "pom" }
    }
  }
  const mean = values.reduce((sum, { share }) => sum + share, 0) / values.length
  return {
    name: "shortened",
    title: "Steps with g > 1 by POM",
    caption: `A mark per POM: in so many of the steps that tell of it, its curvature shortened the step (g > 1); ` +
      `${mean === 0 ? "of none" : `${mean.toPrecision(2)} % on average`}.`,
    spec: { data: { values }, ...chartStyle.panels(unit, across, [], "shared") }
  }
}
