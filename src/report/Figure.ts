/** Figures of what runs recorded, and where a reading stands in them. */
import type { Reading } from "../training/measures.ts"
import type { Chart } from "./Chart.ts"
import type { Look } from "./chartStyle.ts"
import { type CurveAxes, curves, type Point } from "./curves.ts"
import type { RunRecord } from "./RunRecord.ts"

/** One run, and the row that it belongs to. */
export interface RowRun extends Omit<RunRecord, "damaged"> {
  readonly row: string
  readonly seed?: number
  readonly look?: Look
}

/** A figure of what runs recorded; undefined where they did not. */
export type Figure = (runs: ReadonlyArray<RowRun>) => Chart | undefined

/** The curves of a quantity, by what every run says of it. */
export const figure = (quantity: CurveAxes, points: (run: RowRun) => ReadonlyArray<Point>): Figure => (runs) =>
  curves(
    quantity,
    runs.flatMap(points),
    new Map(runs.flatMap(({ look, row }) => look === undefined ? [] : [[row, look] as const]))
  )

/** Where a reading stands: lines of several rows are told apart by panels, those of one run by their colours. */
export type Layout = (row: string, at: number, reading: Reading) => Point

/** A panel for every line, in which rows have colours. */
export const inPanels: Layout = (row, at, { bound, line = "", panel = [], value }) => {
  const [across, down] = [...panel, ...(line === "" ? [] : [line])]
  if (across === undefined) return { row, at, value, bound }
  return { row, at, value, bound, panel: down === undefined ? [across] : [across, down] }
}

/** A colour for every line, where there is but one row. */
export const inColours: Layout = (_, at, { bound, line: row = "", panel, value }) =>
  panel === undefined ? { row, at, value, bound } : { row, at, value, bound, panel }
