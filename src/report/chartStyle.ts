/** One look for all figures: sizes, axes, legends, and panels side by side. */

/** Of the drawing area of a figure without panels. */
export const width = 600

/** Of axes and gaps beside every panel. */
const beside = 60

/** Panels in a row, at most. */
const mostAcross = 3

/**
 * The drawing area of one of so many panels.
 *
 * @internal
 */
export const size = (panels: number): { readonly width: number; readonly height: number } => {
  const beyond = Math.min(panels, mostAcross)
  return beyond < 2
    ? { width, height: 280 }
    : { width: Math.floor(((beyond === 2 ? width : 760) - beside * (beyond - 1)) / beyond), height: 180 }
}

/** Of the axis of a whole number, as that of epochs is. */
export const whole = { tickMinStep: 1, format: "d", tickCount: 6 }

/** Of the axis of steps. */
export const steps = { tickMinStep: 1, format: ",d", tickCount: 5 }

/** Decades up to which there is room for more than powers of ten, and powers of ten on one axis, at most. */
const [fewDecades, mostPowers] = [2, 7]

/**
 * A logarithmic axis from one power of ten to another, around positive values.
 *
 * @internal
 */
export const logarithmic = (values: ReadonlyArray<number>) => {
  const [least, most] = values.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [Infinity, 0])
  const high = Math.ceil(Math.log10(most))
  const low = Math.min(high - 1, Math.floor(Math.log10(least)))
  const mantissas = high - low <= fewDecades ? [1, 2, 5] : [1]
  const every = Math.ceil((high - low) / mostPowers)
  const powers = Array.from({ length: high - low + 1 }, (_, i) => low + i).filter((_, i) => i % every === 0)
  return {
    scale: { type: "log" as const, domain: [10 ** low, 10 ** high] },
    axis: {
      values: powers.flatMap((power) => mantissas.map((m) => m * 10 ** power)).filter((tick) => tick <= 10 ** high),
      labelExpr: "datum.value < 0.001 || datum.value >= 10000 ? format(datum.value, '~e') : format(datum.value, '~g')"
    }
  }
}

/** Of a number that may be anywhere; zero is where it happens to be, or always on the axis. */
export const linear = (zero: boolean) => ({ scale: { zero }, axis: { tickCount: 5 } })

/** Of twenty colours, neighbours are alike; more are the shades of an order, as that of layers is. */
const palette = (names: number) => ({
  scheme: names > 20 ? "viridis" as const : names > 10 ? "tableau20" as const : "tableau10" as const
})

/** Of so many names in an order, these are in the legend. */
const told = (names: ReadonlyArray<string>) =>
  names.length <= 20 ? [...names] : names.filter((_, i) => i % Math.ceil(names.length / 10) === 0)

/**
 * Pixels that a legend may take, so that it is seen on a phone, too; and those of a letter and of a symbol with its
 * gap.
 */
const legendWidth = 480
const letter = 6.5
const symbol = 32

/**
 * Colours of lines by row, with a legend below that is as wide as its names allow; none for a line without a name.
 *
 * @internal
 */
export const colours = (names: ReadonlyArray<string>, field = "row") => {
  const values = told(names)
  const longest = Math.max(...values.map((name) => name.length))
  return {
    field,
    type: "nominal" as const,
    title: null,
    sort: [...names],
    scale: palette(names.length),
    legend: names.every((name) => name === "") ? null : {
      values,
      orient: "bottom" as const,
      columns: Math.max(1, Math.min(names.length, Math.floor(legendWidth / (letter * longest + symbol)))),
      symbolOpacity: 1,
      symbolType: "stroke" as const,
      symbolStrokeWidth: 3
    }
  }
}

/**
 * A unit, once or in panels: in a grid where those have names down the side, else one after the other.
 *
 * @internal
 */
export const panels = <U extends object>(
  unit: U,
  across: ReadonlyArray<string>,
  down: ReadonlyArray<string>,
  y: "independent" | "shared" = "independent"
) => {
  const by = (field: string, names: ReadonlyArray<string>) => ({
    field,
    type: "nominal" as const,
    title: null,
    sort: [...names],
    // A panel is narrower than many a row's name is long.
    header: { labelLimit: 400, labelExpr: "split(datum.label, ', ')" }
  })
  if (across.length === 0) return unit
  return down.length === 0
    // Every panel has an axis below it: the last row may have gaps.
    ? {
      facet: by("across", across),
      columns: mostAcross,
      resolve: { scale: { y }, axis: { x: "independent" as const } },
      spec: unit
    }
    : { facet: { column: by("across", across), row: by("down", down) }, resolve: { scale: { y } }, spec: unit }
}
