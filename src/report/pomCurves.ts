/** Curves of what steps tell of every POM. */
import { type OfPoms, ofPoms, type PomMeasure } from "../training/measures.ts"
import type { Chart } from "./Chart.ts"
import * as chartStyle from "./chartStyle.ts"
import { evenly, mostPoms, type Steps } from "./Steps.ts"

/** A run, and the row that it belongs to; one of every row is shown, as POMs are drawn anew for every seed. */
interface Run {
  readonly row: string
  readonly seed?: number
  readonly steps: Steps
}

const layerOf = (pom: string) => pom.slice(0, pom.lastIndexOf("/"))

const values = (of: OfPoms, { row, steps: { poms } }: Run, most: number) => {
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

const curves = (of: OfPoms, measure: PomMeasure) => (runs: ReadonlyArray<Run>): Chart | undefined => {
  const rows = [...Map.groupBy(runs, ({ row }) => row).values()].map((seeds) =>
    seeds.find(({ steps }) => steps.poms.steps.some(({ [of]: told }) => told !== undefined)) ?? seeds[0]!
  )
  const most = Math.max(24, Math.floor(mostPoms / rows.length))
  const drawn = rows.map((run) => values(of, run, most))
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
        title: measure.value
      },
      detail: { field: "pom" },
      color: chartStyle.colours([...new Set(points.map(({ layer }) => layer))], "layer")
    }
  }
  return {
    name: measure.figure,
    title: measure.title,
    caption: `${measure.caption}; ${thinned}, on a logarithmic scale.${which}`,
    spec: { data: { values: points }, ...chartStyle.panels(unit, across, [], "shared") }
  }
}

/** Figures of all measures of POMs; undefined where no step tells. */
export const pomFigures = Object.entries<PomMeasure>(ofPoms).map(([name, measure]) => curves(name as OfPoms, measure))
