/** What figures of measures say, and where a value stands in them. */

/** What a figure of a measure says. */
export interface MeasureAxes {
  readonly title: string
  readonly caption: string
  /** Of the vertical axis. */
  readonly value: string
  readonly scale?: "log"
  /** Whether zero belongs on a linear axis. */
  readonly zero?: boolean
  /** What no value is beyond, as 0 and 100 %. */
  readonly limits?: readonly [low: number, high: number]
}

/** The limits of shares in percent. */
export const percent = [0, 100] as const

/** A value, and where it stands in a figure: a panel, by column and row, and a line in it. */
export interface Reading {
  readonly value: number
  /** What it is promised not to exceed. */
  readonly bound?: number | undefined
  readonly panel?: readonly [across: string, down?: string]
  readonly line?: string
}
