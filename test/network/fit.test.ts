import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import * as finegrain from "finegrain"
import { FgSgd, Models, Network, Optimizers, Schedule, Seed, Transform } from "finegrain"
import { afterEach, beforeAll, beforeEach, expect, it } from "vitest"
import { use } from "../backends.ts"

beforeAll(() => use("cpu"))
beforeEach(() => tf.engine().startScope())
afterEach(() => tf.engine().endScope())

const schedule = Schedule.constant(0.1)
const quiet = { verbose: 0, shuffle: false } as const
const dense = (name: string, more: object = {}) =>
  tfl.layers.dense({ name, units: 2, kernelInitializer: tfl.initializers.heNormal({ seed: 1 }), ...more })
const networkOf = (model: tfl.LayersModel, options: Network.NetworkOptions = {}) =>
  Effect.runPromise(Network.make(model, { specification: "Euc", seed: 3, ...options }))
const single = (more: object = {}) => tfl.sequential({ layers: [dense("d", { inputShape: [2], ...more })] })
const onStiefel: Network.NetworkOptions = { overrides: { d: { specification: "St" } } }
const values = (model: tfl.LayersModel) => model.getWeights().map((weight) => Array.from(weight.dataSync()))
const x = () => Seed.normalTensor(1, [6, 2])
const y = () => tf.cast(tf.oneHot([0, 1, 0, 1, 0, 1], 2), "float32")

/** Kernel and bias of a small model after so much training, from the same start. */
const trained = async (train: (model: tfl.LayersModel) => Promise<unknown>) => {
  const model = single()
  const network = await networkOf(model, onStiefel)
  const optimizer = Network.optimizer(network, { schedule })
  model.compile({ optimizer, loss: "meanSquaredError" })
  await train(model)
  optimizer.dispose()
  return values(model)
}

it("takes one and the same steps in fit, fitDataset and trainOnBatch", async () => {
  const [rows, targets] = [x(), y()]
  const batches = () => [0, 2, 4].map((from) => ({ xs: tf.slice(rows, from, 2), ys: tf.slice(targets, from, 2) }))
  const fitted = await trained((model) => model.fit(rows, targets, { ...quiet, epochs: 1, batchSize: 2 }))
  const batchwise = await trained(async (model) => {
    for (const { xs, ys } of batches()) await model.trainOnBatch(xs, ys)
  })
  const streamed = await trained((model) => {
    const left = batches()
    const next = () => {
      const value = left.shift()
      return Promise.resolve({ value, done: value === undefined })
    }
    const dataset = { size: 3, iterator: () => Promise.resolve({ next }) }
    return model.fitDataset(dataset as never, { epochs: 1, verbose: 0 })
  })
  expect(batchwise).toEqual(fitted)
  expect(streamed).toEqual(fitted)
})

it("honours class weights: a class of weight 0 teaches nothing", async () => {
  const weighted = (classWeight: tfl.ClassWeight) =>
    trained((model) => model.fit(x(), y(), { ...quiet, epochs: 1, batchSize: 1, classWeight }))
  const plain = await trained((model) => model.fit(x(), y(), { ...quiet, epochs: 1, batchSize: 1 }))
  expect(await weighted({ 0: 1, 1: 1 })).toEqual(plain)
  expect(await weighted({ 0: 1, 1: 0 })).not.toEqual(plain)
})

/** A step of `fit` on rows with such weights, and the loss that it tells. */
const weighted = async (args: tfl.ModelFitArgs, loss: string | Weighing = "meanSquaredError", model = single()) => {
  const optimizer = finegrain.optimizer(await networkOf(model, onStiefel), { schedule })
  model.compile({ optimizer, loss: loss as string })
  const { history } = await model.fit(x(), y(), { ...quiet, epochs: 1, batchSize: 6, ...args })
  optimizer.dispose()
  return { loss: Number(history["loss"]![0]), weights: values(model) }
}
type Weighing = (targets: tf.Tensor, outputs: tf.Tensor) => tf.Tensor

it("honours weights of examples, beside those of classes, in every batch, and leaves nothing", async () => {
  const plain = await weighted({})
  expect(await weighted({ sampleWeight: tf.ones([6]) })).toEqual(plain)
  const given = [0, 1, 2, 3, 0.5, 0.25]
  const sampleWeight = tf.tensor1d(given)
  // The mean of weighted losses, by hand.
  const own: Weighing = (targets, outputs) =>
    tf.mul(tf.mean(tf.square(tf.sub(outputs, targets)), -1), tf.tensor1d(given))
  const byHand = await weighted({}, own)
  expect(await weighted({ sampleWeight })).toEqual(byHand)
  expect(byHand.loss).not.toBeCloseTo(plain.loss, 3)
  // A weight of 0 is an example that is not there, whatever the order and the batches.
  const classWeight = { 0: 1, 1: 0 }
  const both = await weighted({ sampleWeight, classWeight })
  expect(both).toEqual(await weighted({ sampleWeight: tf.tensor1d([0, 0, 2, 0, 0.5, 0]) }))
  const rows = { batchSize: 2, shuffle: true, validationSplit: 0.34 }
  const none = { sampleWeight: tf.zeros([6]) }
  expect((await weighted({ ...rows, ...none })).loss).toBe(0)
  // As much is left as without weights: the model and its history.
  const left = async (args: tfl.ModelFitArgs) => {
    const before = tf.memory().numTensors
    await weighted({ ...rows, ...args })
    return tf.memory().numTensors - before
  }
  expect(await left({ sampleWeight, classWeight })).toBe(await left({}))
})

it("weighs all places of an example alike, or each", async () => {
  const lossOf = async (sampleWeight: tf.Tensor) => {
    const model = single({ inputShape: [3, 2] })
    const optimizer = finegrain.optimizer(await networkOf(model, onStiefel), { schedule })
    model.compile({ optimizer, loss: "meanSquaredError" })
    const inputs = Seed.normalTensor(1, [3, 3, 2])
    const { history } = await model.fit(inputs, tf.zerosLike(inputs), { ...quiet, epochs: 1, sampleWeight })
    optimizer.dispose()
    return history["loss"]![0]
  }
  const each = await lossOf(tf.tensor1d([1, 2, 0]))
  expect(each).toBe(await lossOf(tf.tensor2d([1, 1, 1, 2, 2, 2, 0, 0, 0], [3, 3])))
  expect(each).not.toBe(await lossOf(tf.tensor2d([1, 2, 0, 1, 2, 0, 1, 2, 0], [3, 3])))
})

it("refuses weights of examples that do not fit, and losses that they cannot reach", async () => {
  const refuses = (message: string, args: tfl.ModelFitArgs, loss?: Weighing) =>
    expect(weighted(args, loss)).rejects.toThrow(message)
  await refuses("sampleWeight is [5], but 6 examples have weights [6]", { sampleWeight: tf.ones([5]) })
  await refuses("one for each output: d", { sampleWeight: [tf.ones([6]), tf.ones([6])] as never })
  const whole: Weighing = (targets, outputs) => tf.mean(tf.squaredDifference(targets, outputs))
  await refuses("weigh the losses of 6 examples, but the loss gives []", { sampleWeight: tf.ones([6]) }, whole)
  await refuses("let it leave the mean to fit", { classWeight: { 0: 1, 1: 2 } }, whole)
})

it("refuses weights of examples where TensorFlow.js would ignore them", async () => {
  const weights = { sampleWeight: tf.ones([6]) }
  const refuses = (name: string, use: (model: tfl.LayersModel) => Promise<unknown>) =>
    expect(trained(use)).rejects.toThrow(`${name} takes no sampleWeight, fit does`)
  await refuses("fitDataset", (model) => model.fitDataset({} as never, { epochs: 1, ...weights } as never))
  await refuses("evaluateDataset", (model) => model.evaluateDataset({} as never, weights as never))
  // oxlint-disable-next-line require-await
  await refuses("evaluate", async (model) => model.evaluate(x(), y(), weights))
  type Weighted = (x: tf.Tensor, y: tf.Tensor, weights: tf.Tensor) => Promise<unknown>
  await refuses("trainOnBatch", (model) => (model.trainOnBatch as Weighted)(x(), y(), tf.ones([6])))
})

it("trains several inputs and outputs, with losses, metrics and callbacks; λ is that of all inputs", async () => {
  const [a, b] = [tfl.input({ shape: [2] }), tfl.input({ shape: [2] })]
  const both = tfl.layers.concatenate().apply([a, b]) as tfl.SymbolicTensor
  const outputs = ["p", "q"].map((name) => dense(name).apply(both) as tfl.SymbolicTensor)
  const model = tfl.model({ inputs: [a, b], outputs })
  const network = await networkOf(model, { overrides: { p: { specification: "Ob" }, q: { specification: "St" } } })
  const optimizer = Network.optimizer(network, { optimizer: "riemannian-adam", schedule: Schedule.constant(0.02) })
  model.compile({ optimizer, loss: { p: "meanSquaredError", q: "meanAbsoluteError" }, metrics: ["mse"] })
  const inputs = [x(), tf.mul(x(), 4)]
  const { history } = await model.fit(inputs, [y(), y()], {
    ...quiet,
    epochs: 20,
    validationSplit: 0.2,
    callbacks: [optimizer.renormalization(inputs), tfl.callbacks.earlyStopping({ monitor: "loss", patience: 20 })]
  })
  const losses = history["loss"] as ReadonlyArray<number>
  expect(losses.at(-1)!).toBeLessThan(losses[0]!)
  const lambdas = await Effect.runPromise(Network.deviations(network, inputs))
  expect(lambdas[0]!.length).toBe(4)
  // Of each output its own.
  const sampleWeight = { p: tf.zeros([6]), q: tf.zeros([6]) } as never
  const silent = await model.fit(inputs, [y(), y()], { ...quiet, epochs: 1, sampleWeight })
  expect(silent.history["loss"]).toEqual([0])
  // Four times the features, four times λ.
  expect(lambdas[0]![2]! / lambdas[0]![0]!).toBeCloseTo(4, 5)
  optimizer.dispose()
})

it("honours penalties that TensorFlow.js leaves out, and constraints of weights", async () => {
  const cell = (l2: number) =>
    tfl.layers.simpleRNNCell({
      units: 2,
      kernelInitializer: "ones",
      recurrentInitializer: "zeros",
      ...l2 === 0 ? {} : { kernelRegularizer: tfl.regularizers.l2({ l2 }) }
    })
  const lossOf = async (l2: number) => {
    const layers = [tfl.layers.rnn({ cell: cell(l2), inputShape: [3, 2] }), dense("d", { kernelConstraint: "nonNeg" })]
    const model = tfl.sequential({ layers })
    const optimizer = Network.optimizer(await networkOf(model), { schedule })
    model.compile({ optimizer, loss: "meanSquaredError" })
    const loss = await model.trainOnBatch(tf.ones([1, 3, 2]), tf.zeros([1, 2])) as number
    optimizer.dispose()
    expect(Math.min(...model.layers[1]!.getWeights()[0]!.dataSync())).toBeGreaterThanOrEqual(0)
    return loss
  }
  // The kernel is four ones.
  expect(await lossOf(0.5) - await lossOf(0)).toBeCloseTo(2, 5)
  const shared = single({ kernelRegularizer: tfl.regularizers.l2({ l2: 1 }), kernelInitializer: "ones" })
  const optimizer = Network.optimizer(await networkOf(shared), { schedule })
  shared.compile({ optimizer, loss: () => tf.mul(0, tf.sum(shared.getWeights()[1]!)) })
  // Those that it adds are not added again.
  expect(await shared.trainOnBatch(x(), y())).toBeCloseTo(4, 5)
  optimizer.dispose()
})

it("refuses by name what it does not go with", async () => {
  const model = single()
  const network = await networkOf(model, onStiefel)
  const optimizer = Network.optimizer(network, { schedule })
  const train = (other: tfl.LayersModel) => {
    other.compile({ optimizer, loss: "meanSquaredError" })
    return other.trainOnBatch(x(), y())
  }
  await expect(train(single())).rejects.toThrow(/variable d\/kernel\S* is not one of the network's/)
  expect(() => optimizer.applyGradients({})).toThrow("the network's weight d/kernel")
  expect(() => optimizer.applyGradients(network.variables.map(({ name }) => ({ name, tensor: undefined as never }))))
    .toThrow("the loss does not depend on it")
  await train(model)
  // Somebody else's weights, after a step.
  model.setWeights(model.getWeights().map((weight) => tf.add(weight, 1)))
  await expect(train(model)).rejects.toThrow("written by something else since the last step")
  optimizer.dispose()
  expect(optimizer.iterations).toBe(0)
  await train(model)
  expect(optimizer.iterations).toBe(1)
  // Frozen after Network.make.
  model.layers[0]!.trainable = false
  await expect(train(model)).rejects.toThrow("frozen after Network.make")
  model.layers[0]!.trainable = true
  const before = values(model)
  model.compile({ optimizer, loss: () => tf.sum(model.getWeights()[0]!) })
  await expect(model.trainOnBatch(x(), y())).rejects.toThrow("the loss does not depend on it")
  expect(values(model)).toEqual(before)
  expect(() =>
    optimizer.applyGradients(network.variables.map((variable) => ({
      name: variable.name,
      tensor: tf.fill(variable.shape, Number.NaN)
    })))
  ).toThrow("Training diverged at step 1: gradient norm of d")
  expect(values(model)).toEqual(before)
  optimizer.dispose()
})

it("refuses states of other networks, chains and weights, and settings that an optimizer does not know", async () => {
  const model = single()
  const network = await networkOf(model, onStiefel)
  const optimizer = Network.optimizer(network, { schedule })
  expect(() => Network.optimizer(network, { optimizer: "amsgrad", schedule, momentum: 0.5 })).toThrow("no momentum")
  expect(() => Network.optimizer(network, { schedule, ratesAfterRule: true })).toThrow("there are no rates")
  for (const examples of [0, -1, 1.5, Number.NaN]) {
    expect(() => optimizer.renormalization(x(), { examples })).toThrow(`from 1 upwards, not ${examples}`)
  }
  expect(() => Network.optimizer(network, { optimizer: "adam" as never, schedule })).toThrow(
    "there is no optimizer adam"
  )
  expect(() => Network.optimizer(network, FgSgd.tangentProjection(0.9))).toThrow("tells no norms")
  expect(Network.optimizer(network, Transform.chain("own", FgSgd.stepSize({ schedule }))).getConfig()["chain"]).toBe(
    "own"
  )
  // Saved before it began: it begins anew.
  await optimizer.setWeights(await optimizer.getWeights())
  model.compile({ optimizer, loss: "meanSquaredError" })
  await model.trainOnBatch(x(), y())
  const saved = await optimizer.getWeights()
  const other = await networkOf(single(), { overrides: { d: { specification: "Ob" } } })
  await expect(Network.optimizer(other, { schedule }).setWeights(saved)).rejects.toThrow("these manifolds and POMs")
  const adam = Network.optimizer(network, { optimizer: "riemannian-adam", schedule })
  await expect(adam.setWeights(saved)).rejects.toThrow("is not as riemannian-adam keeps it")
  const twin = await networkOf(single({ kernelInitializer: "ones" }), onStiefel)
  const elsewhere = Network.optimizer(twin, { schedule })
  await expect(elsewhere.setWeights(saved)).rejects.toThrow("load the model's first")
  optimizer.dispose()
})

it("has every optimizer of the catalogue", async () => {
  for (const name of Object.keys(Optimizers.optimizers) as Array<keyof typeof Optimizers.optimizers>) {
    const model = single()
    const network = await networkOf(model, onStiefel)
    const optimizer = Network.optimizer(network, { optimizer: name, schedule, accumulate: 2, average: 0.9 })
    model.compile({ optimizer, loss: "meanSquaredError" })
    await model.fit(x(), y(), { ...quiet, batchSize: 3, epochs: 2 })
    expect(optimizer.iterations).toBe(4)
    optimizer.dispose()
  }
})

it("tells layers that draw by the step which one it is", async () => {
  const model = Models.cifarResNet({ height: 4, width: 4, channels: 1, classes: 2, depth: 8, survival: 0.5, seed: 1 })
  const optimizer = Network.optimizer(await networkOf(model), { schedule: Schedule.constant(1e-9) })
  model.compile({ optimizer, loss: "meanSquaredError" })
  const [images, targets] = [Seed.normalTensor(1, [2, 4, 4, 1]), tf.ones([2, 2])]
  const losses = async () => {
    const { history } = await model.fit(images, targets, { ...quiet, epochs: 4 })
    optimizer.dispose()
    return history["loss"]!.map((loss) => Number(loss).toFixed(3))
  }
  // Weights stand still, so that only what is left out changes the loss; from the first step on the same again.
  const first = await losses()
  expect(new Set(first).size).toBeGreaterThan(1)
  expect(await losses()).toEqual(first)
})
