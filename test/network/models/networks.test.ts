import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import { Combinators, Layers, Models, Network, Schedule, Seed, Trainer } from "finegrain"
import { beforeAll, describe, expect, it } from "vitest"
import { use } from "../../backends.ts"
import { tinyDataset } from "../../tinyDataset.ts"

beforeAll(() => use("wasm"))

const trainable = (model: tfl.LayersModel) =>
  model.trainableWeights.reduce((sum, { shape }) => sum + shape.reduce<number>((a, b) => a * b!, 1), 0)

const imagenet = { height: 224, width: 224, channels: 3, classes: 1000 }
const tiny = { height: 16, width: 16, channels: 2, classes: 3, seed: 1 }

const train = (model: tfl.LayersModel, options: Network.NetworkOptions = {}, then: () => void = () => undefined) =>
  Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const network = yield* Network.make(model, { seed: 1, ...options })
    const trainer = yield* Trainer.make({
      network,
      dataset: tinyDataset,
      schedule: Schedule.constant(0.1),
      epochs: 2,
      batchSize: 16,
      seed: 3
    })
    const progress = yield* trainer.train(() => Effect.void)
    const weights = yield* Effect.forEach(network.variables, (v) => Effect.promise(() => v.data()))
    then()
    model.dispose()
    return { progress, weights }
  })))

describe("residual networks for ImageNet", () => {
  // torchvision's tables of models; SE-ResNet-50 with biases, as in the authors' own.
  it.each(
    [[18, undefined, 11_689_512], [50, undefined, 25_557_032], [101, undefined, 44_549_160], [
      50,
      16,
      28_088_024
    ]] as const
  )(
    "of depth %i with squeeze %s have the published number of parameters and stages",
    (depth, squeeze, parameters) => {
      const model = Models.resNet({ ...imagenet, depth, ...(squeeze === undefined ? {} : { squeeze }) })
      expect(trainable(model)).toBe(parameters)
      const blocks = { 18: [2, 2, 2, 2], 50: [3, 4, 6, 3], 101: [3, 4, 23, 3] }[depth]
      const shapes = blocks.map((last, s) => model.getLayer(`stage${s + 1}_block${last}_add`).outputShape)
      const wide = depth === 18 ? 1 : 4
      expect(shapes).toEqual(
        [[56, 64], [28, 128], [14, 256], [7, 512]].map(([size, c]) => [null, size, size, c! * wide])
      )
      model.dispose()
    },
    120_000
  )

  it("learn, with their 1×1 kernels on manifolds too", async () => {
    const model = Models.resNet({ ...tinyDataset, depth: 50, filters: 4, squeeze: 4, seed: 1 })
    const { progress } = await train(model)
    expect(progress.epochs.at(-1)!.trainLoss).toBeLessThan(progress.epochs[0]!.trainLoss)
    expect(progress.tensorsLeaked).toBe(0)
  }, 120_000)

  it("refuse a reduction that leaves nothing", () => {
    expect(() => Models.resNet({ ...tiny, depth: 18, filters: 4, squeeze: 8 })).toThrow(
      /4 channels cannot be reduced 8 times/
    )
  })
})

describe("stochastic depth", () => {
  const apply = (layer: tfl.layers.Layer, training: boolean) =>
    (layer.apply(tf.ones([2, 3]), { training }) as tf.Tensor).dataSync()[0]!

  it("drops a branch as often as it says, whole batches at a time", () => {
    const layer = Models.stochasticDepth({ survival: 0.7, seed: 5 })
    const kept = Array.from({ length: 2000 }, () => apply(layer, true))
    const share = kept.reduce((a, b) => a + b, 0) / kept.length
    // Four standard deviations of the mean of 2000 coins.
    expect(Math.abs(share - 0.7)).toBeLessThan(4 * Math.sqrt(0.7 * 0.3 / 2000))
    expect(apply(layer, false)).toBeCloseTo(0.7, 6)
  })

  it("is a function of seed and step, which test time does not advance", () => {
    const layer = Models.stochasticDepth({ survival: 0.5, seed: 5 })
    const coins = (length: number) => Array.from({ length }, () => apply(layer, true))
    const first = coins(20)
    const model = tfl.sequential({ layers: [tfl.layers.inputLayer({ inputShape: [3] }), layer] })
    Layers.setStep(model, 10)
    apply(layer, false)
    expect(coins(10)).toEqual(first.slice(10))
  })

  it("lets gradients through where the branch survives, and none where it does not", () => {
    const layer = Models.stochasticDepth({ survival: 0.5, seed: 5 })
    const gradient = () =>
      tf.grad((x) => tf.sum(layer.apply(x, { training: true }) as tf.Tensor))(tf.ones([3])).dataSync()[0]!
    const coins = Array.from({ length: 12 }, gradient)
    expect([...new Set(coins)].toSorted()).toEqual([0, 1])
  })

  it("survives less the deeper the block, and comes back from JSON", async () => {
    const model = Models.cifarResNet({ ...tiny, depth: 14, survival: 0.5 })
    const survivals = model.layers.filter((layer) => layer.getClassName() === "FinegrainStochasticDepth")
      .map((layer) => layer.getConfig()["survival"])
    expect(survivals).toHaveLength(6)
    survivals.forEach((p, l) => expect(p).toBeCloseTo(1 - (l + 1) / 12, 6))
    const restored = await tfl.models.modelFromJSON(model.toJSON(undefined, false) as unknown as tf.io.ModelJSON)
    restored.setWeights(model.getWeights())
    const x = Seed.normalTensor(1, [2, 16, 16, 2])
    for (const m of [model, restored]) Layers.setStep(m, 4)
    const [one, other] = [model, restored].map((m) => m.apply(x, { training: true }) as tf.Tensor)
    expect(tf.max(tf.abs(tf.sub(one!, other!))).dataSync()[0]).toBe(0)
  })

  it("trains to the same bits from the same seed", async () => {
    const run = () => train(Models.cifarResNet({ ...tinyDataset, depth: 8, survival: 0.5, seed: 1 }))
    const [one, other] = [await run(), await run()]
    expect(other.weights).toEqual(one.weights)
  }, 60_000)

  it("refuses what is no probability", () => {
    expect(() => Models.stochasticDepth({ survival: 0, seed: 1 })).toThrow(/in \(0, 1\], not 0/)
  })
})

describe("residual networks without normalization", () => {
  const plain = () => Models.models["resnet-8-skipinit"].make(tiny)
  const scales = (model: tfl.LayersModel) =>
    model.layers.filter((layer) => layer.getClassName() === "FinegrainBranchScale")

  it("have biases and a scale for every branch instead of batch normalization", () => {
    const [model, normalized] = [plain(), Models.models["resnet-8"].make(tiny)]
    expect(model.layers.some((layer) => layer.getClassName() === "BatchNormalization")).toBe(false)
    expect(scales(model)).toHaveLength(3)
    // A normalization has two weights for every channel, a bias one.
    const channels = 16 + 2 * (16 + 32 + 64)
    expect(trainable(model)).toBe(trainable(normalized) - channels + 3)
    for (const m of [model, normalized]) m.dispose()
  })

  it("begin as their shortcuts, and come back from JSON with what their scales have learnt", async () => {
    const model = plain()
    const x = Seed.normalTensor(1, [2, 16, 16, 2])
    const read = (m: tfl.LayersModel) => (m.predict(x) as tf.Tensor).dataSync()
    const begun = read(model)
    const kernel = model.getLayer("stage1_block1_conv2")
    kernel.setWeights(kernel.getWeights().map((w) => tf.mul(w, 2)))
    expect(read(model)).toEqual(begun)
    for (const scale of scales(model)) scale.setWeights([tf.tensor1d([0.5])])
    const learnt = read(model)
    expect(learnt).not.toEqual(begun)
    const restored = await tfl.models.modelFromJSON(model.toJSON(undefined, false) as unknown as tf.io.ModelJSON)
    restored.setWeights(model.getWeights())
    expect(read(restored)).toEqual(learnt)
    for (const m of [model, restored]) m.dispose()
  })

  it("learn, with kernels on manifolds, branches too", async () => {
    const model = Models.cifarResNet({ ...tinyDataset, depth: 8, normalization: "none", seed: 1 })
    const branches = scales(model).map((layer) => layer.getWeights()[0]!)
    const learnt: Array<number> = []
    const { progress } = await train(model, { specification: "Sp+Ob+St+Euc" }, () => {
      learnt.push(...branches.map((scale) => scale.dataSync()[0]!))
    })
    expect(progress.epochs.at(-1)!.trainLoss).toBeLessThan(progress.epochs[0]!.trainLoss)
    expect(progress.tensorsLeaked).toBe(0)
    expect(learnt.every((scale) => scale !== 0)).toBe(true)
  }, 60_000)
})

describe("pyramidal perceptrons", () => {
  it("learn with their dense kernels on manifolds", async () => {
    const model = Models.pyramidalMlp({ ...tinyDataset, widths: [16, 8], seed: 1 })
    const overrides = { hidden2: { specification: "St", matricization: Combinators.whole } }
    const network = await Effect.runPromise(Network.make(model, { overrides }))
    expect(network.layers.map(({ kinds, name }) => [name, kinds[0]!.manifold.name])).toEqual([["hidden2", "St(16,8)"]])
    const { progress } = await train(model, { overrides })
    expect(progress.epochs.at(-1)!.trainLoss).toBeLessThan(progress.epochs[0]!.trainLoss)
  })

  it("refuse to widen", () => {
    expect(() => Models.pyramidalMlp({ ...tiny, widths: [8, 4, 6] })).toThrow(
      "layer 3 has 6 units, more than the 4 before it"
    )
  })
})
