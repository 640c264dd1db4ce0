import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import fc from "fast-check"
import { Layers, Seed } from "finegrain"
import { expect, it } from "vitest"
import { use } from "./backends.ts"

interface Case {
  readonly seed: number
  readonly shape: ReadonlyArray<number>
  readonly accelerate: boolean
}

/** Output, gradients and moving moments of a training step of batch normalization, as plain numbers. */
const step = async ({ accelerate, seed, shape }: Case): Promise<ReadonlyArray<ReadonlyArray<number>>> => {
  const layer = tfl.layers.batchNormalization({ inputShape: shape.slice(1), momentum: 0.8 })
  const model = tfl.sequential({ layers: [layer] })
  if (accelerate) Layers.accelerate(model)
  const channels = shape.at(-1)!
  layer.setWeights([
    Seed.normalTensor(seed + 1, [channels]),
    Seed.normalTensor(seed + 2, [channels]),
    tf.zeros([channels]),
    tf.ones([channels])
  ])
  // Means far from 0, which cost digits where squares cancel.
  const x = tf.add(Seed.normalTensor(seed, shape), 30)
  const weights = Seed.normalTensor(seed + 3, shape)
  const inputs = tf.variable(x)
  const before = tf.memory().numTensors
  const { grads, value } = tf.variableGrads(
    () => tf.sum(tf.mul(model.apply(inputs, { training: true }) as tf.Tensor, weights)) as tf.Scalar
  )
  const y = tf.tidy(() => model.apply(inputs, { training: true }) as tf.Tensor)
  const names = Object.keys(grads)
  const found = [y, ...names.map((name) => grads[name]!), ...layer.getWeights().slice(2)]
  const values = await Promise.all(found.map(async (t) => Array.from(await t.data())))
  tf.dispose([value, y, ...names.map((name) => grads[name]!)])
  expect(tf.memory().numTensors).toBe(before)
  tf.dispose([x, inputs, weights])
  model.dispose()
  return values
}

it(
  "accelerated batch normalization is the stock one, with its gradients and moving moments",
  { timeout: 120_000 },
  () =>
    fc.assert(
      fc.asyncProperty(
        fc.record({
          seed: fc.nat(),
          shape: fc.tuple(
            fc.integer({ min: 2, max: 9 }),
            fc.integer({ min: 1, max: 9 }),
            fc.integer({ min: 1, max: 5 }),
            fc.constantFrom(1, 2, 3, 4, 5, 8, 9)
          )
        }),
        async (c) => {
          await use("cpu")
          const expected = await step({ ...c, accelerate: false })
          await use("wasm")
          const actual = await step({ ...c, accelerate: true })
          expect(actual.length).toBe(expected.length)
          for (const [i, values] of actual.entries()) {
            const reference = expected[i]!
            const size = reference.reduce((a, b) => Math.max(a, Math.abs(b)), 1)
            const gap = values.reduce((a, b, k) => Math.max(a, Math.abs(b - reference[k]!)), 0)
            // Float32 has 2e-6 left beside a mean of 30; a small batch's variance divides by what may be a tenth.
            expect(gap / size).toBeLessThan(1e-3)
          }
        }
      ),
      { numRuns: 40 }
    )
)

/** Blocks in which one pass may do several layers, and in which it may not. */
const blocks = {
  "normalize, rectify": (x, [norm]) => relu(norm(x)),
  "normalize, add, rectify": (x, [norm]) => relu(add([norm(x), x])),
  "the sum's other side": (x, [norm]) => relu(add([x, norm(x)])),
  "both sides normalized": (x, [norm, other]) => relu(add([norm(x), other(x)])),
  "add, rectify": (x) => relu(add([x, x])),
  "normalized, used twice": (x, [norm]) => {
    const y = norm(x)
    return add([relu(y), y])
  },
  "normalized by a layer used twice": (x, [norm]) => relu(add([norm(x), norm(relu(x))])),
  "normalize, add three": (x, [norm]) => relu(add([norm(x), x, x])),
  "normalize, add a broadcast": (x, [norm]) =>
    relu(add([norm(x), tfl.layers.maxPooling2d({ poolSize: 3 }).apply(x) as tfl.SymbolicTensor])),
  "another activation": (x, [norm]) =>
    tfl.layers.activation({ activation: "sigmoid" }).apply(norm(x)) as tfl.SymbolicTensor
} satisfies Record<
  string,
  (
    x: tfl.SymbolicTensor,
    norms: readonly [Apply<tfl.SymbolicTensor>, Apply<tfl.SymbolicTensor>]
  ) => tfl.SymbolicTensor
>

type Apply<A> = (x: A) => tfl.SymbolicTensor
const relu: Apply<tfl.SymbolicTensor> = (x) =>
  tfl.layers.activation({ activation: "relu" }).apply(x) as tfl.SymbolicTensor
const add: Apply<Array<tfl.SymbolicTensor>> = (xs) => tfl.layers.add().apply(xs) as tfl.SymbolicTensor

const modelOf = (block: keyof typeof blocks, seed: number): tfl.LayersModel => {
  const input = tfl.input({ shape: [3, 3, 6] })
  const kernelInitializer = tfl.initializers.glorotNormal({ seed })
  const convolve = tfl.layers.conv2d({ filters: 5, kernelSize: 3, padding: "same", useBias: false, kernelInitializer })
  const norms = [1, 2].map(() => tfl.layers.batchNormalization({ momentum: 0.7 }))
  const [one, two] = norms.map((norm): Apply<tfl.SymbolicTensor> => (x) => norm.apply(x) as tfl.SymbolicTensor)
  const x = convolve.apply(input) as tfl.SymbolicTensor
  const model = tfl.model({ inputs: input, outputs: blocks[block](x, [one!, two!]) })
  for (const norm of model.layers.filter((layer) => layer.getClassName() === "BatchNormalization")) {
    const drawn = norm.getWeights().map(({ shape }, k) => Seed.normalTensor(seed + k, shape))
    norm.setWeights([...drawn.slice(0, -1), tf.add(tf.square(drawn.at(-1)!), 0.5)])
  }
  return model
}

/** Result and gradients in inference, then in training, and the moving moments after it. */
const wholeModel = async (engine: "cpu" | "wasm", block: keyof typeof blocks, seed: number) => {
  await use(engine)
  const plain = modelOf(block, seed)
  const model = engine === "wasm" ? Layers.accelerate(plain) : plain
  const found = (training: boolean) => {
    const weights = model.trainableWeights.map((w) => (w as unknown as { readonly val: tf.Variable }).val)
    const x = tf.variable(Seed.normalTensor(seed + 9, [4, 3, 3, 6]))
    const y = tf.tidy(() => model.apply(x, { training }) as tf.Tensor)
    const { grads } = tf.variableGrads(() => {
      const result = model.apply(x, { training }) as tf.Tensor
      return tf.sum(tf.mul(result, Seed.normalTensor(seed + 10, result.shape))) as tf.Scalar
    }, [...weights, x])
    return [y, ...[...weights, x].map(({ name }) => grads[name]!)]
  }
  const results = [...found(false), ...found(true), ...model.getWeights()]
  return Promise.all(results.map(async (tensor) => Array.from(await tensor.data())))
}

it.each(Object.keys(blocks) as ReadonlyArray<keyof typeof blocks>)(
  "layers that run together give what they gave: %s",
  async (block) => {
    for (const seed of [1, 2, 3]) {
      const [expected, actual] = [await wholeModel("cpu", block, seed), await wholeModel("wasm", block, seed)]
      expect(actual.length).toBe(expected.length)
      for (const [i, values] of actual.entries()) {
        const reference = expected[i]!
        const size = reference.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-3)
        const gap = values.reduce((a, b, k) => Math.max(a, Math.abs(b - reference[k]!)), 0)
        // Sums of 324 products of float32, whose variances are divided by.
        expect(gap / size).toBeLessThan(1e-4)
      }
    }
  }
)

const kernelsOf = async (f: () => tf.Tensor) => (await tf.profile(() => tf.tidy(f))).kernels.map(({ name }) => name)

it("normalization, sum and rectifier are one pass where a model runs as a whole, and by themselves what they were", async () => {
  await use("wasm")
  const model = Layers.accelerate(modelOf("normalize, add, rectify", 1))
  const x = Seed.normalTensor(1, [4, 3, 3, 6])
  const whole = await kernelsOf(() => model.apply(x, { training: true }) as tf.Tensor)
  expect(whole.filter((name) => ["Relu", "FinegrainAddRelu"].includes(name))).toEqual([])
  expect(whole.filter((name) => name === "FinegrainNormalize")).toHaveLength(1)
  const norm = model.layers.find((layer) => layer.getClassName() === "BatchNormalization")!
  const part = tfl.model({ inputs: model.inputs, outputs: norm.output as tfl.SymbolicTensor })
  const lowest = tf.min(part.apply(x, { training: true }) as tf.Tensor)
  expect((await lowest.data())[0]).toBeLessThan(0)
  const after = model.layers.find((layer) => layer.getClassName() === "Activation")!
  expect(await (after.apply(tf.tensor([-1, 2])) as tf.Tensor).data()).toEqual(new Float32Array([0, 2]))
})

it("sums of whole numbers are rectified as such", async () => {
  const input = tfl.input({ shape: [2], dtype: "int32" })
  const model = tfl.model({ inputs: input, outputs: relu(add([input, input])) })
  await use("wasm")
  const y = Layers.accelerate(model).apply(tf.tensor2d([[-1, 3]], [1, 2], "int32")) as tf.Tensor
  expect([...(await y.data())]).toEqual([0, 6])
})

it("a convolution without bias leaves the gradient of a network's images alone", async () => {
  await use("wasm")
  const model = Layers.accelerate(modelOf("add, rectify", 1))
  const x = Seed.normalTensor(1, [4, 3, 3, 6])
  const { kernels } = await tf.profile(() => {
    const { grads, value } = tf.variableGrads(() => tf.sum(model.apply(x, { training: true }) as tf.Tensor))
    return [value, ...Object.values(grads)]
  })
  const names = kernels.map(({ name }) => name)
  expect(names).toContain("Conv2DBackpropFilter")
  expect(names).not.toContain("Conv2DBackpropInput")
})
