import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import { FgSgd, Network, Optimizer, Schedule, Seed, StepSize } from "finegrain"
import { afterEach, beforeEach, expect, it } from "vitest"
import { onEachBackend } from "../backends.ts"
import { runsWebgpu } from "../webgpu.ts"

const schedule = Schedule.constant(0.05)
const x = () => Seed.normalTensor(1, [12, 4, 4, 2])
const y = () => tf.oneHot(Array.from({ length: 12 }, (_, i) => i % 3), 3)
const loss = "categoricalCrossentropy"

/** Two sorts of kernels, a bias, dropout and moving averages. */
const modelOf = () =>
  tfl.sequential({
    layers: [
      tfl.layers.conv2d({
        inputShape: [4, 4, 2],
        filters: 2,
        kernelSize: 3,
        name: "conv",
        kernelInitializer: tfl.initializers.heNormal({ seed: 1 })
      }),
      tfl.layers.batchNormalization({ name: "norm" }),
      tfl.layers.flatten(),
      tfl.layers.dropout({ rate: 0.25 }),
      tfl.layers.dense({
        name: "head",
        units: 3,
        activation: "softmax",
        kernelInitializer: tfl.initializers.heNormal({ seed: 2 })
      })
    ]
  })

const networkOf = (model: tfl.LayersModel, options: Network.NetworkOptions = {}) =>
  Effect.runPromise(Network.make(model, { specification: "Sp+St", seed: 3, ...options }))

const compiled = async (model: tfl.LayersModel = modelOf()) => {
  const network = await networkOf(model)
  const optimizer = Network.optimizer(network, { schedule })
  model.compile({ optimizer, loss, metrics: ["accuracy"] })
  return { model, network, optimizer }
}

const quiet = { verbose: 0, shuffle: false } as const
const bits = (weights: ReadonlyArray<tf.Tensor>) => Promise.all(weights.map(async (weight) => [...await weight.data()]))
const all = ({ model }: Network.Network) => bits(model.weights.map((weight) => weight.read()))

beforeEach(() => tf.engine().startScope())
afterEach(() => tf.engine().endScope())

onEachBackend("an optimizer for model.compile", () => {
  it("takes the steps of Optimizer.update, to the same bits", async () => {
    const { model, network, optimizer } = await compiled()
    const twin = await networkOf(modelOf())
    const chain = FgSgd.make(twin.problem, { schedule, momentum: 0.9, rule: StepSize.curvatureAware() })
    let state = { ...Optimizer.init(chain, twin.variables), scaling: Network.scaling(twin) }
    Network.assign(twin, Optimizer.weightsOf(chain, state))
    const gradients: Array<ReadonlyArray<tf.Tensor>> = []
    const stock = optimizer.applyGradients.bind(optimizer)
    optimizer.applyGradients = (given) => {
      const tensors = Array.isArray(given) ? given.map(({ tensor }) => tensor as tf.Tensor) : Object.values(given)
      gradients.push(tensors.map((tensor) => tf.keep(tf.clone(tensor))))
      stock(given)
    }
    await model.fit(x(), y(), { ...quiet, epochs: 2, batchSize: 4 })
    for (const given of gradients) {
      const updated = Optimizer.update(chain, state, given)
      state = updated.state
      Network.assign(twin, updated.weights)
    }
    expect(gradients.length).toBe(6)
    expect(await bits(network.variables)).toEqual(await bits(twin.variables))
    tf.dispose(gradients.flat())
    optimizer.dispose()
  })
}, runsWebgpu ? ["webgpu"] : [])

onEachBackend("an optimizer for model.compile, over epochs and files,", (engine) => {
  it("renormalizes at the start of every epoch as the formulas say, and not where nobody asks", async () => {
    const { model, network, optimizer } = await compiled()
    const inputs = tf.mul(x(), tf.tensor1d([2, 5]))
    const seen: Array<unknown> = []
    const factors = () => bits(optimizer.state!.scaling.filter((factor) => factor !== undefined))
    const watch = new tfl.CustomCallback({ onBatchEnd: () => factors().then((found) => void seen.push(found)) })
    await model.fit(inputs, y(), { ...quiet, epochs: 1, callbacks: [watch] })
    expect(seen).toEqual([await bits(Network.scaling(network).filter((factor) => factor !== undefined))])
    const lambdas = await Effect.runPromise(Network.deviations(network, inputs))
    expect(lambdas.every((lambda) => lambda.every((value) => value > 1))).toBe(true)
    await model.fit(inputs, y(), { ...quiet, epochs: 1, callbacks: [optimizer.renormalization(() => inputs), watch] })
    expect(seen[1]).toEqual(await bits(Network.scaling(network, lambdas).filter((factor) => factor !== undefined)))
    // Drawn by seed and epoch: another sample, other factors; the same epoch, the same ones.
    const drawn = optimizer.renormalization(inputs, { examples: 3 })
    const after = async (epoch: number) => {
      await drawn.onEpochBegin(epoch)
      return factors()
    }
    const [first, second, again] = [await after(0), await after(1), await after(0)]
    expect(first).toEqual(again)
    expect(first).not.toEqual(second)
    optimizer.dispose()
  })

  it("goes on from a saved model to the same bits, in the middle of what layers draw", async () => {
    const fitted = async ({ model, optimizer }: Awaited<ReturnType<typeof compiled>>, from: number) => {
      const callbacks = optimizer.renormalization(tf.mul(x(), 3))
      await model.fit(x(), y(), { ...quiet, batchSize: 4, initialEpoch: from, epochs: from + 2, callbacks })
    }
    const whole = await compiled()
    await fitted(whole, 0)
    let saved: tf.io.ModelArtifacts | undefined
    await whole.model.save(
      tf.io.withSaveHandler((artifacts) => {
        saved = artifacts
        return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } })
      }),
      { includeOptimizer: true }
    )
    await fitted(whole, 2)
    const loaded = await tfl.loadLayersModel(tf.io.fromMemory(saved!))
    await expect(loaded.trainOnBatch(x(), y())).rejects.toThrow("Network.optimizer")
    const network = await networkOf(loaded)
    const optimizer = Network.optimizer(network, { schedule })
    await optimizer.setWeights(await loaded.optimizer.getWeights())
    loaded.optimizer.dispose()
    loaded.compile({ optimizer, loss, metrics: ["accuracy"] })
    expect(optimizer.iterations).toBe(6)
    await fitted({ model: loaded, network, optimizer }, 2)
    expect(await all(network)).toEqual(await all(whole.network))
    expect(optimizer.getConfig()).toEqual(whole.optimizer.getConfig())
    optimizer.dispose()
    whole.optimizer.dispose()
  })

  it("keeps as many tensors after 1,000 steps (on wasm) as after the first, and none once disposed of", async () => {
    const model = tfl.sequential({ layers: [tfl.layers.dense({ name: "d", inputShape: [2], units: 2 })] })
    const network = await networkOf(model, { specification: "Euc", overrides: { d: { specification: "St" } } })
    const before = tf.memory().numTensors
    const optimizer = Network.optimizer(network, { schedule })
    model.compile({ optimizer, loss: "meanSquaredError" })
    const batch = tf.ones([1, 2])
    const step = () => optimizer.minimize(() => tf.mean(tf.square(model.apply(batch) as tf.Tensor)))
    step()
    const first = tf.memory().numTensors
    // In plain JavaScript it is the same, and takes long.
    for (let i = 0; i < (engine === "wasm" ? 1000 : 20); i++) step()
    expect(tf.memory().numTensors).toBe(first)
    await optimizer.renormalize(batch)
    await optimizer.getWeights()
    await optimizer.getWeights()
    await model.fit(batch, batch, { ...quiet, epochs: 3, callbacks: optimizer.renormalization(batch) })
    await model.trainOnBatch(batch, batch)
    optimizer.dispose()
    batch.dispose()
    expect(tf.memory().numTensors - before).toBeLessThanOrEqual(0)
  })
})
