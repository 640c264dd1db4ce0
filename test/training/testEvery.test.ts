/** Tests take most of the time of a run on few images: they can be left out of most epochs. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Struct from "effect/Struct"
import { Backend, Controls, Models, Network, Report, Run, Schedule, TrainConfig, Trainer } from "finegrain"
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, it } from "vitest"
import { epochRow } from "../../cli/trainWords.ts"
import { tinyDataset, writeTinyDataset } from "../tinyDataset.ts"

const scratch = mkdtempSync(join(tmpdir(), "finegrain-test-every-"))
const dataset = join(scratch, "data")
mkdirSync(dataset)
writeTinyDataset(dataset)
afterAll(() => rmSync(scratch, { recursive: true }))

const train = async (output: string, settings: object) => {
  const events: Array<Run.RunEvent> = []
  const small = { trainImages: 4, testImages: 2, batchSize: 4, epochs: 5, model: "small-cnn", dataset, ...settings }
  await Effect.runPromise(
    Effect.flatMap(
      TrainConfig.decode(small, "test"),
      (config) => Run.train(config, join(scratch, output), (event) => Effect.sync(() => events.push(event)))
    ).pipe(Effect.provide([NodeServices.layer, Backend.wasm]))
  )
  return events.filter((event) => event._tag === "EpochDone")
}

const tested = (epochs: ReadonlyArray<Trainer.EpochDone>) =>
  epochs.filter(({ testAccuracy, testLoss }) => !Number.isNaN(testLoss) && !Number.isNaN(testAccuracy))
    .map(({ epoch }) => epoch)

it("every second epoch is tested, and the last one; what was tested is as where all are", async () => {
  const [some, all] = [await train("some", { testEvery: 2 }), await train("all", {})]
  expect([tested(some), tested(all)]).toEqual([[2, 4, 5], [1, 2, 3, 4, 5]])
  const untimed = (epochs: ReadonlyArray<Trainer.EpochDone>) =>
    epochs.filter(({ epoch }) => epoch !== 1 && epoch !== 3).map((event) =>
      Struct.omit(event, ["imagesPerSecond", "seconds"])
    )
  expect(untimed(some)).toEqual(untimed(all))
  const summary = JSON.parse(readFileSync(join(scratch, "some", "summary.json"), "utf8"))
  expect(summary.testLoss).toBe(all.at(-1)!.testLoss)
  expect(epochRow(some[0]!, false)).toMatch(/–.+–/)
  const page = await Effect.runPromise(
    Report.write(join(scratch, "some")).pipe(
      Effect.andThen(Effect.sync(() => readFileSync(join(scratch, "some", "report.html"), "utf8"))),
      Effect.provide(NodeServices.layer)
    )
  )
  expect(page).not.toContain("NaN")
})

it("bounds are measured as often as all else, and need no test", async () => {
  const epochs = await train("bounded", { testEvery: 5, measureBounds: true, measuresEvery: 3 })
  expect(tested(epochs)).toEqual([5])
  expect(epochs.filter(({ bounds }) => bounds !== undefined).map(({ epoch }) => epoch)).toEqual([3, 5])
})

it("an epoch at whose end more is measured is tested", async () => {
  const epochs = await train("measured", { testEvery: 5, measures: ["calibration"], measuresEvery: 3 })
  expect(tested(epochs)).toEqual([3, 5])
  expect(epochs.filter(({ measures }) => measures !== undefined).map(({ epoch }) => epoch)).toEqual([3, 5])
})

it("so is the one after which a control ends the run, which must not watch tests itself", async () => {
  const watching = { watch: "training-loss", improvement: 1000, patience: 2 } as const
  expect(tested(await train("ended", { testEvery: 5, ...watching }))).toEqual([3])
  await expect(train("refused", { testEvery: 5, patience: 2 })).rejects.toThrow("testEvery leaves tests out")
  const refused = (testEvery: number) =>
    Effect.runPromise(Effect.flip(Effect.scoped(Effect.gen(function*() {
      const network = yield* Network.make(Models.smallCnn({ ...tinyDataset, filters: [2], seed: 1 }), { seed: 2 })
      const controls = [Controls.earlyStopping({ patience: 1 })]
      const options = { network, dataset: tinyDataset, schedule: Schedule.constant(0.1), epochs: 2, controls }
      return yield* Trainer.make({ ...options, batchSize: 32, seed: 3, testEvery })
    }))))
  expect(String(await refused(2))).toContain("testEvery must be 1, since a control watches what tests find")
  expect(String(await refused(0.5))).toContain("testEvery must be")
})
