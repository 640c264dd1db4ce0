import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import { Network, Schedule, Trainer } from "finegrain"
import { expect, it } from "vitest"
import { onEachBackend } from "../../backends.ts"
import { tinyDataset as dataset } from "../../tinyDataset.ts"
import { refusal, train, weight } from "./training.ts"

const conv = (more: object = {}) =>
  tfl.layers.conv2d({ inputShape: [8, 8, 1], filters: 4, kernelSize: 3, name: "conv", ...more })

/** A convolution, what is given, and a head of three classes. */
const model = (
  between: ReadonlyArray<tfl.layers.Layer> = [],
  head: object = {},
  convolution: object = {}
): tfl.Sequential =>
  tfl.sequential({
    layers: [
      conv({ kernelInitializer: tfl.initializers.glorotNormal({ seed: 1 }), ...convolution }),
      ...between,
      tfl.layers.flatten(),
      tfl.layers.dense({
        units: 3,
        name: "head",
        kernelInitializer: tfl.initializers.glorotNormal({ seed: 2 }),
        ...head
      })
    ]
  })

/** A constraint of the user's: TensorFlow.js does not export the class that they extend. */
const own = (apply: (w: tf.Tensor) => tf.Tensor): object => {
  const Constraint = Object.getPrototypeOf(tfl.constraints.nonNeg().constructor as object) as new() => object
  return Object.assign(new (class Own extends Constraint {})(), { apply })
}

const sp = { specification: "Sp", seed: 1 } as const

onEachBackend("constraints of layers", () => {
  it("hold on Euclidean weights after every step, along their axis", async () => {
    const depthwise = tfl.layers.depthwiseConv2d({
      kernelSize: 3,
      depthMultiplier: 2,
      name: "depth",
      depthwiseConstraint: tfl.constraints.maxNorm({ maxValue: 1, axis: [0, 1] as unknown as number })
    })
    // EEGNet: kernels of depthwise convolutions have length 1 at most, those of its classifier 0.25.
    const eegNet = model([depthwise], { kernelConstraint: tfl.constraints.maxNorm({ maxValue: 0.25, axis: 0 }) })
    const lengths = () =>
      tf.tidy(() => {
        const [depth, head] = ["depthwise_kernel", "head/kernel"].map((name) =>
          eegNet.weights.find(({ originalName }) => originalName.includes(name))!.read()
        ) as [tf.Tensor, tf.Tensor]
        return [tf.norm(tf.reshape(depth, [9, 8]), 2, 0), tf.norm(head, 2, 0)].map((norms) =>
          tf.max(norms).dataSync()[0]!
        )
      })
    const found: Array<ReadonlyArray<number>> = []
    const { losses, leaked } = await train(
      eegNet,
      { ...sp, overrides: { depth: { specification: "Euc" } }, epochs: 3 },
      (event) => event._tag === "StepDone" && found.push(lengths())
    )
    expect(found.length).toBe(losses.length)
    // A constraint of TensorFlow.js divides by 1e-7 more than the length.
    for (const [depth, head] of found) {
      expect(depth).toBeLessThanOrEqual(1)
      expect(head).toBeLessThanOrEqual(0.25)
    }
    expect(found.at(-1)![1]).toBeGreaterThan(0.2499)
    expect(leaked).toBe(0)
  })

  it("are all of TensorFlow.js, and the user's own", async () => {
    const after = async (constraint: object) => {
      const trained = model([], { kernelConstraint: constraint })
      await train(trained, { ...sp, epochs: 2 })
      const kernel = trained.weights.find(({ originalName }) => originalName.includes("head/kernel"))!.read()
      return { smallest: tf.min(kernel).dataSync()[0]!, lengths: [...tf.norm(kernel, 2, 0).dataSync()] }
    }
    expect((await after(tfl.constraints.nonNeg())).smallest).toBe(0)
    for (const length of (await after(tfl.constraints.unitNorm({ axis: 0 }))).lengths) expect(length).toBeCloseTo(1, 5)
    for (const length of (await after(tfl.constraints.minMaxNorm({ minValue: 2, maxValue: 3, axis: 0 }))).lengths) {
      expect(length).toBeGreaterThan(1.99999)
    }
    const times = (factor: number) => after(own((w) => tf.mul(w, factor)))
    const [whole, half] = [await times(1), await times(0.5)]
    for (const [i, length] of half.lengths.entries()) expect(length).toBeLessThan(whole.lengths[i]! / 4)
  })

  it("do not meet manifolds on one kernel", async () => {
    const twice = () => model([], {}, { kernelConstraint: "maxNorm" })
    expect(await refusal(twice(), sp)).toBe(
      "DeclarationRefused: Layer \"conv\": the constraint MaxNorm of its kernel is refused, " +
        "because this kernel is constrained by Sp " +
        "already, and what one constraint does the other undoes. Remove it, or keep this kernel Euclidean: " +
        "overrides: " +
        "{ \"conv\": { specification: \"Euc\" } }."
    )
    const { network } = await train(twice(), { ...sp, specification: "Euc" })
    expect(network.unconstrained.map(({ name, reason }) => [name, reason])).toEqual([
      ["conv", "a constraint of its own holds its kernel"],
      ["head", "overrides do not name it"]
    ])
  })

  it("of weights that are no kernels hold, too", async () => {
    const trained = model(
      [tfl.layers.batchNormalization({
        gammaConstraint: tfl.constraints.maxNorm({ maxValue: 0.5, axis: 0 }),
        name: "bn"
      })],
      { biasConstraint: "nonNeg" }
    )
    await train(trained, sp)
    expect(Math.hypot(...await weight(trained, "bn/gamma"))).toBeLessThanOrEqual(0.5)
    expect(Math.min(...await weight(trained, "head/bias"))).toBeGreaterThanOrEqual(0)
  })
})

onEachBackend("regularizers of layers", () => {
  it("are part of the loss and of the gradient", async () => {
    const first = async (l2: number, rate = 0) => {
      const trained = model([], l2 === 0 ? {} : { kernelRegularizer: tfl.regularizers.l2({ l2 }) })
      const squares = (await weight(trained, "head/kernel")).reduce((sum, w) => sum + w * w, 0)
      const { losses } = await train(trained, sp)
      const after = (await weight(trained, "head/kernel")).reduce((sum, w) => sum + w * w, 0)
      return { loss: losses[0]!, squares, after, rate }
    }
    const [without, withL2] = [await first(0), await first(0.5)]
    expect(withL2.loss - without.loss).toBeCloseTo(0.5 * withL2.squares, 4)
    expect(withL2.after).toBeLessThan(0.8 * without.after)
  })

  it("count for recurrent kernels and for layers within layers, which TensorFlow.js leaves out", async () => {
    const l2 = tfl.regularizers.l2({ l2: 1 })
    const recurrent = (regularized: boolean) =>
      tfl.sequential({
        layers: [
          tfl.layers.reshape({ inputShape: [8, 8, 1], targetShape: [8, 8] }),
          tfl.layers.timeDistributed({
            layer: tfl.layers.dense({
              units: 4,
              kernelInitializer: "ones",
              ...(regularized ? { kernelRegularizer: l2 } : {})
            })
          }),
          tfl.layers.simpleRNN({
            units: 3,
            kernelInitializer: tfl.initializers.constant({ value: 0.1 }),
            recurrentInitializer: tfl.initializers.constant({ value: 0.5 }),
            ...(regularized ? { recurrentRegularizer: l2 } : {})
          })
        ]
      })
    const [{ losses: [without] }, { losses: [found] }] = [
      await train(recurrent(false), { seed: 1 }),
      await train(recurrent(true), { seed: 1 })
    ]
    // 8·4 ones, and 3·3 halves.
    expect(found! - without!).toBeCloseTo(32 + 9 / 4, 4)
  })

  it("are refused where they are constants, and honoured where they are not", async () => {
    const l2 = { kernelRegularizer: tfl.regularizers.l2({ l2: 0.1 }) }
    for (const specification of ["Sp", "Ob", "St", "Sp+Ob+St"]) {
      expect(await refusal(model([], {}, l2), { specification })).toMatch(
        /Layer "conv": the L2 regularizer of its kernel is refused, because all matrices on \S+ have one length/
      )
    }
    const l1 = { kernelRegularizer: tfl.regularizers.l1({ l1: 0.1 }) }
    const [{ losses: [plain] }, { losses: [withL1] }] = [await train(model(), sp), await train(model([], {}, l1), sp)]
    expect(withL1! - plain!).toBeGreaterThan(0.01)
    await train(model([], {}, l2), { specification: "Euc" })
  })
})

onEachBackend("frozen layers", () => {
  const normalization = (more: object = {}) => tfl.layers.batchNormalization({ name: "bn", ...more })
  const statistics = async (trained: tfl.LayersModel) => [
    ...await weight(trained, "moving_mean"),
    ...await weight(trained, "moving_variance")
  ]
  const untouched = [0, 0, 0, 0, 1, 1, 1, 1]

  it("keep their statistics, and use them in training", async () => {
    const trained = model([normalization({ trainable: false })])
    const free = model([normalization()])
    const [frozen, moving] = [await train(trained, sp), await train(free, sp)]
    expect(await statistics(trained)).toEqual(untouched)
    expect(await statistics(free)).not.toEqual(untouched)
    // With mean 0 and variance 1 it changes next to nothing: the loss is that of the network without it.
    expect(frozen.losses[0]).toBeCloseTo((await train(model(), sp)).losses[0]!, 3)
    expect(moving.losses[0]).not.toBeCloseTo(frozen.losses[0]!, 3)
  })

  it("keep them within a frozen model within the model, whichever way it is put in", async () => {
    const base = () => {
      const inner = tfl.sequential({ layers: [conv(), normalization(), tfl.layers.reLU()] })
      inner.trainable = false
      return inner
    }
    const head = () => tfl.layers.dense({ units: 3 })
    const sequential = tfl.sequential({ layers: [base(), tfl.layers.flatten(), head()] })
    const input = tfl.input({ shape: [8, 8, 1] })
    const functional = tfl.model({
      inputs: input,
      outputs: head().apply(
        tfl.layers.flatten().apply(base().apply(input)) as tfl.SymbolicTensor
      ) as tfl.SymbolicTensor
    })
    for (const trained of [sequential, functional]) {
      const kernel = await weight(trained, "conv")
      const { network } = await train(trained, { seed: 1 })
      expect(await statistics(trained)).toEqual(untouched)
      expect(await weight(trained, "conv")).toEqual(kernel)
      expect(network.unconstrained.find(({ name }) => name === "conv")!.reason).toMatch(/frozen/)
    }
  })

  it("are asked for before a network is made: later it is refused by name, in the step after", async () => {
    const freezing = async (change: (trained: tfl.LayersModel) => void, given = model()) =>
      refusal(given, { ...sp, epochs: 2 }, (event) => event._tag === "StepDone" && event.step === 2 && change(given))
    const line = new RegExp(
      String.raw`DeclarationRefused: The model: its weight \S+, (un)?frozen after Network.make, is refused, ` +
        ".*Freeze and unfreeze first"
    )
    expect(await freezing((given) => given.layers[0]!.trainable = false)).toMatch(line)
    expect(await freezing((given) => given.getLayer("head").trainable = false)).toMatch(line)
    expect(await freezing((given) => given.trainable = false)).toMatch(line)
    const frozen = model([normalization({ trainable: false })])
    expect(await freezing((given) => given.getLayer("bn").trainable = true, frozen)).toMatch(line)
    const before = tf.memory().numTensors
    await freezing((given) => given.layers[0]!.trainable = false, model())
    expect(tf.memory().numTensors - before).toBeLessThanOrEqual(4)
  })

  it("must not be all", async () => {
    const frozen = model()
    frozen.trainable = false
    expect(await refusal(frozen, sp)).toMatch(
      /^DeclarationRefused: The model: to be without weights that are trained is refused/
    )
    const layers = model()
    for (const layer of layers.layers) layer.trainable = false
    expect(await refusal(layers)).toMatch(/Unfreeze a layer before Network\.make/)
  })

  it("may be a kernel alone: its bias is trained", async () => {
    const trained = model()
    trained.layers[0]!.trainableWeights[0]!.trainable = false
    const kernel = await weight(trained, "conv/kernel")
    const { network } = await train(trained, { seed: 1 })
    expect(await weight(trained, "conv/kernel")).toEqual(kernel)
    expect(await weight(trained, "conv/bias")).not.toEqual(new Float32Array(4))
    expect(network.layers).toEqual([])
    expect(network.unconstrained[0]).toEqual({ name: "conv", reason: "its kernel is frozen" })
  })
})

onEachBackend("batch normalization without a scale or a centre", () => {
  for (const [scale, center] of [[false, true], [true, false], [false, false]] as const) {
    for (const axis of [-1, 1]) {
      it(`trains (scale ${scale}, center ${center}, axis ${axis}) as one with both that stay 1 and 0`, async () => {
        const layer = () => tfl.layers.batchNormalization({ scale, center, axis, name: "bn" })
        const [trained, twin] = [
          model([layer(), tfl.layers.reLU()]),
          model([tfl.layers.batchNormalization({ axis, name: "bn" }), tfl.layers.reLU()])
        ]
        for (const [role, free] of [["gamma", scale], ["beta", center]] as const) {
          twin.weights.find(({ originalName }) => originalName.includes(role))!.trainable = free
        }
        const [found, right] = [await train(trained, sp), await train(twin, sp)]
        expect(found.leaked).toBe(0)
        for (const [i, loss] of found.losses.entries()) expect(loss).toBeCloseTo(right.losses[i]!, 5)
        expect(found.epochs[0]!.testLoss).toBeCloseTo(right.epochs[0]!.testLoss, 4)
        expect(trained.getLayer("bn").getWeights().length).toBe(2 + Number(scale) + Number(center))
      })
    }
  }
})

onEachBackend("what is drawn in training", () => {
  const layers: Readonly<Record<string, () => ReadonlyArray<tfl.layers.Layer>>> = {
    dropout: () => [tfl.layers.dropout({ rate: 0.5 })],
    "dropout with a seed": () => [tfl.layers.dropout({ rate: 0.5, seed: 7 })],
    spatialDropout1d: () => [
      tfl.layers.reshape({ targetShape: [36, 4] }),
      tfl.layers.spatialDropout1d({ rate: 0.5, seed: 3 })
    ],
    gaussianNoise: () => [tfl.layers.gaussianNoise({ stddev: 1 })],
    gaussianDropout: () => [tfl.layers.gaussianDropout({ rate: 0.5 })],
    alphaDropout: () => [tfl.layers.alphaDropout({ rate: 0.5 })],
    "recurrent dropout": () => [
      tfl.layers.reshape({ targetShape: [4, 36] }),
      tfl.layers.lstm({
        units: 3,
        dropout: 0.3,
        recurrentDropout: 0.3,
        returnSequences: true,
        kernelInitializer: tfl.initializers.glorotNormal({ seed: 1 }),
        recurrentInitializer: tfl.initializers.glorotNormal({ seed: 2 })
      })
    ],
    "dropout in stacked cells": () => [
      tfl.layers.reshape({ targetShape: [4, 36] }),
      tfl.layers.rnn({
        cell: [3, 4].map((units) =>
          tfl.layers.gruCell({
            units,
            dropout: 0.3,
            recurrentDropout: 0.3,
            kernelInitializer: tfl.initializers.glorotNormal({ seed: units }),
            recurrentInitializer: tfl.initializers.glorotNormal({ seed: units })
          })
        ) as unknown as Parameters<typeof tfl.layers.rnn>[0]["cell"],
        returnSequences: true
      })
    ],
    "a layer of the user's": () => [new Shaking()]
  }

  class Shaking extends tfl.layers.Layer {
    static readonly className = "Shaking"
    override call(inputs: tf.Tensor | Array<tf.Tensor>, { training = false }: { readonly training?: boolean }) {
      const x = Array.isArray(inputs) ? inputs[0]! : inputs
      return training ? tf.mul(x, tf.randomUniform(x.shape)) : tf.clone(x)
    }
  }

  for (const [name, between] of Object.entries(layers)) {
    it(`${name}: the same run seed gives the same bits, every step another mask`, async () => {
      const run = async (options: object = {}) => {
        const trained = model(between())
        const { leaked, losses } = await train(trained, { ...sp, epochs: 2, ...options })
        expect(leaked).toBe(0)
        return { losses, weights: [...await weight(trained, "head/kernel")] }
      }
      const [first, second] = [await run(), await run()]
      expect(second).toEqual(first)
      // Without a step's move, only the masks differ between two epochs over one batch.
      const still = await run({ schedule: { name: "still", rate: () => 0 }, batchSize: 96, epochs: 3 })
      expect(new Set(still.losses).size).toBe(still.losses.length)
    })
  }

  it("is what a resumed run draws", async () => {
    type Snapshot = Effect.Success<Trainer.Training["snapshot"]>
    const run = (from?: Snapshot) =>
      Effect.runPromise(Effect.scoped(Effect.gen(function*() {
        const trained = model([...layers["dropout"]!(), tfl.layers.dropout({ rate: 0.2, seed: 5 })])
        const network = yield* Network.make(trained, sp)
        const schedule = Schedule.constant(0.1)
        const settings = { network, dataset, schedule, epochs: 3, batchSize: 32, seed: 3 }
        const trainer = yield* Trainer.make({ ...settings, ...(from === undefined ? {} : { from }) })
        const losses: Array<number> = []
        let middle: Snapshot | undefined
        yield* trainer.train(Effect.fnUntraced(function*(event) {
          if (event._tag !== "StepDone") return
          losses.push(event.loss)
          if (event.step === 4) middle = yield* trainer.snapshot
        }))
        return { losses, middle }
      })))
    const whole = await run()
    expect((await run(whole.middle)).losses).toEqual(whole.losses.slice(4))
  })

  it("leaves Math.random as it was, and the seeds of layers", async () => {
    const random = Math.random
    const trained = model(layers["dropout with a seed"]!())
    await train(trained, sp)
    expect(Math.random).toBe(random)
    expect(trained.layers[1]!.getConfig()["seed"]).toBe(7)
  })
})
