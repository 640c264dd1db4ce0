// @module-tag threads
import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import fc from "fast-check"
import { Layers, Seed } from "finegrain"
import { expect, it } from "vitest"
import { use } from "../backends.ts"
import { runsNode } from "../nativeEngine.ts"

/** Engines with kernels of their own for what surrounds convolutions. */
const engines = ["wasm", ...(runsNode ? ["node" as const] : [])] as const

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

it.each(engines)(
  "accelerated batch normalization is the stock one, with its gradients and moving moments, on %s",
  { timeout: 120_000 },
  (engine) =>
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
          await use(engine)
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
} satisfies Record<string, Block>

type Block = (
  x: tfl.SymbolicTensor,
  norms: readonly [Apply<tfl.SymbolicTensor>, Apply<tfl.SymbolicTensor>]
) => tfl.SymbolicTensor

type Apply<A> = (x: A) => tfl.SymbolicTensor
const relu: Apply<tfl.SymbolicTensor> = (x) =>
  tfl.layers.activation({ activation: "relu" }).apply(x) as tfl.SymbolicTensor
const add: Apply<Array<tfl.SymbolicTensor>> = (xs) => tfl.layers.add().apply(xs) as tfl.SymbolicTensor

/** A block behind what comes before it, its normalizations with random moments, scales and shifts. */
const modelAround = (
  block: Block,
  shape: ReadonlyArray<number>,
  seed: number,
  before: Apply<tfl.SymbolicTensor> = (x) => x
): tfl.LayersModel => {
  const input = tfl.input({ shape: [...shape] })
  const norms = [1, 2].map(() => tfl.layers.batchNormalization({ momentum: 0.7 }))
  const [one, two] = norms.map((norm): Apply<tfl.SymbolicTensor> => (x) => norm.apply(x) as tfl.SymbolicTensor)
  const model = tfl.model({ inputs: input, outputs: block(before(input), [one!, two!]) })
  for (const norm of model.layers.filter((layer) => layer.getClassName() === "BatchNormalization")) {
    const drawn = norm.getWeights().map(({ shape }, k) => Seed.normalTensor(seed + k, shape))
    norm.setWeights([...drawn.slice(0, -1), tf.add(tf.square(drawn.at(-1)!), 0.5)])
  }
  return model
}

const modelOf = (block: keyof typeof blocks, seed: number): tfl.LayersModel => {
  const kernelInitializer = tfl.initializers.glorotNormal({ seed })
  const convolve = tfl.layers.conv2d({ filters: 5, kernelSize: 3, padding: "same", useBias: false, kernelInitializer })
  return modelAround(blocks[block], [3, 3, 6], seed, (x) => convolve.apply(x) as tfl.SymbolicTensor)
}

/** Result and gradients in inference, then in training, and the moving moments after it; accelerated but on cpu. */
const wholeModel = async (
  engine: "cpu" | (typeof engines)[number],
  make: () => tfl.LayersModel,
  seed: number,
  images = 4
) => {
  await use(engine)
  const plain = make()
  const model = engine === "cpu" ? plain : Layers.accelerate(plain)
  const shape = [images, ...(model.inputs[0]!.shape.slice(1) as Array<number>)]
  const found = (training: boolean) => {
    const weights = model.trainableWeights.map((w) => (w as unknown as { readonly val: tf.Variable }).val)
    const x = tf.variable(Seed.normalTensor(seed + 9, shape))
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

/**
 * The largest difference, relative to what it is a part of, between a model accelerated on an engine and its stock
 * layers on cpu.
 */
const largestGap = async (
  engine: (typeof engines)[number],
  make: () => tfl.LayersModel,
  seed: number,
  images?: number
) => {
  const expected = await wholeModel("cpu", make, seed, images)
  const actual = await wholeModel(engine, make, seed, images)
  expect(actual.map(({ length }) => length)).toEqual(expected.map(({ length }) => length))
  const gaps = actual.map((values, i) => {
    const reference = expected[i]!
    const size = reference.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-3)
    return values.reduce((a, b, k) => Math.max(a, Math.abs(b - reference[k]!)), 0) / size
  })
  return Math.max(...gaps)
}

// Sums of a few hundred products of float32, whose variances are divided by.
const rounding = 1e-4

const blocksOn = (Object.keys(blocks) as ReadonlyArray<keyof typeof blocks>).flatMap((block) =>
  engines.map((engine) => [block, engine] as const)
)

it.each(blocksOn)(
  "layers that run together give what they gave: %s, on %s",
  async (block, engine) => {
    for (const seed of [1, 2, 3]) {
      expect(await largestGap(engine, () => modelOf(block, seed), seed)).toBeLessThan(rounding)
    }
  }
)

it.each(engines)("normalization, sum and rectifier, each there or not, give what they gave with any channels on %s", {
  timeout: 120_000
}, (engine) =>
  fc.assert(
    fc.asyncProperty(
      fc.record({
        seed: fc.nat(),
        images: fc.integer({ min: 2, max: 5 }),
        // The variance of fewer rows may be next to nothing, and is divided by.
        shape: fc.tuple(
          fc.integer({ min: 3, max: 5 }),
          fc.integer({ min: 2, max: 5 }),
          fc.constantFrom(1, 2, 3, 4, 5, 8, 9)
        ),
        normalized: fc.boolean(),
        residual: fc.constantFrom("none", "the input", "normalized, too"),
        rectified: fc.boolean()
      }).filter(({ normalized, rectified, residual }) => normalized || rectified || residual !== "none"),
      async ({ images, normalized, rectified, residual, seed, shape }) => {
        const block: Block = (x, [norm, other]) => {
          const y = normalized ? norm(x) : x
          const sum = residual === "none" ? y : add([y, residual === "the input" ? x : other(x)])
          return rectified ? relu(sum) : sum
        }
        expect(await largestGap(engine, () => modelAround(block, shape, seed), seed, images)).toBeLessThan(rounding)
      }
    ),
    { numRuns: 60 }
  ))

const kernelsOf = async (f: () => tf.Tensor) => (await tf.profile(() => tf.tidy(f))).kernels.map(({ name }) => name)

it("normalization, sum and rectifier are one pass in a whole model, and by themselves what they were", async () => {
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
