/** What figures show of runs: measures by epoch, gradient norms, spectra. */
import { type MeasureAxes, type Reading, recorded, type RecordedMeasure } from "../training/measures.ts"
import type { EpochDone } from "../training/TrainingEvent.ts"
import type { Chart } from "./Chart.ts"
import { type CurveAxes, curves, type Point } from "./curves.ts"
import type { RunRecord } from "./RunRecord.ts"
import { middle, resized } from "./Steps.ts"

/** One run, and the row that it belongs to. */
export interface RowRun extends Omit<RunRecord, "damaged"> {
  readonly row: string
}

/** A figure of what runs recorded; undefined where they did not. */
type Figure = (runs: ReadonlyArray<RowRun>) => Chart | undefined

const figure = (quantity: CurveAxes, points: (run: RowRun) => ReadonlyArray<Point>): Figure => (runs) =>
  curves(quantity, runs.flatMap(points))

/** Where a reading stands: lines of several rows are told apart by panels, those of one run by their colours. */
type Layout = (row: string, at: number, reading: Reading) => Point

const inPanels: Layout = (row, at, { bound, line = "", panel = [], value }) => {
  const [across, down] = [...panel, ...(line === "" ? [] : [line])]
  if (across === undefined) return { row, at, value, bound }
  return { row, at, value, bound, panel: down === undefined ? [across] : [across, down] }
}

const inColours: Layout = (_, at, { bound, line: row = "", panel, value }) =>
  panel === undefined ? { row, at, value, bound } : { row, at, value, bound, panel }

/** The figure of a measure by epoch. */
const ofMeasure = (
  name: string,
  { caption, scale, title, value, zero }: MeasureAxes,
  readings: (epoch: EpochDone) => ReadonlyArray<Reading>,
  layout: Layout
): Figure =>
  figure(
    {
      name,
      title,
      caption,
      value,
      over: "epoch",
      ...(scale === undefined ? {} : { scale }),
      ...(zero === undefined ? {} : { zero })
    },
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

/** Parts of a run that a curve shows, at most. */
const mostShown = 100

/** The length of the directions of all POMs together. */
export const gradientNorm: Figure = (runs) => {
  // Of one size for all runs, so that those which ended early are seen beside the others.
  const longest = Math.max(1, ...runs.map(({ steps }) => steps.last))
  const size = 2 ** Math.max(0, Math.ceil(Math.log2(longest / mostShown)))
  return figure(
    {
      name: "gradient-norm",
      title: "Gradient norm by step",
      caption: `√(Σ R²) over all POMs${size === 1 ? "" : `, mean over every ${size} steps`}, on a logarithmic scale.`,
      over: "step",
      value: "gradient norm",
      scale: "log"
    },
    ({ row, steps }) =>
      resized(steps, size).map(({ gradientNorm, index }) => ({ row, at: middle(index, size), value: gradientNorm }))
  )(runs)
}

/** So many of a list at most, evenly, with the first and the last. */
const thinned = (count: number, most: number): ReadonlyArray<number> =>
  Array.from(
    { length: Math.min(count, most) },
    (_, i) => count <= most ? i : Math.round(i * (count - 1) / (most - 1))
  )

/** Panels of layers and singular values of each, at most. */
const [mostLayers, mostValues] = [24, 64]

/** Singular values of every layer at the end, largest first, a panel per layer. */
export const spectra: Figure = (runs) => {
  const layers = [
    ...new Set(
      runs.flatMap(({ spectra }) =>
        spectra.filter(({ singularValues }) => singularValues !== undefined).map(({ layer }) => layer)
      )
    )
  ]
  const shown = new Set(thinned(layers.length, mostLayers).map((i) => layers[i]!))
  const left = layers.length === shown.size ? "" : ` ${shown.size} of ${layers.length} layers.`
  return figure(
    {
      name: "spectra",
      title: "Spectra of the layers",
      caption: "Singular values at the end of every kernel as one matrix of height × width × inputs by outputs, " +
        `the largest first.${left}`,
      over: { title: "place", format: "~%" },
      value: "singular value",
      zero: true
    },
    ({ row, spectra }) =>
      spectra.filter(({ layer }) => shown.has(layer)).flatMap(({ layer, singularValues: values = [] }) =>
        thinned(values.length, mostValues).map((i) => ({
          row,
          at: (i + 0.5) / values.length,
          value: values[i]!,
          panel: [layer] as const
        }))
      )
  )(runs)
}
