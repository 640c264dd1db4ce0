import * as Effect from "effect/Effect"
import { Measures, type Trainer } from "finegrain"
import { describe, expect, it } from "vitest"
import * as Chart from "../../src/report/Chart.ts"
import { pomFigures } from "../../src/report/pomCurves.ts"
import * as Steps from "../../src/report/Steps.ts"

const step = (number: number, told: Partial<Trainer.StepDone>): Trainer.StepDone => ({
  _tag: "StepDone",
  step: number,
  epoch: 1,
  loss: 1,
  rate: 0.1,
  images: number,
  gradientNorm: 1,
  ...told
})

const norms = (layers: number, poms: number) =>
  Object.fromEntries(
    Array.from({ length: layers * poms }, (_, i) => [`conv${Math.floor(i / poms)}/${i % poms}`, 1 + i] as const)
  )

const svg = (chart: Chart.Chart) => Effect.runPromise(Chart.svg(chart))
/** Figures by the fields of events. */
const drawn = Object.fromEntries(Object.keys(Measures.ofPoms).map((name, i) => [name, pomFigures[i]!]))

const lines = (text: string) => text.match(/"mark-line/g)?.length

describe("curves of POMs", () => {
  it("are one a POM of the constrained layers, over the steps that tell", async () => {
    const told = { gradientNorms: { "conv1/0": 1, "conv1/1": 2, "conv2/0": 3, "dense/bias": 4 } }
    const steps = Steps.of([step(1, told), step(2, {}), step(3, told)])
    const text = await svg(drawn["gradientNorms"]!([{ row: "", steps }])!)
    expect(lines(text)).toBe(3)
    expect(text.match(/values from 1 to 3/)).not.toBeNull()
    expect(drawn["factors"]!([{ row: "", steps }])).toBeUndefined()
  })

  it("are of one seed a row, the first that tells", () => {
    const run = (seed: number, told: Partial<Trainer.StepDone>) => ({
      row: "a",
      seed,
      steps: Steps.of([step(1, told)])
    })
    const { caption } = drawn["gradientNorms"]!([run(1, {}), run(2, { gradientNorms: norms(1, 2) })])!
    expect(caption).toMatch(/one line per POM, on .* Of every row one run, seed 2:/)
  })

  it("are fewer where POMs are too many to be told apart, and say so; layers have shades of an order", async () => {
    const steps = Steps.of([1, 2].map((number) => step(number, { gradientNorms: norms(40, 100) })))
    const chart = drawn["gradientNorms"]!(["a", "b"].map((row) => ({ row, seed: 1, steps })))!
    expect(chart.caption).toContain("at most 240 of them")
    // Also where a run is alone, of which no more are kept than are drawn.
    expect(drawn["gradientNorms"]!([{ row: "", steps }])!.caption).toContain("at most 480 of them")
    const text = await svg(chart)
    expect(lines(text)).toBeLessThanOrEqual(480)
    expect(lines(text)).toBeGreaterThan(240)
    expect(text.match(/>conv\d+<\/text>/g)).toHaveLength(10)
  })
})
