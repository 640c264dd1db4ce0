/** Curves of what steps tell of every POM. */
import type { Chart } from "./Chart.ts"
import * as chartStyle from "./chartStyle.ts"
import { evenly, mostPoms, type OfPoms, type Steps } from "./Steps.ts"

/** What is known of every POM in some steps. */
interface Quantity {
  readonly name: string
  readonly title: string
  readonly caption: string
  readonly value: string
  readonly of: OfPoms
}

const factor: Quantity = {
  name: "factors",
  title: "Step-size factor of every POM",
  caption: "1/g: 1 where a step is plain, less where the product's curvature shortens it",
  value: "1/g",
  of: "factors"
}

const gradientNorm: Quantity = {
  name: "pom-gradient-norms",
  title: "Gradient norm of every POM",
  caption: "R, the length of the direction in each product",
  value: "R",
  of: "gradientNorms"
}

/** A run, and the row that it belongs to; one of every row is shown, as POMs are drawn anew for every seed. */
interface Run {
  readonly row: string
  readonly seed?: number
  readonly steps: Steps
}

const layerOf = (pom: string) => pom.slice(0, pom.lastIndexOf("/"))

const values = ({ of }: Quantity, { row, steps: { poms } }: Run, most: number) => {
  const shown = evenly(poms.names.map((name, i) => [name, i] as const), most)
  return {
    isThinned: shown.length < poms.total,
    points: poms.steps.flatMap(({ [of]: told, step }) =>
      told === undefined
        ? []
        : shown.map(([pom, i]) => ({ across: row, at: step, pom, layer: layerOf(pom), value: told[i]! }))
    ).filter(({ value }) => value > 0 && Number.isFinite(value))
  }
}

const curves = (quantity: Quantity) => (runs: ReadonlyArray<Run>): Chart | undefined => {
  const rows = [...Map.groupBy(runs, ({ row }) => row).values()].map((seeds) =>
    seeds.find(({ steps }) => steps.poms.steps.some(({ [quantity.of]: told }) => told !== undefined)) ?? seeds[0]!
  )
  const most = Math.max(24, Math.floor(mostPoms / rows.length))
  const drawn = rows.map((run) => values(quantity, run, most))
  const points = drawn.flatMap(({ points }) => points)
  if (points.length === 0) return undefined
  const across = [...new Set(points.map(({ across }) => across))].filter((row) => row !== "")
  const thinned = drawn.some(({ isThinned }) => isThinned)
    ? `one line per POM, at most ${most} of them`
    : "one line per POM"
  const seeds = new Set(rows.flatMap(({ seed }) => seed ?? []))
  const which = across.length === 0
    ? ""
    : ` Of every row one run${seeds.size === 1 ? `, seed ${[...seeds][0]}` : ""}: POMs are drawn anew for every seed.`
  const unit = {
    ...chartStyle.size(across.length),
    mark: { type: "line" as const, strokeWidth: 1, opacity: 0.5, aria: false },
    encoding: {
      x: {
        field: "at",
        type: "quantitative" as const,
        scale: { zero: false, nice: false },
        axis: chartStyle.steps,
        title: "step"
      },
      y: {
        field: "value",
        type: "quantitative" as const,
        ...chartStyle.logarithmic(points.map(({ value }) => value)),
        title: quantity.value
      },
      detail: { field: "pom" },
      color: chartStyle.colours([...new Set(points.map(({ layer }) => layer))], "layer")
    }
  }
  return {
    name: quantity.name,
    title: quantity.title,
    caption: `${quantity.caption}; ${thinned}, on a logarithmic scale.${which}`,
    spec: { data: { values: points }, ...chartStyle.panels(unit, across, [], "shared") }
  }
}

/** What curvature leaves of the step size, POM by POM; undefined where no step tells. */
export const factors = curves(factor)

/** The length of the direction of every POM; undefined where no step tells. */
export const gradientNorms = curves(gradientNorm)
