/** Figures of measures by epoch. */
import { type MeasureAxes, type Reading, recorded, type RecordedMeasure } from "../training/measures.ts"
import type { EpochDone } from "../training/TrainingEvent.ts"
import type { Chart } from "./Chart.ts"
import { type Figure, figure, inColours, inPanels, type Layout, type RowRun } from "./Figure.ts"

/** The figure of a measure by epoch. */
const ofMeasure = (
  name: string,
  axes: MeasureAxes,
  readings: (epoch: EpochDone) => ReadonlyArray<Reading>,
  layout: Layout
): Figure =>
  figure(
    { ...axes, name, over: "epoch" },
    ({ epochs, row }) => epochs.flatMap((epoch) => readings(epoch).map((reading) => layout(row, epoch.epoch, reading)))
  )

/** Figures of what the runs were asked to measure. */
const asked = (layout: Layout) => (runs: ReadonlyArray<RowRun>): ReadonlyArray<Chart | undefined> => {
  const all = runs.flatMap(({ epochs }) => epochs.flatMap(({ measures = [] }) => measures))
  return [...new Map(all.map((record) => [record.name, record])).values()].map((axes) =>
    ofMeasure(
      axes.name,
      axes,
      ({ measures = [] }) =>
        measures.filter(({ name }) => name === axes.name).flatMap(({ readings }) =>
          Object.entries(readings).map(([line, value]) => ({ value, line }))
        ),
      layout
    )(runs)
  )
}

const figuresOf = (layout: Layout, shown: (measure: RecordedMeasure) => boolean) => (runs: ReadonlyArray<RowRun>) => [
  ...Object.entries<RecordedMeasure>(recorded).filter(([, measure]) => shown(measure)).map(([name, measure]) =>
    ofMeasure(name, measure, measure.readings, layout)(runs)
  ),
  ...asked(layout)(runs)
]

/** Figures of all measures by epoch, a line per row. */
export const measures = figuresOf(inPanels, () => true)

/** Figures of the measures of one run by epoch, without those that its table shows. */
export const measuresOfRun = figuresOf(inColours, ({ isInTable = false }) => !isInTable)
