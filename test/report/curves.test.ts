import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import * as Chart from "../../src/report/Chart.ts"
import { type CurveAxes, curves, type Point, summaries } from "../../src/report/curves.ts"

const quantity: CurveAxes = { name: "q", title: "Q", caption: "What it is.", over: "epoch", value: "q" }

const points = (row: string, ...seeds: ReadonlyArray<ReadonlyArray<number>>): ReadonlyArray<Point> =>
  seeds.flatMap((values) => values.map((value, i) => ({ row, at: i + 1, value })))

const within = (given: ReadonlyArray<Point>, place: Partial<Point>): ReadonlyArray<Point> => {
  const put = (point: Point): Point => ({ ...point, ...place })
  return given.map(put)
}

const svg = (given: ReadonlyArray<Point>, of: Partial<CurveAxes> = {}) =>
  Effect.runPromise(Chart.svg(curves({ ...quantity, ...of }, given)!))

/** Filled shapes of bands. */
const bands = (text: string) => text.match(/class="mark-area/g)?.length ?? 0

describe("a line over several seeds", () => {
  it("is their mean, with one standard deviation to each side", () => {
    expect(summaries(points("a", [1, 5], [3, 5], [5, 8]))).toMatchObject([
      { row: "a", at: 1, mean: 3, low: 1, high: 5 },
      { row: "a", at: 2, mean: 6, low: 6 - Math.sqrt(3), high: 6 + Math.sqrt(3) }
    ])
  })

  it("is their geometric mean on a logarithmic scale, where a band never reaches zero", () => {
    const [first] = summaries(points("a", [0.01], [100]), "log")
    expect(first!.mean).toBeCloseTo(1, 12)
    expect(first!.low).toBeCloseTo(100 ** -Math.SQRT2, 12)
    expect(first!.low! * first!.high!).toBeCloseTo(1, 12)
  })

  it("has no band from one seed, and leaves out what is no number or has no logarithm", () => {
    expect(summaries(points("a", [2, Number.NaN, Infinity, 4])).map(({ at, high, low, mean }) => [at, mean, low, high]))
      .toEqual([[1, 2, undefined, undefined], [4, 4, undefined, undefined]])
    expect(summaries(points("a", [0, -1, 10]), "log").map(({ at }) => at)).toEqual([3])
  })

  it("keeps panels apart", () => {
    const given: ReadonlyArray<Point> = [
      { row: "a", at: 1, value: 1, panel: ["left", "above"] },
      { row: "a", at: 1, value: 2, panel: ["left", "below"], bound: 3 },
      { row: "a", at: 1, value: 4, panel: ["right", "above"] }
    ]
    expect(summaries(given)).toMatchObject([
      { across: "left", down: "above", mean: 1, bound: undefined },
      { across: "left", down: "below", mean: 2, bound: 3 },
      { across: "right", down: "above", mean: 4 }
    ])
  })
})

describe("a figure of curves", () => {
  it("has a band for every row with several seeds, and none for one with a single seed", async () => {
    const several = points("a", [1, 2, 3], [2, 3, 4])
    const single = points("b", [4, 5, 6])
    expect(bands(await svg(several))).toBeGreaterThan(0)
    expect(bands(await svg(single))).toBe(0)
    expect(bands(await svg([...several, ...single]))).toBe(bands(await svg(several)))
    expect(curves(quantity, several)!.caption).toBe(
      "What it is. Mean over the seeds; the band is one standard deviation to each side."
    )
    expect(curves(quantity, single)!.caption).toBe("What it is.")
  })

  it.each(["linear", "log"] as const)("says nothing of values that are not there, on a %s scale", async (scale) => {
    const given = points("b", [4, Number.NaN, 6]).concat(points("c", [1]))
    for (const place of [{}, { panel: ["one"] as const }, { panel: ["one", "two"] as const }]) {
      const text = await svg(within(given, place), scale === "log" ? { scale } : {})
      expect(text).toContain("epoch: 1; q: 4; row: b")
      expect(text).not.toMatch(/NaN|undefined|null|Infinity/)
    }
  })

  it("draws bounds dashed, and says whose they are", async () => {
    const bounded = within(points("a", [0.5, 0.7]), { bound: 1 })
    const free = points("b", [3, 4])
    expect(await svg([...bounded, ...free])).toContain("stroke-dasharray=\"4,4\"")
    expect(await svg(free)).not.toContain("stroke-dasharray")
    expect(curves(quantity, [...bounded, ...free])!.caption).toBe("What it is. It holds for a.")
  })

  it("is not drawn of nothing", () => {
    expect(curves(quantity, [])).toBeUndefined()
    expect(curves(quantity, points("a", [Number.NaN]))).toBeUndefined()
  })
})
