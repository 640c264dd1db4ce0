import * as Effect from "effect/Effect"
import fc from "fast-check"
import { expect, it, vi } from "vitest"
import { svg } from "../../src/report/Chart.ts"
import * as chartStyle from "../../src/report/chartStyle.ts"
import { curves } from "../../src/report/curves.ts"

const positive = fc.double({ min: 1e-12, max: 1e12, noNaN: true })

it("a logarithmic axis is no wider than its values, and has at least two ticks within", () => {
  fc.assert(
    fc.property(fc.array(positive, { minLength: 1, maxLength: 4 }), (values) => {
      const { axis, scale: { domain: [low, high] } } = chartStyle.logarithmic(values)
      const [least, most] = [Math.min(...values), Math.max(...values)]
      expect(low!).toBeLessThan(least)
      expect(high!).toBeGreaterThan(most)
      // A twentieth beyond them, or half as much again where they are nearly one.
      expect(high! / low!).toBeLessThanOrEqual(Math.max(1.501, 1.103 * most / least))
      expect(axis.values.length).toBeGreaterThanOrEqual(2)
      expect(axis.values.every((tick) => tick >= low! && tick <= high!)).toBe(true)
    })
  )
})

it("an axis of percentages stays within 0 and 100", () => {
  const axes = { name: "n", title: "N", caption: "", over: "epoch", value: "%", limits: [0, 100] } as const
  const domainOf = (zero: boolean) =>
    JSON.stringify(curves({ ...axes, zero }, [40, 60].map((value, at) => ({ row: "a", at, value })))!.spec)
  expect(domainOf(false)).toContain("\"domain\":[39,61]")
  // Where zero belongs on the axis, it is there.
  expect(domainOf(true)).toContain("\"domain\":[0,63]")
  expect(chartStyle.within([0, 100], [0, 100]).scale.domain).toEqual([0, 100])
  expect(chartStyle.within([0, 100], [40, 60]).scale.domain).toEqual([39, 61])
})

const look = (manifold: string, strategy: string) => ({ manifold, strategy })

it("colour is the manifold and dash the strategy, where they tell rows apart; else colour is the row", () => {
  const rows = ["a", "b", "c"]
  const of = (...looks: ReadonlyArray<chartStyle.Look>) =>
    chartStyle.looks(rows, new Map(looks.map((one, i) => [rows[i]!, one])))
  const told = of(look("Sp", "PI"), look("Sp", "PO"), look("St", "PI"))
  const range = (encoding: unknown) =>
    (encoding as { readonly scale: { readonly range: ReadonlyArray<unknown> } }).scale.range
  expect(range(told.color)[0]).toBe(range(told.color)[1])
  expect(range(told.color)[0]).not.toBe(range(told.color)[2])
  const dashes = range("strokeDash" in told ? told.strokeDash : undefined)
  expect(dashes[0]).toEqual(dashes[2])
  expect(dashes[0]).not.toEqual(dashes[1])
  expect(of(look("Sp", "PI"), look("Sp", "PI"), look("St", "PI"))).toEqual({ color: chartStyle.colours(rows) })
  expect(of(look("Sp", "PI"))).toEqual({ color: chartStyle.colours(rows) })
})

it("lines with bands and dashes are drawn without a warning", async () => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined)
  const rows = ["a", "b"]
  const points = rows.flatMap((row, i) =>
    [1, 2].flatMap((at) => [1, 2].map((value) => ({ row, at, value: value + i })))
  )
  const axes = { name: "n", title: "t", caption: "", over: "epoch", value: "v" } as const
  const chart = curves(axes, points, new Map([["a", look("Sp", "PI")], ["b", look("Sp", "PO")]]))
  expect(await Effect.runPromise(svg(chart!))).toMatch(/stroke-dasharray="7,3"/)
  expect(warned.mock.calls).toEqual([])
  warned.mockRestore()
})
