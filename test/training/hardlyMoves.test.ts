import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import { Backend, Run, TrainConfig } from "finegrain"
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, it } from "vitest"
import { hardlyMovesLine } from "../../cli/trainWords.ts"
import { hardlyMoves } from "../../src/training/hardlyMoves.ts"
import { writeTinyDataset } from "../tinyDataset.ts"

const scratch = mkdtempSync(join(tmpdir(), "finegrain-hardly-moves-"))
const dataset = join(scratch, "data")
mkdirSync(dataset)
writeTinyDataset(dataset)
afterAll(() => rmSync(scratch, { recursive: true }))

/** What a run of one step tells of its rates, and what its log holds of that. */
const told = async (output: string, settings: object, options: Run.RunOptions = {}) => {
  const events: Array<Run.RunEvent> = []
  const small = { trainImages: 4, testImages: 2, batchSize: 4, epochs: 1, model: "resnet-8", dataset }
  await Effect.runPromise(
    Effect.flatMap(
      TrainConfig.decode({ ...small, ...settings }, "test"),
      (config) => Run.train(config, join(scratch, output), (event) => Effect.sync(() => events.push(event)), options)
    ).pipe(Effect.provide([NodeServices.layer, Backend.wasm]))
  )
  const log = readFileSync(join(scratch, output, "events.jsonl"), "utf8")
  return { events: events.map(({ _tag }) => _tag), warnings: log.split("\n").filter((l) => l.includes("HardlyMoves")) }
}

it("is told before training, once in the log, below a tenth of the recommended rates", async () => {
  const { events, warnings } = await told("slow", { collection: "St" })
  expect(events.slice(0, 3)).toEqual(["Started", "HardlyMoves", "StepDone"])
  expect(warnings.length).toBe(1)
  const { share } = JSON.parse(warnings[0]!) as Run.HardlyMoves
  // Of 16 input channels in most layers of the smallest network: 3·16/1.55 times as far is recommended.
  expect(share).toBeLessThan(1 / 30)
  rmSync(join(scratch, "slow", "summary.json"))
  const resumed = await told("slow", { collection: "St" }, { resume: true })
  expect([resumed.events.slice(0, 3), resumed.warnings.length]).toEqual([["Started", "HardlyMoves", "Resumed"], 1])
})

it("is silent where they move", async () => {
  const { events, warnings } = await told("moving", { collection: "St", rates: "recommended" })
  expect(events.slice(0, 2)).toEqual(["Started", "StepDone"])
  expect(warnings).toEqual([])
})

it("is told after the first epoch, too, by measured angles, where rates say nothing", async () => {
  const settings = { collection: "Sp+Euc", optimizer: "riemannian-adam", rates: { Sp: 1e-3 } }
  const { events, warnings } = await told("measured", { ...settings, epochs: 2 })
  expect(events).toEqual(["Started", "StepDone", "EpochDone", "HardlyMoves", "StepDone", "EpochDone"])
  const { epoch, share } = JSON.parse(warnings[0]!) as Run.HardlyMoves
  expect([epoch, share < 0.01]).toEqual([1, true])
})

it("weighs POMs by their kernels, and knows where nothing is recommended", () => {
  const pom = (factors: number, recommended?: number) => ({
    name: "p",
    manifold: "St(3,3)",
    factors,
    dimension: 3,
    curvature: { min: 0, max: 1 },
    labels: ["St", "curved"],
    ...(recommended === undefined ? {} : { recommended })
  })
  const poms = [pom(1, 2), pom(1, 4), pom(3, 40), pom(9)]
  expect(hardlyMoves({ poms }, {})).toEqual({ _tag: "HardlyMoves", share: 1 / 40 })
  expect(hardlyMoves({ poms: [pom(1, 2), pom(1, 4), pom(1, 40)] }, {})).toBe(undefined)
  expect(hardlyMoves({ poms }, { rates: { St: 3 } })?.share).toBe(3 / 40)
  expect(hardlyMoves({ poms }, { rates: { curved: 4 } })).toBe(undefined)
  expect(hardlyMoves({ poms }, { rates: { recommended: 0.05 } })?.share).toBeCloseTo(0.05)
  expect(hardlyMoves({ poms: [pom(9)] }, {})).toBe(undefined)
  expect(hardlyMoves({ poms }, { optimizer: "riemannian-adam" })).toBe(undefined)
  expect(hardlyMoves({ poms }, { metric: "weights" })).toBe(undefined)
})

it("says what to do", () => {
  expect(hardlyMovesLine({ _tag: "HardlyMoves", share: 1 / 40.5 })).toMatch(/less than 1\/40 .*--rates recommended/)
  expect(hardlyMovesLine({ _tag: "HardlyMoves", share: 1 / 40.5, epoch: 1 })).toMatch(
    /epoch 1 .* less than 1\/40 as far/
  )
  expect(hardlyMovesLine({ _tag: "HardlyMoves", share: 0, epoch: 1 })).toMatch(/not at all beside/)
})
