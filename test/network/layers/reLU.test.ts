import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import { Layers, Seed } from "finegrain"
import { beforeAll, expect, it } from "vitest"
import { use } from "../../backends.ts"

beforeAll(() => use("wasm"))

type Block = (x: tfl.SymbolicTensor, norm: tfl.layers.Layer, relu: tfl.layers.Layer) => tfl.SymbolicTensor

const applied = (layer: tfl.layers.Layer, x: tfl.SymbolicTensor | Array<tfl.SymbolicTensor>) =>
  layer.apply(x) as tfl.SymbolicTensor

/** What comes before the rectifier, and the kernels that it runs with it, where they are one. */
const blocks = {
  "a normalization": {
    block: (x, norm, relu) => applied(relu, applied(norm, x)),
    kernels: ["FinegrainNormalize"]
  },
  "a sum": {
    block: (x, _, relu) => applied(relu, applied(tfl.layers.add(), [x, x])),
    kernels: ["FinegrainAddRelu"]
  },
  "a normalization and a sum": {
    block: (x, norm, relu) => applied(relu, applied(tfl.layers.add(), [applied(norm, x), x])),
    kernels: ["FinegrainNormalize"]
  }
} satisfies Record<string, { readonly block: Block; readonly kernels: ReadonlyArray<string> }>

const modelOf = (block: Block, relu: tfl.layers.Layer) => {
  const input = tfl.input({ shape: [3, 3, 6] })
  const norm = tfl.layers.batchNormalization({ momentum: 0.7 })
  const model = tfl.model({ inputs: input, outputs: block(input, norm, relu) })
  if (norm.built) {
    const drawn = norm.getWeights().map(({ shape }, k) => Seed.normalTensor(k, shape))
    norm.setWeights([...drawn.slice(0, -1), tf.add(tf.square(drawn.at(-1)!), 0.5)])
  }
  return model
}

/** Result, gradients, and weights after it. */
const found = (model: tfl.LayersModel, training: boolean) => {
  const x = tf.variable(tf.mul(Seed.normalTensor(9, [4, 3, 3, 6]), 3))
  const weights = model.trainableWeights.map((w) => w.read() as tf.Variable)
  const y = tf.tidy(() => model.apply(x, { training }) as tf.Tensor)
  const { grads } = tf.variableGrads(
    () => tf.sum(tf.mul(model.apply(x, { training }) as tf.Tensor, Seed.normalTensor(10, y.shape))) as tf.Scalar,
    [...weights, x]
  )
  return [y, ...[...weights, x].map(({ name }) => grads[name]!), ...model.getWeights()].map((t) =>
    Array.from(t.dataSync())
  )
}

const kernelsOf = async (model: tfl.LayersModel) => {
  const x = Seed.normalTensor(9, [4, 3, 3, 6])
  const { kernels } = await tf.profile(() => tf.tidy(() => model.apply(x, { training: true }) as tf.Tensor))
  return kernels.map(({ name }) => name).filter((name) => /Normalize|Relu|Add|Clip/.test(name))
}

it.each(Object.entries(blocks))(
  "a reLU layer after %s gives what it gave, in one kernel",
  async (_, { block, kernels }) => {
    for (const training of [false, true]) {
      const stock = found(modelOf(block, tfl.layers.reLU()), training)
      const fused = found(Layers.accelerate(modelOf(block, tfl.layers.reLU())), training)
      const activation = found(
        Layers.accelerate(modelOf(block, tfl.layers.activation({ activation: "relu" }))),
        training
      )
      expect(fused).toEqual(activation)
      for (const [i, values] of fused.entries()) {
        const size = Math.max(1, ...stock[i]!.map(Math.abs))
        for (const [k, value] of values.entries()) expect(Math.abs(value - stock[i]![k]!) / size).toBeLessThan(1e-4)
      }
    }
    expect(await kernelsOf(Layers.accelerate(modelOf(block, tfl.layers.reLU())))).toEqual(kernels)
  }
)

it("a reLU layer with a largest value stays what it is", async () => {
  const block = blocks["a normalization"].block
  const largest = (model: tfl.LayersModel) => Math.max(...found(model, true)[0]!)
  const model = () => Layers.accelerate(modelOf(block, tfl.layers.reLU({ maxValue: 0.5 })))
  expect(largest(model())).toBe(0.5)
  expect(await kernelsOf(model())).toEqual(["FinegrainNormalize", "Relu", "ClipByValue"])
})

it("a reLU layer by itself rectifies", async () => {
  const relu = tfl.layers.reLU()
  Layers.accelerate(modelOf(blocks["a normalization"].block, relu))
  expect(await (relu.apply(tf.tensor([-1, 2])) as tf.Tensor).data()).toEqual(new Float32Array([0, 2]))
})
