/** Curves over epochs or steps, with bands over seeds. */
import * as Statistics from "../experiment/Statistics.ts"
import type { Chart } from "./Chart.ts"
import * as chartStyle from "./chartStyle.ts"

/** What one run says of a quantity at one moment, and where that belongs in the figure. */
export interface Point {
  /** The line; lines of one name are the same run under other seeds. */
  readonly row: string
  /** Epoch, step, or whatever the quantity is followed over. */
  readonly at: number
  readonly value: number
  /** The panel, from left to right and from top to bottom. */
  readonly panel?: readonly [across: string, down?: string]
  /** What the value is promised not to exceed. */
  readonly bound?: number | undefined
}

/** What a figure of curves says about its axes. */
export interface CurveAxes {
  readonly name: string
  readonly title: string
  readonly caption: string
  readonly over: "epoch" | "step" | { readonly title: string; readonly format: string }
  readonly value: string
  /** On a logarithmic scale means and deviations are those of logarithms. */
  readonly scale?: "log"
  /** Whether zero belongs on a linear axis. */
  readonly zero?: boolean
  /** What no value, and no band, is beyond. */
  readonly limits?: readonly [low: number, high: number]
}

/** A point of a line: the mean over the seeds, and one standard deviation to each side where there are several. */
interface Summary {
  readonly row: string
  readonly at: number
  readonly across: string | undefined
  readonly down: string | undefined
  readonly mean: number
  readonly low: number | undefined
  readonly high: number | undefined
  readonly bound: number | undefined
}

/**
 * The points of all seeds as one line per row; what is no number, or has no logarithm where one is needed, is left out.
 *
 * @internal
 */
export const summaries = (
  points: ReadonlyArray<Point>,
  scale?: "log",
  [least, most]: readonly [number, number] = [-Infinity, Infinity]
): ReadonlyArray<Summary> => {
  const [to, from] = scale === "log" ? [Math.log, Math.exp] : [(x: number) => x, (x: number) => x]
  const drawable = points.filter(({ value }) => Number.isFinite(to(value)))
  const groups = Map.groupBy(drawable, ({ at, panel, row }) => JSON.stringify([row, at, panel]))
  return [...groups.values()].map((members) => {
    const { at, panel, row } = members[0]!
    const { deviation, mean } = Statistics.sample(members.map(({ value }) => to(value)))
    const bounds = members.flatMap(({ bound }) => bound ?? [])
    const [low, high] = deviation === undefined
      ? []
      : [Math.max(least, from(mean - deviation)), Math.min(most, from(mean + deviation))]
    const bound = bounds.length === 0 ? undefined : Math.max(...bounds)
    return { row, at, across: panel?.[0], down: panel?.[1], mean: from(mean), low, high, bound }
  })
}

const band = (scale: "log" | undefined) =>
  scale === "log"
    ? " Geometric mean over the seeds; the band is one standard deviation of the logarithms to each side."
    : " Mean over the seeds; the band is one standard deviation to each side."

const distinct = <A>(values: ReadonlyArray<A | undefined>): ReadonlyArray<A> =>
  [...new Set(values)].filter((value) => value !== undefined)

/** Whose bounds the dashed lines are, where that is not everyone's. */
const promised = (rows: ReadonlyArray<string>, bounded: ReadonlyArray<string>) =>
  bounded.length === 0 || bounded.length === rows.length ? "" : ` It holds for ${bounded.join("; ")}.`

/** More dots than this on a line hide it; they are there all the same, to be pointed at. */
const mostDots = 30

/** What the summaries of a figure are like, as far as its look follows from that. */
interface Look {
  readonly quantity: CurveAxes
  readonly values: ReadonlyArray<Summary>
  /** Moments at which there are values; a band or a line over one has no width. */
  readonly moments: number
}

const verticalOf = ({ quantity: { limits, scale, value, zero = false }, values }: Look) => {
  const drawn = values.flatMap(({ high, low, mean }) => [mean, low ?? mean, high ?? mean])
  const axis = scale === "log"
    ? chartStyle.logarithmic([...drawn, ...values.flatMap(({ bound }) => bound ?? [])])
    : limits === undefined
    ? chartStyle.linear(zero)
    : chartStyle.within(limits, zero ? [0, ...drawn] : drawn)
  return (field: string) => ({ field, type: "quantitative" as const, ...axis, title: value })
}

const horizontal = ({ over }: CurveAxes) => ({
  field: "at",
  type: "quantitative" as const,
  scale: { zero: false, nice: false },
  ...(typeof over === "string"
    ? { axis: over === "epoch" ? chartStyle.whole : chartStyle.steps, title: over }
    : { axis: { format: over.format, tickCount: 5 }, title: over.title })
})

type Vertical = ReturnType<typeof verticalOf>

const bandLayer = ({ moments }: Look, y: Vertical) => ({
  transform: [{ filter: "isValid(datum.low)" }],
  mark: moments === 1
    ? { type: "rule" as const, opacity: 0.4, strokeWidth: 3, aria: false }
    : { type: "area" as const, opacity: 0.15, aria: false },
  encoding: { y: y("low"), y2: { field: "high" } }
})

/** Dashes are those of lines alone: an area has none. */
const lineLayer = ({ moments }: Look, y: Vertical, dashed: object) => ({
  mark: {
    type: "line" as const,
    point: moments <= mostDots ? { size: 25 } : "transparent" as const
  },
  encoding: { y: y("mean"), ...dashed }
})

const boundLayer = ({ moments }: Look, y: Vertical) => ({
  transform: [{ filter: "isValid(datum.bound)" }],
  mark: moments === 1
    ? { type: "point" as const, shape: "stroke" as const, size: 2500, aria: false }
    : { type: "line" as const, strokeDash: [4, 4], strokeWidth: 1.5, aria: false },
  encoding: { y: y("bound"), color: { value: "#555" }, detail: { field: "row" } }
})

/**
 * A quantity over epochs or steps: one line per row, a band over the seeds where a row has several, dashed lines for
 * bounds, and panels where the points name some. undefined where there is nothing to draw.
 *
 * @internal
 */
export const curves = (
  quantity: CurveAxes,
  points: ReadonlyArray<Point>,
  looks: ReadonlyMap<string, chartStyle.Look> = new Map()
): Chart | undefined => {
  const { caption, limits, name, scale, title } = quantity
  const values = summaries(points, scale, limits)
  if (values.length === 0) return undefined
  const look = { quantity, values, moments: new Set(values.map(({ at }) => at)).size }
  const rows = distinct(values.map(({ row }) => row))
  const [across, down] = [distinct(values.map(({ across }) => across)), distinct(values.map(({ down }) => down))]
  const hasBands = values.some(({ low }) => low !== undefined)
  const bounded = distinct(values.filter(({ bound }) => bound !== undefined).map(({ row }) => row))
  const y = verticalOf(look)
  const { color, ...dashed } = chartStyle.looks(rows, looks)
  const panel = {
    ...chartStyle.size(across.length),
    encoding: { x: horizontal(quantity), color },
    layer: [
      ...(hasBands ? [bandLayer(look, y)] : []),
      lineLayer(look, y, dashed),
      ...(bounded.length > 0 ? [boundLayer(look, y)] : [])
    ]
  }
  return {
    name,
    title,
    caption: `${caption}${promised(rows, bounded)}${hasBands ? band(scale) : ""}`.trim(),
    spec: { data: { values }, ...chartStyle.panels(panel, across, down) }
  }
}
