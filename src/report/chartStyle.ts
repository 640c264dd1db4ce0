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

/** Factors: what a logarithmic axis shows beyond its values, and the least that it shows where they are nearly one. */
const [beyondValues, leastFactor] = [1.05, 1.5]

/** The factor up to which a logarithmic axis is nearly a linear one, and has the ticks of that. */
const fewValues = 6

/** Some four multiples of 1, 2 or 5 times a power of ten from one number to another. */
const multiples = (low: number, high: number): ReadonlyArray<number> => {
  const rough = (high - low) / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5].find((m) => m * power >= rough) ?? 10)
  const first = Math.ceil(low / step)
  return Array.from(
    { length: Math.floor(high / step) - first + 1 },
    (_, i) => Number(((first + i) * step).toPrecision(12))
  )
}

/**
 * A logarithmic axis around positive values, and no wider than they are.
 *
 * @internal
 */
export const logarithmic = (values: ReadonlyArray<number>) => {
  const [least, most] = values.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [Infinity, 0])
  const around = Math.max(beyondValues, Math.sqrt(leastFactor * least / most))
  const [low, high] = [least / around, most * around]
  const [from, to] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))]
  const mantissas = high / low <= 10 ** fewDecades ? [1, 2, 5] : [1]
  const every = Math.ceil((to - from) / mostPowers)
  const powers = Array.from({ length: to - from + 1 }, (_, i) => from + i).filter((_, i) => i % every === 0)
  const logarithms = powers.flatMap((power) => mantissas.map((m) => m * 10 ** power))
  return {
    scale: { type: "log" as const, domain: [low, high], nice: false },
    axis: {
      values: (high / low <= fewValues ? multiples(low, high) : logarithms)
        .filter((tick) => tick >= low && tick <= high),
      labelExpr: "datum.value < 0.001 || datum.value >= 10000 ? format(datum.value, '~e') : format(datum.value, '~g')"
    }
  }
}

/** Of a number that may be anywhere; zero is where it happens to be, or always on the axis. */
export const linear = (zero: boolean) => ({ scale: { zero, nice: false, padding: 4 }, axis: { tickCount: 5 } })

/** Of a number between two others, which the axis does not leave. */
export const within = ([low, high]: readonly [number, number], values: ReadonlyArray<number>) => {
  const [least, most] = values.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [
    Infinity,
    -Infinity
  ])
  const margin = 0.05 * Math.max(most - least, (high - low) / 100)
  return {
    scale: { domain: [Math.max(low, least - margin), Math.min(high, most + margin)], nice: false, zero: false },
    axis: { tickCount: 5 }
  }
}

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

/** What of a row its line shows: the manifold by its colour, the strategy by its dashes. */
export interface Look {
  readonly manifold: string
  readonly strategy: string
}

/** Ten colours that are told apart (Tableau 10), and as many kinds of dashes as there are strategies, and one. */
const tenColours = "4c78a8 f58518 e45756 72b7b2 54a24b eeca3b b279a2 ff9da6 9d755d bab0ac".split(" ")
const dashes = [[1, 0], [7, 3], [2, 2], [8, 3, 2, 3]]

/**
 * Colours and dashes of rows by their looks, where those tell all rows apart; else colours by row.
 *
 * @internal
 */
export const looks = (rows: ReadonlyArray<string>, all: ReadonlyMap<string, Look>) => {
  const own = rows.map((row) => all.get(row))
  const of = (part: keyof Look) => [...new Set(own.map((look) => look?.[part]))]
  const [manifolds, strategies] = [of("manifold"), of("strategy")]
  const isTold = new Set(own.map((look) => JSON.stringify(look))).size === rows.length && !own.includes(undefined) &&
    manifolds.length <= tenColours.length && strategies.length <= dashes.length
  const color = colours(rows)
  if (!isTold || rows.length < 2) return { color }
  const range = own.map((look) => `#${tenColours[manifolds.indexOf(look!.manifold)]!}`)
  const byRow = { ...color, scale: { domain: [...rows], range } }
  return strategies.length < 2 ? { color: byRow } : {
    color: byRow,
    strokeDash: {
      field: "row",
      type: "nominal" as const,
      title: null,
      sort: [...rows],
      scale: { domain: [...rows], range: own.map((look) => dashes[strategies.indexOf(look!.strategy)]!) },
      legend: byRow.legend
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
