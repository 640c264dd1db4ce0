import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type Dataset, LabelNoise, Losses, Network } from "finegrain"
import { beforeAll, expect, it } from "vitest"
import * as epochFigures from "../../src/report/epochFigures.ts"
import type { RowRun } from "../../src/report/Figure.ts"
import { builtIn } from "../../src/training/Catalogues.ts"
import * as made from "../../src/training/made.ts"
import { type AskedMeasure, type AtEpoch, measures } from "../../src/training/measures.ts"
import { asked } from "../../src/training/measures/asked.ts"
import type { MeasureAxes } from "../../src/training/measures/MeasureAxes.ts"
import * as RunFiles from "../../src/training/RunFiles.ts"
import type { TrainConfig } from "../../src/training/TrainConfig.ts"
import { use } from "../backends.ts"

beforeAll(() => use("cpu"))

const dataset = {
  name: "blank",
  classes: 2,
  height: 1,
  width: 1,
  channels: 2,
  checksum: "",
  train: { images: new Uint8Array(4), labels: Uint8Array.of(0, 1), count: 2 },
  test: { images: new Uint8Array(4), labels: Uint8Array.of(0, 1), count: 2 }
}

const at = async (): Promise<AtEpoch> => {
  const layer = tfl.layers.conv2d({ name: "own", inputShape: [1, 1, 2], filters: 2, kernelSize: 1, useBias: false })
  const model = tfl.sequential({ layers: [layer] })
  // Singular values 2 and 1.
  layer.setWeights([(await import("@tensorflow/tfjs-core")).tensor4d([2, 0, 0, 1], [1, 1, 2, 2])])
  const network = await Effect.runPromise(Network.make(model, { specification: "Euc" }))
  // A network that takes every image for class 0.
  const evaluate = ({ count, labels }: Dataset.ImageSource) => {
    const accuracy = labels.filter((label) => label === 0).length / count
    return Effect.succeed({ loss: 1, accuracy, predicted: new Uint16Array(count), confidence: undefined })
  }
  const outputs = () => Effect.succeed({ shape: [1], values: Float32Array.of(1, 2) })
  return { network, dataset, epoch: 3, tested: await Effect.runPromise(evaluate(dataset.test)), evaluate, outputs }
}

const measure = async (entry: AskedMeasure<never>, settings: object = {}, more: Partial<AtEpoch> = {}) =>
  Effect.runPromise(Effect.match(asked("mine", entry, settings).measure({ ...await at(), ...more }), {
    onFailure: ({ message }) => message,
    onSuccess: (readings) => readings
  }))

it("the stable rank of a layer is the sum of its squared singular values over the largest", async () => {
  expect(await measure(measures["stable-rank"])).toEqual({ own: expect.closeTo(1.25, 5) })
})

it("a measure gives a number or numbers by name, at once, by a promise or by an Effect", async () => {
  const about = "mine"
  expect(await measure({ about, make: ({ epoch }: AtEpoch) => epoch })).toEqual({ "": 3 })
  expect(await measure({ about, make: ({ many }: { many: number }) => Promise.resolve({ a: many }) }, { many: 7 }))
    .toEqual({ a: 7 })
  expect(await measure({ about, make: () => Effect.succeed(2) })).toEqual({ "": 2 })
})

it("what a run has not got is told before it begins", () => {
  const [crossEntropy, squares] = [Losses.softmaxCrossEntropy(), Losses.meanSquaredError]
  const numbers = { ...dataset, targets: { shape: [2], of: "numbers" } as const }
  const places = { ...dataset, targets: { shape: [1, 1], of: "classes" } as const }
  const why = (name: string, of: Dataset.Dataset, loss: Losses.Loss) =>
    Effect.runSync(Effect.match(made.measures({ measures: [name] } as unknown as TrainConfig, of, loss, builtIn), {
      onFailure: ({ message }) => message,
      onSuccess: ([measure]) => measure!.name
    }))
  for (const name of ["calibration", "class-accuracy", "label-noise", "corruptions"]) {
    expect(why(name, dataset, crossEntropy)).toBe(name)
    expect(why(name, numbers, squares)).toMatch(/by mean squared error on blank outputs tell none/)
    expect(why(name, dataset, Losses.supervisedContrastive())).toMatch(/supervised contrastive .*outputs tell none/)
    expect(why(name, places, crossEntropy)).toMatch(name === "corruptions" ? name : /those of blank are of places/)
    expect(why(name, dataset, squares)).toMatch(name === "calibration" ? /learn by mean squared error tell none/ : name)
  }
  expect(why("stable-rank", numbers, squares)).toBe("stable-rank")
})

it("what its figure says goes with its numbers into the log, and is read from there", () => {
  const axes: Required<MeasureAxes> = {
    title: "T",
    caption: "C",
    value: "v",
    scale: "log",
    zero: true,
    limits: [0, 100]
  }
  expect(asked("mine", { about: "mine", ...axes, make: () => 0 }, {}).axes).toEqual(axes)
  const record = { name: "mine", ...axes, readings: { a: 1 } }
  expect(Schema.decodeUnknownSync(RunFiles.EpochDone.fields.measures)([record])).toEqual([record])
  const earlier = { name: "mine", title: "T", caption: "C", value: "v", readings: {} }
  expect(Schema.decodeUnknownSync(RunFiles.EpochDone.fields.measures)([earlier])).toEqual([earlier])
})

it("shares in percent are within 0 and 100, and so are the bands of their figures", () => {
  const shares = Object.entries<AskedMeasure<never>>(measures).filter(([, { value }]) => value?.endsWith(", %"))
  expect(shares.map(([name]) => name)).toEqual(["class-accuracy", "calibration", "label-noise", "corruptions"])
  for (const [name, entry] of shares) {
    const { axes } = asked(name, entry, {})
    const epochs = [2, 98].map((
      value
    ) => [{ epoch: 1, norms: [], measures: [{ name, ...axes, readings: { a: value } }] }])
    const runs = epochs.map((epochs, seed) => ({ row: "r", seed, epochs })) as ReadonlyArray<unknown>
    const drawn = epochFigures.measures(runs as ReadonlyArray<RowRun>).find((chart) => chart?.name === name)
    const { data: { values } } = drawn!.spec as unknown as { data: { values: ReadonlyArray<object> } }
    expect(values).toEqual([expect.objectContaining({ low: 0, high: 100 })])
  }
})

it("one that throws, rejects or gives something else is told in a line", async () => {
  const about = "mine"
  const failing = () => {
    throw new Error("no luck")
  }
  expect(await measure({ about, make: failing })).toBe("The measure mine failed: no luck")
  expect(await measure({ about, make: () => Promise.reject(new Error("later")) })).toBe(
    "The measure mine failed: later"
  )
  expect(await measure({ about, make: () => "much" as unknown as number }))
    .toBe("The measure mine failed: it gives neither a number nor numbers by name")
})

it("accuracies by class, and calibration, are those of the answers to the test images", async () => {
  expect(await measure(measures["class-accuracy"])).toEqual({ 0: 100, 1: 0 })
  const { tested } = await at()
  const sure = { tested: { ...tested, confidence: Float32Array.of(1, 1) } }
  expect(await measure(measures.calibration, {}, sure)).toEqual({ "": 50 })
  expect(await measure(measures.calibration)).toContain("no logits")
})

it("clean, changed and corrected labels are told apart, of so many images at most", async () => {
  const train = { images: new Uint8Array(80), labels: new Uint8Array(40), count: 40 }
  const noisy = Effect.runSync(LabelNoise.apply({ ...dataset, train }, { share: 0.5, seed: 1 }))
  const seen: Array<number> = []
  const { evaluate } = await at()
  const watched: AtEpoch["evaluate"] = (source) => {
    seen.push(source.count)
    return evaluate(source)
  }
  // Every right label is 0, and so is every answer.
  const settings = { noiseImages: 5 }
  expect(await measure(measures["label-noise"], settings, { dataset: noisy, evaluate: watched }))
    .toEqual({ clean: 100, changed: 0, corrected: 100 })
  expect(seen).toEqual([5, 5, 5])
  expect(await measure(measures["label-noise"], settings)).toEqual({ clean: 50 })
})

it("test images are corrupted in the ways that are asked for, at every strength", async () => {
  const of = async (settings: object) => Object.keys(await measure(measures.corruptions, settings))
  expect(await of({ corruptions: ["blur"] })).toEqual(["blur 1", "blur 2", "blur 3"])
  expect((await of({})).length).toBe(9)
})
