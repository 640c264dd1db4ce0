import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import fc from "fast-check"
import type { Trainer } from "finegrain"
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, it } from "vitest"
import * as RunRecord from "../../src/report/RunRecord.ts"
import { stepFigures } from "../../src/report/stepFigures.ts"
import * as Steps from "../../src/report/Steps.ts"

const scratch = mkdtempSync(join(tmpdir(), "finegrain-steps-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const step = (number: number, more: Partial<Trainer.StepDone> = {}): Trainer.StepDone => ({
  _tag: "StepDone",
  step: number,
  epoch: 1,
  loss: 1 / number,
  rate: 0.1,
  images: number,
  gradientNorm: number,
  ...more
})

const run = (count: number) => Array.from({ length: count }, (_, i) => step(i + 1))

const mean = (values: ReadonlyArray<number>) => values.reduce((a, b) => a + b, 0) / values.length

it("of a short run are all kept", () => {
  const { parts, size } = Steps.of(run(1024))
  expect([size, parts.length]).toEqual([1, 1024])
  expect(parts[3]).toEqual({ index: 3, count: 1, loss: 1 / 4, rate: 0.1, gradientNorm: 4 })
})

it("of a long run are as many means, of the steps of every part", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9000 }), fc.integer({ min: 0, max: 3 }), (count, doublings) => {
      const all = run(count)
      const steps = Steps.of(all)
      expect(steps.parts.length).toBeLessThanOrEqual(Steps.mostParts)
      expect(steps.parts.length).toBeGreaterThanOrEqual(Math.min(count, Steps.mostParts / 2))
      const size = steps.size * 2 ** doublings
      const parts = Steps.resized(steps, size)
      expect(parts.map(({ index }) => index)).toEqual(Array.from({ length: Math.ceil(count / size) }, (_, i) => i))
      for (const { count: own, gradientNorm, index, loss } of [parts[0]!, parts.at(-1)!]) {
        const members = all.slice(size * index, size * (index + 1))
        expect(own).toBe(members.length)
        expect(loss / mean(members.map(({ loss }) => loss))).toBeCloseTo(1, 10)
        expect(gradientNorm / mean(members.map(({ gradientNorm }) => gradientNorm))).toBeCloseTo(1, 10)
      }
    }),
    { numRuns: 30 }
  )
})

it("are shown beside those of a shorter run in parts of one size", () => {
  const runs = [3000, 70].map((count, i) => ({ row: `row ${i}`, epochs: [], ends: {}, steps: Steps.of(run(count)) }))
  const { caption, spec } = stepFigures[0]!(runs)!
  expect(caption).toContain("mean over every 32 steps")
  const { values } =
    (spec as unknown as { readonly data: { readonly values: ReadonlyArray<{ readonly row: string }> } })
      .data
  expect([0, 1].map((i) => values.filter(({ row }) => row === `row ${i}`).length)).toEqual([94, 3])
  expect(values.find(({ row }) => row === "row 1")).toMatchObject({ at: 16.5 })
})

it("are read line by line, and those of POMs thinned; a line that was cut off is left out", async () => {
  const poms = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`conv1/${i}`, i] as const))
  const lines = run(5000).map((one) =>
    JSON.stringify(one.step % 1000 === 1 ? { ...one, gradientNorms: { ...poms, "dense/bias": 1 } } : one)
  )
  const counts = { step: 5000, normBoundViolations: 0, tensorsLeaked: 0, seconds: 1, imagesPerSecond: 1, norms: [] }
  const measured = { trainAccuracy: 0.5, testLoss: "Infinity", testAccuracy: 0.5, gradientNorm: 1 }
  const epoch = JSON.stringify({ _tag: "EpochDone", epoch: 1, trainLoss: "NaN", ...measured, ...counts })
  writeFileSync(join(scratch, "events.jsonl"), [...lines, epoch, lines[0]!.slice(0, 30)].join("\n"))
  const recorded = await Effect.runPromise(RunRecord.read(scratch).pipe(Effect.provide(NodeServices.layer)))
  const numbers = { trainLoss: Number.NaN, testLoss: Infinity }
  expect(recorded.epochs).toEqual([{ _tag: "EpochDone", epoch: 1, ...measured, ...counts, ...numbers }])
  expect(recorded.damaged).toEqual([])
  const { last, parts, poms: kept, size } = recorded.steps
  expect([size, last, parts.length]).toEqual([8, 5000, 625])
  expect(kept.total).toBe(1000)
  expect(kept.names.length).toBeLessThanOrEqual(Steps.mostPoms)
  expect(kept.steps.map(({ step }) => step)).toEqual([1, 1001, 2001, 3001, 4001])
  expect(kept.steps[0]!.gradientNorms).toEqual(kept.names.map((name) => poms[name]))
})

it("are read without the lines that are no events, whose number is told", async () => {
  const [first, second] = run(2).map((one) => JSON.stringify(one))
  const ours = [`{"_tag":"HardlyMoves","share":0.05}`, `{"_tag":"Resumed","step":1}`]
  const senseless = ["null", "5", `{"_tag":"StepDone"}`, `{"_tag":"EpochDone","epoch":"NaN"}`, "{"]
  writeFileSync(join(scratch, "events.jsonl"), [first, ...senseless, ...ours, second].join("\n"))
  const recorded = await Effect.runPromise(RunRecord.read(scratch).pipe(Effect.provide(NodeServices.layer)))
  expect(recorded.steps.last).toBe(2)
  expect(recorded.damaged).toEqual(["events.jsonl: 5 lines are no event of finegrain"])
})

it("are none where there is no log", async () => {
  const recorded = await Effect.runPromise(
    RunRecord.read(join(scratch, "nowhere")).pipe(Effect.provide(NodeServices.layer))
  )
  expect([recorded.epochs, recorded.steps.parts, recorded.ends]).toEqual([[], [], {}])
})

it("are read again only where the log has grown since", async () => {
  const directory = join(scratch, "growing")
  mkdirSync(directory)
  const log = join(directory, "events.jsonl")
  const read = RunRecord.remembering()
  const now = () => Effect.runPromise(read(directory).pipe(Effect.provide(NodeServices.layer)))
  expect((await now()).steps.last).toBe(0)
  appendFileSync(log, `${JSON.stringify(step(1))}\n`)
  const first = await now()
  expect(first.steps.last).toBe(1)
  expect(await now()).toBe(first)
  appendFileSync(log, `${JSON.stringify(step(2))}\n`)
  expect((await now()).steps.last).toBe(2)
})
