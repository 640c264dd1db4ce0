/** Figures of what was measured when a run was done. */
import { atEnd, type EndFigure, type EndMeasure, type PlacedReading } from "../training/measures.ts"
import { type Figure, figure, inPanels, type RowRun } from "./Figure.ts"

/** So many of a list at most, evenly, with the first and the last. */
const thinned = <A>(all: ReadonlyArray<A>, most: number): ReadonlyArray<A> =>
  all.length <= most
    ? all
    : Array.from({ length: most }, (_, i) => all[Math.round(i * (all.length - 1) / (most - 1))]!)

/** Panels of a figure and values of each of their lines, at most. */
const [mostPanels, mostValues] = [24, 64]

const panelOf = ({ panel }: PlacedReading) => JSON.stringify(panel)
const lineOf = ({ line, panel }: PlacedReading) => JSON.stringify([panel, line])

/** The figure of a measure at the end. */
const ofMeasure = (name: string, measure: EndFigure<unknown>): Figure => (runs) => {
  const readings = ({ ends }: RowRun) => name in ends ? measure.readings(ends[name]) : []
  const panels = [...new Set(runs.flatMap((run) => readings(run).map(panelOf)))]
  const shown = new Set(thinned(panels, mostPanels))
  const left = panels.length === shown.size ? "" : ` ${shown.size} of ${panels.length} are shown.`
  return figure({ ...measure, name, caption: `${measure.caption}${left}` }, (run) => {
    const lines = Map.groupBy(readings(run).filter((reading) => shown.has(panelOf(reading))), lineOf)
    return [...lines.values()].flatMap((line) =>
      thinned(line, mostValues).map((reading) => inPanels(run.row, reading.at, reading))
    )
  })(runs)
}

/** Figures of all measures at the end, a line per row. */
export const endFigures: ReadonlyArray<Figure> = Object.entries<EndMeasure>(atEnd).flatMap(([name, { figure }]) =>
  figure === undefined ? [] : [ofMeasure(name, figure)]
)
