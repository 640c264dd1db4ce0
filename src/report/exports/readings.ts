/** Measures of an epoch as rows, whatever they are: those that every epoch records, and those that were asked for. */
import { recorded, type RecordedMeasure } from "../../training/measures.ts"
import type { EpochDone } from "../../training/TrainingEvent.ts"

/** One value of a measure. */
export interface MeasuredRow {
  readonly epoch: number
  readonly measure: string
  readonly panel: string | undefined
  readonly line: string | undefined
  readonly value: number
  readonly bound: number | undefined
}

const row = (
  epoch: EpochDone,
  measure: string,
  value: number,
  { bound, line, panel }: Partial<Pick<MeasuredRow, "bound" | "line" | "panel">>
): MeasuredRow => ({ epoch: epoch.epoch, measure, panel, line: line === "" ? undefined : line, value, bound })

/** What was measured at the end of an epoch, beside losses and accuracies. */
export const measured = (epoch: EpochDone): ReadonlyArray<MeasuredRow> => [
  ...Object.entries<RecordedMeasure>(recorded).filter(([, { isInTable = false }]) => !isInTable).flatMap(
    ([name, { readings }]) =>
      readings(epoch).map(({ bound, line, panel, value }) =>
        row(epoch, name, value, { bound, line, panel: panel?.join(", ") })
      )
  ),
  ...(epoch.measures ?? []).flatMap(({ name, readings }) =>
    Object.entries(readings).map(([line, value]) => row(epoch, name, value, { line }))
  )
]
