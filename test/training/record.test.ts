import * as NodeServices from "@effect/platform-node/NodeServices"
import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import {
  type Answers,
  Backend,
  FgSgd,
  Loop,
  Models,
  Network,
  Report,
  Run,
  Schedule,
  Seed,
  StepSize,
  Trainer,
  Transform,
  Transforms
} from "finegrain"
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, it } from "vitest"
import type * as RunFiles from "../../src/training/RunFiles.ts"
import { finegrain } from "../commandLine.ts"
import { tinyDataset, writeTinyDataset } from "../tinyDataset.ts"

const scratch = mkdtempSync(join(tmpdir(), "finegrain-record-"))
afterAll(() => rmSync(scratch, { recursive: true }))

const services = Layer.merge(NodeServices.layer, Backend.cpu)
const json = (directory: string, name: string) => JSON.parse(readFileSync(join(directory, name), "utf8"))

const schedule = Schedule.linear({ rate: 0.2, steps: 12 })
const transform = Transform.chain(
  "averaged",
  FgSgd.transform({ schedule, momentum: 0.9 }),
  Transforms.average({ decay: 0.5 })
)

/** A regression with a loop of its own, three steps an epoch. */
const own = (
  name: string,
  options: {
    readonly rate?: number
    readonly resume?: boolean
    readonly observe?: (event: Run.RunEvent) => Effect.Effect<void>
    readonly steps?: Stream.Stream<Loop.LoopStep, Error>
    readonly checkpointSeconds?: number
  } = {}
) => {
  const { checkpointSeconds = 30, observe = () => Effect.void, rate = 0.2, resume = false, steps } = options
  return Effect.gen(function*() {
    yield* Backend.Backend
    const initial = tfl.initializers.randomNormal({ seed: 1 })
    const layer = tfl.layers.dense({ name: "own", inputShape: [4], units: 3, kernelInitializer: initial })
    const model = tfl.sequential({ name: "regression", layers: [layer] })
    const network = yield* Network.make(model, { overrides: { own: { specification: "St" } } })
    const x = Seed.normalTensor(5, [6, 4])
    const lossOn = (from: number, size: number) => {
      const batch = tf.slice(x, [from, 0], [size, 4])
      return tf.mean(
        tf.square(tf.sub(model.apply(batch) as tf.Tensor, tf.slice(batch, [0, 0], [size, 3])))
      ) as tf.Scalar
    }
    return yield* Run.record({
      directory: join(scratch, name),
      settings: { rate, epochs: 4 },
      seed: 7,
      network,
      data: { name: "normal", checksum: "5", train: { count: 6 }, test: { count: 6 } },
      resume,
      checkpointSeconds,
      observe,
      training: (from) =>
        Loop.make({
          network,
          from,
          schedule,
          transform,
          epochs: 4,
          examples: 6,
          steps: (epoch) =>
            steps ?? Stream.fromIterable([0, 2, 4]).pipe(
              Stream.map((first) => ({ examples: 2, loss: () => ({ loss: lossOn((first + 2 * epoch) % 6, 2) }) }))
            ),
          test: Effect.sync(() => ({ loss: tf.tidy(() => lossOn(0, 6)).dataSync()[0]! })),
          features: () => x
        })
    })
  }).pipe(Effect.provide(services))
}

it("records a loop of one's own as any run, and goes on from the end of an epoch to the same bits", async () => {
  const whole = await Effect.runPromise(own("whole"))
  expect(whole).toMatchObject({ status: "completed", epochs: 4, steps: 12, seed: 7, tensorsLeaked: 0 })
  expect(json(whole.output, "manifest.json")).toMatchObject({
    config: { rate: 0.2, epochs: 4 },
    model: { name: "regression" },
    dataset: { name: "normal", sha256: "5", train: 6 },
    step: "composed",
    layers: [{ layer: "own" }]
  })

  const stopped = await Effect.runPromiseExit(own("stopped", {
    // In the middle of an epoch, after the checkpoint at the end of the one before.
    observe: (event) => event._tag === "StepDone" && event.step === 8 ? Effect.interrupt : Effect.void
  }))
  expect(Exit.hasInterrupts(stopped)).toBe(true)
  const directory = join(scratch, "stopped")
  expect(json(directory, "summary.json")).toMatchObject({ status: "interrupted", epochs: 2 })
  const events: Array<string> = []
  const resumed = await Effect.runPromise(own("stopped", {
    resume: true,
    observe: (event) => Effect.sync(() => events.push(event._tag))
  }))
  expect(events.slice(0, 3)).toEqual(["Started", "Resumed", "StepDone"])
  expect(events.filter((tag) => tag === "StepDone").length).toBe(6)
  expect(resumed).toMatchObject({ weightsSha256: whole.weightsSha256, testLoss: whole.testLoss, steps: 12 })

  // The command line takes it as any run.
  const compared = await finegrain("compare", whole.output, directory, "--exact")
  expect([compared.code, compared.stderr]).toEqual([0, ""])
  const again = await Effect.runPromise(own("stopped", { resume: true }))
  expect(again.weightsSha256).toBe(whole.weightsSha256)
  const other = await Effect.runPromise(Effect.flip(own("stopped", { resume: true, rate: 0.1 })))
  expect(other.message).toMatch(/config.rate is 0.2 there, but 0.1 here/)

  const page = await Effect.runPromise(Report.write(directory).pipe(Effect.provide(NodeServices.layer)))
  expect(readFileSync(page, "utf8")).toContain("regression")
})

it("tells what failed in a loop, and keeps what there was", async () => {
  const failed = await Effect.runPromise(
    Effect.result(own("failed", { steps: Stream.fail(new Error("the disk with the data is gone")) }))
  )
  expect(Result.isFailure(failed) && failed.failure.message).toBe("the disk with the data is gone")
  expect(json(join(scratch, "failed"), "summary.json")).toMatchObject({
    status: "failed",
    reason: "the disk with the data is gone"
  })
})

it("records a classifier of one's own, with the trainer of every run", async () => {
  const summary = await Effect.runPromise(
    Effect.gen(function*() {
      yield* Backend.Backend
      const network = yield* Network.make(Models.smallCnn({ ...tinyDataset, filters: [2], seed: 1 }), { seed: 2 })
      const schedule = Schedule.constant(0.05)
      const trainer = (from: Parameters<Parameters<typeof Run.record>[0]["training"]>[0]) =>
        Trainer.make({ network, dataset: tinyDataset, schedule, epochs: 1, batchSize: 32, seed: 3, keepBest: {}, from })
      return yield* Run.record({
        directory: join(scratch, "classifier"),
        settings: { epochs: 1 },
        network,
        data: tinyDataset,
        training: trainer
      })
    }).pipe(Effect.provide(services))
  )
  expect(summary.status).toBe("completed")
  expect(json(summary.output, "manifest.json").dataset).toMatchObject({ train: tinyDataset.train.count })
  const evaluation = json(summary.output, "evaluation.json") as Answers.Evaluation
  const right = evaluation.confusion.reduce((sum, row, i) => sum + row[i]!, 0)
  expect(right / 30).toBeCloseTo(summary.testAccuracy!, 12)
  expect(evaluation.confusion.map((row) => row.reduce((sum, count) => sum + count, 0))).toEqual([10, 10, 10])
  expect(evaluation).toMatchObject({ images: 30, loss: summary.testLoss, classes: ["0", "1", "2"] })
  expect(summary.bestEpoch).toBe(1)
  const best = await tfl.loadLayersModel(tf.io.fromMemory({
    ...json(summary.output, "best.model.json"),
    weightSpecs: json(summary.output, "best.model.json").weightsManifest[0].weights,
    weightData: Uint8Array.from(readFileSync(join(summary.output, "best.weights.bin"))).buffer
  }))
  expect(best.countParams()).toBe(json(summary.output, "manifest.json").model.parameters)
  const { bins } = evaluation.calibration!
  expect(bins.reduce((sum, { accuracy, images }) => sum + accuracy * images, 0)).toBeCloseTo(right, 9)
  const page = await Effect.runPromise(Report.write(summary.output).pipe(Effect.provide(NodeServices.layer)))
  expect(readFileSync(page, "utf8")).toContain("what they were taken for")
})

/** Learns in two epochs, and forgets in the third. */
const spoiling = `
const make = ({ stepsPerEpoch }) => ({ name: "spoiling", rate: (t) => t < 2 * stepsPerEpoch ? 0.02 : 40 })
export const schedules = { spoiling: { about: "spoils the third epoch", make } }`

it("evaluates the model that a run keeps, and any saved one, on the images that are asked for", async () => {
  const data = join(scratch, "stripes")
  mkdirSync(data)
  writeTinyDataset(data)
  writeFileSync(join(scratch, "spoiling.mjs"), spoiling)
  const run = join(scratch, "kept")
  const settings = "--model small-cnn --schedule spoiling --epochs 3 --batch-size 16 --collection Sp --backend wasm " +
    `--validation-images 24 --keep-best --use ${join(scratch, "spoiling.mjs")} --dataset ${data} --output ${run}`
  const told = await finegrain("train", ...settings.split(" "))
  expect(told.stderr).toBe("")
  const summary = json(run, "summary.json") as Run.RunSummary
  expect(summary.bestEpoch).toBeLessThan(3)
  const epochs = readFileSync(join(run, "events.jsonl"), "utf8").trim().split("\n")
    .map((line) => JSON.parse(line) as Trainer.TrainingEvent).filter((event) => event._tag === "EpochDone")
  const best = epochs[summary.bestEpoch! - 1]!
  expect(json(run, "evaluation.json")).toMatchObject({
    kept: { model: "best", epoch: summary.bestEpoch },
    images: 24,
    loss: best.testLoss,
    accuracy: best.testAccuracy
  })
  expect(best.testLoss).toBeLessThan(summary.testLoss!)

  const evaluated = async (...args: ReadonlyArray<string>) => {
    const { code, stderr, stdout } = await finegrain("evaluate", ...args, "--backend", "wasm", "--json")
    return code === 0 ? JSON.parse(stdout) as Run.ModelEvaluation : stderr
  }
  const held = await evaluated(run, "--part", "validation") as Run.ModelEvaluation
  expect(held).toMatchObject({ model: join(run, "best.model.json"), images: 24, accuracy: best.testAccuracy })
  expect(held.confusion).toEqual(json(run, "evaluation.json").confusion)
  expect(held.loss).toBeCloseTo(best.testLoss, 5)
  const last = await evaluated(run, "--part", "validation", "--model", "last") as Run.ModelEvaluation
  expect(last).toMatchObject({ model: join(run, "model.json"), accuracy: summary.testAccuracy })
  // Those that no epoch was chosen by, and corrupted ones.
  const unseen = await evaluated(run, "--corrupt", "contrast") as Run.ModelEvaluation
  expect([unseen.images, unseen.part]).toEqual([30, "test"])
  expect(Object.keys(unseen.corruptions!)).toEqual(["contrast 1", "contrast 2", "contrast 3"])
  expect(await evaluated(join(run, "best.model.json"), "--dataset", data)).toMatchObject({
    confusion: unseen.confusion,
    calibration: unseen.calibration
  })
  const words = await finegrain("evaluate", run, "--backend", "wasm", "--corrupt", "all")
  expect(words.stdout).toMatch(/on 30 test images of [\s\S]*calibration error[\s\S]*blur +\d/)
  expect(await finegrain("evaluate", run, "--backend", "wasm", "--quiet")).toEqual({ code: 0, stdout: "", stderr: "" })

  // Other data may have fewer images than the run took, of a part that is not looked at.
  const took = async (images: object, ...args: ReadonlyArray<string>) => {
    const { config, ...others } = json(run, "manifest.json") as RunFiles.Manifest
    const { validationImages: _, ...settings } = config as Readonly<Record<string, unknown>>
    const other = join(scratch, "took")
    cpSync(run, other, { recursive: true })
    writeFileSync(join(other, "manifest.json"), JSON.stringify({ ...others, config: { ...settings, ...images } }))
    return evaluated(other, "--dataset", data, ...args)
  }
  expect(await took({ trainImages: 1000, testImages: 20 })).toMatchObject({ images: 20, part: "test" })
  expect(await took({ trainImages: 80, testImages: 1000 }, "--part", "training")).toMatchObject({ images: 80 })
  expect(await took({ trainImages: 1000 }, "--part", "training")).toContain("has 96 training images")

  // Nothing is guessed.
  expect(await evaluated(join(scratch, "whole"), "--model", "best")).toContain("it has no best.model.json")
  expect(await evaluated(join(scratch, "whole"))).toContain("Say which data with --dataset")
  expect(await evaluated(join(scratch, "whole"), "--dataset", data)).toContain("the model's input")
  expect(await evaluated(data)).toContain("Name a run that has ended")
  const damaged = join(scratch, "damaged.json")
  writeFileSync(damaged, "{}")
  expect(await evaluated(damaged, "--dataset", data)).toContain("layers model of TensorFlow.js")
})

it("a checkpoint after a number of seconds that is none is refused, before anything is written", async () => {
  for (const checkpointSeconds of [-1, Number.NaN]) {
    const error = await Effect.runPromise(Effect.flip(own("unsaved", { checkpointSeconds })))
    expect(error.message).toBe(`checkpointSeconds must be a number of seconds from 0 upwards, not ${checkpointSeconds}`)
  }
  expect(existsSync(join(scratch, "unsaved"))).toBe(false)
})

it("settings of FG-SGD are refused beside an optimizer that is given, by the trainer and by loops", async () => {
  const told = (options: object) =>
    Effect.runPromise(
      Effect.flip(Effect.scoped(Effect.gen(function*() {
        const network = yield* Network.make(Models.smallCnn({ ...tinyDataset, filters: [2], seed: 1 }), { seed: 2 })
        const common = { network, schedule, transform, epochs: 1, ...options }
        yield* Trainer.make({ ...common, dataset: tinyDataset, batchSize: 32, seed: 3 }).pipe(Effect.flip)
        return yield* Loop.make({
          ...common,
          examples: 1,
          steps: () => Stream.empty,
          test: Effect.succeed({ loss: 0 })
        })
      }))).pipe(Effect.provide(Backend.cpu))
    )
  for (const [option, value] of Object.entries({ momentum: 0.5, weightDecay: 0.1, rule: StepSize.plain })) {
    expect(String(await told({ [option]: value }))).toContain(`${option} must be left out beside transform`)
  }
  // Of an epoch that is none nothing would be trained, or nothing be the last.
  for (const epochs of [0, 1.5, Number.NaN]) {
    expect(String(await told({ epochs }))).toContain(`epochs must be a whole number of at least 1, not ${epochs}`)
  }
})
