import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import {
  type Checkpoint,
  Controls,
  Dataset,
  LabelNoise,
  Losses,
  Network,
  Schedule,
  Seed,
  Trainer,
  Variations
} from "finegrain"
import { beforeAll, expect, it } from "vitest"
import { use } from "../backends.ts"

beforeAll(() => use("cpu"))

const count = 24
const pixels = Float32Array.from(Seed.normals(1, count * 16))
const size = { height: 4, width: 4, channels: 1 }
const named = { ...size, name: "own", checksum: "own" }
const sumOf = (i: number) => pixels.subarray(16 * i, 16 * i + 16).reduce((a, b) => a + b, 0)

/** The sum of an image and its first pixel. */
const numbers: Dataset.Split = {
  images: pixels,
  labels: new Uint8Array(count),
  targets: Float32Array.from({ length: 2 * count }, (_, i) => i % 2 === 0 ? sumOf(i / 2) / 4 : pixels[8 * (i - 1)]!),
  count
}
const regression: Dataset.Dataset = {
  ...named,
  classes: 2,
  targets: { shape: [2], of: "numbers" },
  train: numbers,
  test: numbers
}

/** Whether a pixel is above 0. */
const places: Dataset.Split = { ...numbers, targets: pixels.map((pixel) => pixel > 0 ? 1 : 0) }
const segmentation: Dataset.Dataset = {
  ...named,
  classes: 2,
  targets: { shape: [4, 4], of: "classes" },
  train: places,
  test: places
}

const labelled: Dataset.Split = {
  images: pixels,
  labels: Uint8Array.from({ length: count }, (_, i) => sumOf(i) > 0 ? 1 : 0),
  count
}
const pairs: Dataset.Dataset = { ...named, classes: 2, train: labelled, test: labelled }

const kernelInitializer = tfl.initializers.glorotNormal({ seed: 1 })
const inputShape = [4, 4, 1]
const dense = (units: number) =>
  tfl.sequential({
    layers: [tfl.layers.flatten({ inputShape }), tfl.layers.dense({ name: "d", units, kernelInitializer })]
  })
const perPixel = () =>
  tfl.sequential({
    layers: [tfl.layers.conv2d({ name: "d", inputShape, filters: 2, kernelSize: 1, kernelInitializer })]
  })

interface Case {
  readonly dataset: Dataset.Dataset
  readonly model: () => tfl.LayersModel
  readonly loss: Losses.Loss
}

const train = ({ dataset, loss, model }: Case, more: Partial<Trainer.TrainerOptions> = {}) =>
  Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const made = model()
    const network = yield* Network.make(made, { specification: "Euc", overrides: { d: { specification: "Euc" } } })
    const own = { network, dataset, loss, schedule: Schedule.constant(0.3), batchSize: 8, seed: 3, momentum: 0 }
    const vary = [{ name: "mixup", vary: Variations.mixup(1) }]
    const run = yield* Trainer.make({ ...own, epochs: 6, vary, measureLambda: false, ...more })
    let middle: Checkpoint.Snapshot | undefined
    const { epochs } = yield* run.train((event) =>
      event._tag === "StepDone" && event.step === 8
        ? Effect.map(run.snapshot, (snapshot) => void (middle = snapshot))
        : Effect.void
    )
    const weights = made.getWeights().map((weight) => Array.from(weight.dataSync()))
    return { epochs, middle, weights, tellsEvaluation: run.evaluation !== undefined }
  })))

it.each<readonly [string, Case, number]>([
  ["numbers", { dataset: regression, model: () => dense(2), loss: Losses.meanSquaredError }, Number.NaN],
  ["a class for every place", { dataset: segmentation, model: perPixel, loss: Losses.softmaxCrossEntropy() }, 1],
  ["embeddings", { dataset: pairs, model: () => dense(3), loss: Losses.supervisedContrastive() }, Number.NaN]
])("learns %s, of float images, and goes on to the same bits", async (_, own, accuracy) => {
  const whole = await train(own)
  const [first, last] = [whole.epochs[0]!, whole.epochs.at(-1)!]
  expect(last.testLoss).toBeLessThan(first.testLoss)
  // Of classes most are right at the end; where there are none, there is no share of right ones.
  expect(Math.round(last.testAccuracy)).toBe(accuracy)
  expect(Number.isNaN(last.trainAccuracy)).toBe(Number.isNaN(accuracy))
  expect(whole.tellsEvaluation).toBe(false)
  expect((await train(own, { from: whole.middle })).weights).toEqual(whole.weights)
})

it("an own metric is made of the outputs", async () => {
  const own = { dataset: regression, model: () => dense(2), loss: Losses.meanSquaredError }
  const worst = {
    name: "worst",
    axes: { title: "", caption: "", value: "" },
    measure: (
      { dataset, outputs }: Parameters<NonNullable<Trainer.TrainerOptions["measures"]>[number]["measure"]>[0]
    ) =>
      Effect.map(outputs(dataset.test), ({ shape, values }) => ({
        length: values.length,
        size: shape[0]!,
        loss: values.reduce((sum, value, i) => sum + (value - numbers.targets![i]!) ** 2, 0) / values.length
      }))
  }
  const { epochs } = await train(own, { epochs: 1, measures: [worst] })
  const { loss, ...shapes } = epochs[0]!.measures![0]!.readings
  expect(shapes).toEqual({ length: 2 * count, size: 2 })
  expect(loss).toBeCloseTo(epochs[0]!.testLoss, 5)
})

it.each<readonly [string, Dataset.Dataset, string]>([
  [
    "too few targets",
    { ...regression, test: { ...numbers, targets: new Float32Array(3) } },
    "24 test images have 48 " +
    "targets, but there are 3"
  ],
  ["a target that is no number", {
    ...regression,
    train: { ...numbers, targets: new Float32Array(2 * count).fill(Number.NaN) }
  }, "training image 0 has a target of NaN, but targets are finite"],
  ["a target that is no class", { ...segmentation, classes: 1 }, "there is 1 class, numbered from 0"],
  ["targets of which nothing is said", { ...pairs, train: numbers }, "of which it does not say what they are"],
  [
    "a float that is no number",
    { ...pairs, train: { ...labelled, images: pixels.map(() => Infinity) } },
    "training " +
    "image 0 has a value of Infinity"
  ]
])("refuses %s", (_, dataset, reason) => {
  expect(Result.getOrThrow(Result.flip(Dataset.check(dataset))).message).toContain(reason)
})

it("refuses a softmax of one number, which learns nothing", async () => {
  const one = { ...numbers, targets: pixels.slice(0, count) }
  const dataset: Dataset.Dataset = { ...regression, targets: { shape: [1], of: "numbers" }, train: one, test: one }
  const own = { dataset, model: () => dense(1), loss: Losses.softmaxCrossEntropy() }
  await expect(train(own)).rejects.toThrow(/softmax of one output is 1.*mean-squared-error/)
  expect((await train({ ...own, loss: Losses.meanSquaredError }, { epochs: 1 })).epochs).toHaveLength(1)
})

it("refuses for targets what is of labels, and crops of images alone", async () => {
  const own = { dataset: segmentation, model: perPixel, loss: Losses.softmaxCrossEntropy() }
  await expect(train(own, { augment: "crop-flip" })).rejects.toThrow("targets are not cropped with images")
  await expect(train(own, { classWeights: [1, 2] })).rejects.toThrow("targets are no classes of images")
  await expect(train({ ...own, model: () => dense(2) })).rejects.toThrow(/output, for the dataset's targets/)
  const noisy = Effect.runSync(Effect.flip(LabelNoise.apply(regression, { share: 0.5, seed: 1 })))
  expect(noisy.message).toContain("no labels to draw anew")
})

it("an error is not watched where outputs are no classes: it would never become better", async () => {
  const numbersCase = { dataset: regression, model: () => dense(2), loss: Losses.meanSquaredError }
  const embeddings = { dataset: pairs, model: () => dense(3), loss: Losses.supervisedContrastive() }
  const watching = { watch: "test-error", patience: 1 } as const
  const { control } = Controls.reduceOnPlateau(Schedule.constant(1), watching)
  for (const own of [numbersCase, embeddings]) {
    for (
      const more of [{ controls: [Controls.earlyStopping(watching)] }, { controls: [control] }, { keepBest: watching }]
    ) {
      await expect(train(own, more)).rejects.toThrow("watch must be test-loss or training-loss")
    }
  }
})
