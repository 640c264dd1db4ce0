// @module-tag threads
import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import {
  Combinators,
  FgSgd,
  FusedKernels,
  KernelOrder,
  Manifold,
  Models,
  Network,
  NetworkBounds,
  NetworkSpectra,
  Optimizer,
  Renormalization,
  Schedule,
  Seed,
  StepFusion
} from "finegrain"
import { SingularValueDecomposition } from "ml-matrix"
import { beforeAll, describe, expect, it } from "vitest"
import { use } from "../backends.ts"
import { runsWebgpu } from "../webgpu.ts"

const kernelInitializer = tfl.initializers.heNormal({ seed: 1 })
const recurrentInitializer = tfl.initializers.glorotNormal({ seed: 2 })
const depthwiseInitializer = tfl.initializers.heNormal({ seed: 3 })
const pointwiseInitializer = tfl.initializers.heNormal({ seed: 4 })
const channelwise = { name: "it", kernelSize: 2, strides: 2, filters: 3, useBias: false }
const convolution = { ...channelwise, kernelInitializer }
const recurrent = { name: "it", units: 3, kernelInitializer, recurrentInitializer, returnSequences: true }

/** A kind of layer, on inputs of a shape, and the kernels that it has. */
interface Kind {
  readonly inputShape: ReadonlyArray<number>
  readonly layer: () => tfl.layers.Layer
  /** By name: blocks and shape of each. */
  readonly kernels: Readonly<Record<string, readonly [blocks: number, ...shape: ReadonlyArray<number>]>>
}

// Strides as long as kernels: no two places overlap, and what happens at the boundary does not matter.
const kinds: Readonly<Record<string, Kind>> = {
  conv1d: {
    inputShape: [4, 2],
    layer: () => tfl.layers.conv1d(convolution),
    kernels: { it: [1, 2, 1, 2, 3] }
  },
  conv2d: { inputShape: [4, 4, 2], layer: () => tfl.layers.conv2d(convolution), kernels: { it: [1, 2, 2, 2, 3] } },
  conv3d: { inputShape: [4, 2, 2, 2], layer: () => tfl.layers.conv3d(convolution), kernels: { it: [1, 4, 2, 2, 3] } },
  conv2dTranspose: {
    inputShape: [2, 2, 2],
    layer: () => tfl.layers.conv2dTranspose(convolution),
    kernels: { it: [1, 2, 2, 2, 3] }
  },
  conv3dTranspose: {
    inputShape: [2, 1, 2, 2],
    layer: () => tfl.layers.conv3dTranspose(convolution),
    kernels: { it: [1, 4, 2, 2, 3] }
  },
  depthwiseConv2d: {
    inputShape: [4, 4, 3],
    layer: () => tfl.layers.depthwiseConv2d({ ...convolution, depthMultiplier: 2, depthwiseInitializer }),
    kernels: { it: [3, 2, 2, 1, 2] }
  },
  groupedConv2d: {
    inputShape: [4, 4, 4],
    layer: () => Models.groupedConv2d({ ...channelwise, filters: 6, groups: 2, kernelInitializer }),
    kernels: { it: [2, 2, 2, 2, 3] }
  },
  separableConv2d: {
    inputShape: [4, 4, 3],
    layer: () =>
      tfl.layers.separableConv2d({
        ...channelwise,
        depthMultiplier: 2,
        depthwiseInitializer,
        pointwiseInitializer
      }),
    kernels: { "it/depthwise_kernel": [3, 2, 2, 1, 2], "it/pointwise_kernel": [1, 1, 1, 6, 3] }
  },
  dense: {
    inputShape: [4],
    layer: () => tfl.layers.dense({ name: "it", units: 3, kernelInitializer, useBias: false }),
    kernels: { it: [1, 1, 1, 4, 3] }
  },
  embedding: {
    inputShape: [5],
    layer: () =>
      tfl.layers.embedding({ name: "it", inputDim: 6, outputDim: 3, embeddingsInitializer: kernelInitializer }),
    kernels: { it: [1, 3, 1, 6, 1] }
  },
  simpleRNN: {
    inputShape: [4, 2],
    layer: () => tfl.layers.simpleRNN(recurrent),
    kernels: { "it/kernel": [1, 1, 1, 2, 3], "it/recurrent_kernel": [1, 1, 1, 3, 3] }
  },
  gru: {
    inputShape: [4, 2],
    layer: () => tfl.layers.gru(recurrent),
    kernels: { "it/kernel": [3, 1, 1, 2, 3], "it/recurrent_kernel": [3, 1, 1, 3, 3] }
  },
  lstm: {
    inputShape: [4, 2],
    layer: () => tfl.layers.lstm(recurrent),
    kernels: { "it/kernel": [4, 1, 1, 2, 3], "it/recurrent_kernel": [4, 1, 1, 3, 3] }
  },
  convLstm2d: {
    inputShape: [3, 4, 4, 2],
    layer: () =>
      tfl.layers.convLstm2d(
        { ...recurrent, ...convolution, padding: "same" } as Parameters<
          typeof tfl.layers.convLstm2d
        >[0]
      ),
    kernels: { "it/kernel": [4, 2, 2, 2, 3], "it/recurrent_kernel": [4, 2, 2, 3, 3] }
  }
}
const everyKind = Object.entries(kinds).map(([name, kind]) => [name, kind] as const)
const byDefault = new Set(Object.keys(kinds).filter((name) => /onv[123]d/.test(name) && name !== "convLstm2d"))

const modelOf = ({ inputShape, layer }: Kind): tfl.LayersModel => {
  const input = tfl.input({ shape: [...inputShape] })
  return tfl.model({ inputs: input, outputs: layer().apply(input) as tfl.SymbolicTensor })
}

/** As many of the manifolds as a kind of layer has matrices for: a kernel of 1×1 ones is one matrix. */
const upTo = ({ kernels }: Kind, manifolds: ReadonlyArray<string>) => {
  const matrices = Object.values(kernels).map(([blocks, a, b, inputs, outputs]) =>
    (a! * b!) === 1 ? blocks : blocks * inputs! * outputs!
  )
  return manifolds.slice(0, Math.max(...matrices)).join("+")
}

const networkOf = (kind: Kind, options: Network.NetworkOptions = {}) =>
  Effect.runPromise(Network.make(modelOf(kind), { specification: "Sp", seed: 1, overrides: { it: {} }, ...options }))

const inputsOf = ({ inputShape }: Kind, name: string, count: number): tf.Tensor =>
  name === "embedding"
    ? tf.randomUniform([count, ...inputShape], 0, 6, "int32", 3)
    : Seed.normalTensor(3, [count, ...inputShape])

describe("kernels of every kind of layer", () => {
  beforeAll(() => use("wasm"))

  it.each(everyKind)("%s: shapes, names and defaults", async (name, kind) => {
    const all = await networkOf(kind)
    expect(Object.fromEntries(all.layers.map(({ blocks, name, shape }) => [name, [blocks, ...shape]])))
      .toEqual(kind.kernels)
    const plain = await networkOf(kind, { specification: "Euc", overrides: {} })
    expect(plain.layers.length).toBe(byDefault.has(name) ? Object.keys(kind.kernels).length : 0)
    for (const [own, kernel] of Object.keys(kind.kernels).map((own, i) => [own, all.layers[i]!] as const)) {
      // Also one of several by its own name, and a layer's only one by that of its weight.
      const address = own.includes("/") ? own : `it/${kernel.kernel.weight}`
      const one = await networkOf(kind, {
        overrides: { [address]: { specification: "Ob", matricization: Combinators.whole } }
      })
      const found = one.layers.find((layer) => layer.name === own)!
      expect(found.kinds[0]!.symbol).toBe("Ob")
      expect(one.layers.length).toBe(byDefault.has(name) ? Object.keys(kind.kernels).length : 1)
    }
  })

  it.each(everyKind)("%s: weights lie on their manifolds, λ, ℜ, norms and bounds are those of its matrices", async (
    name,
    kind
  ) => {
    const network = await networkOf(kind, { specification: upTo(kind, ["Sp", "Euc"]), policy: Renormalization.unit })
    const optimizer = FgSgd.make(network.problem, { schedule: Schedule.constant(0.1) })
    const start = Optimizer.init(optimizer, network.variables)
    const { state, weights } = Optimizer.update(optimizer, start, network.variables.map((v) => tf.sin(v)))
    await Effect.runPromise(Manifold.checkPoint(network.problem.collection.manifold, state.x, 1e-5))
    for (const { kernel, kinds, matricization, variable } of network.layers) {
      const weight = weights[variable]!
      const stack = KernelOrder.matrices(kernel.order, matricization, weight.shape).from(weight)
      for (const { indices, manifold } of kinds) {
        await Effect.runPromise(
          Manifold.checkPoint(manifold, tf.gather(stack, tf.tensor1d([...indices], "int32")), 1e-5)
        )
      }
    }
    const inputs = inputsOf(kind, name, 8)
    const before = tf.memory().numTensors
    const lambdas = await Effect.runPromise(Network.deviations(network, inputs))
    expect(tf.memory().numTensors).toBe(before)
    expect(lambdas.map(({ length }) => length)).toEqual(network.layers.map(Network.inputChannels))
    expect(lambdas.every((lambda) => lambda.every(Number.isFinite))).toBe(true)
    const scaling = Network.scaling(network, lambdas)
    const norms = await Effect.runPromise(Network.largestNorms(network, { x: state.x, scaling }))
    expect(norms.filter(({ bound, largest }) => bound !== undefined && largest > bound + 1e-5)).toEqual([])
    Network.assign(network, weights)
    const bounds = await Effect.runPromise(NetworkBounds.measure(network, 100))
    expect(bounds!.perLayer.spectral).toBeLessThan(Infinity)
  })
})

describe("norms of kernels as maps", () => {
  beforeAll(() => use("wasm"))

  /** A layer without bias, written out by what it does to every unit vector. */
  const written = (model: tfl.LayersModel, shape: ReadonlyArray<number>) => {
    const size = shape.reduce((a, b) => a * b, 1)
    const images = tf.tidy(() =>
      tf.reshape(model.predict(tf.reshape(tf.eye(size), [size, ...shape])) as tf.Tensor, [size, -1])
    )
    return images.arraySync() as Array<Array<number>>
  }

  it.each([
    "conv1d",
    "conv2d",
    "conv3d",
    "conv2dTranspose",
    "conv3dTranspose",
    "depthwiseConv2d",
    "groupedConv2d",
    "dense"
  ])(
    "%s: the norm of the operator is that of the layer",
    async (name) => {
      const kind = kinds[name]!
      const network = await networkOf(kind)
      const exact = new SingularValueDecomposition(written(network.model, kind.inputShape), { autoTranspose: true })
      const [found] = await Effect.runPromise(NetworkSpectra.measure(network))
      expect(found!.operatorNorm! / exact.norm2).toBeCloseTo(1, 4)
    }
  )
})

describe("λ of what enters a kernel", () => {
  beforeAll(() => use("wasm"))

  const deviationsOf = async (kind: Kind, name: string, options?: Network.NetworkOptions) => {
    const network = await networkOf(kind, options)
    const inputs = inputsOf(kind, name, 8)
    const lambdas = await Effect.runPromise(Network.deviations(network, inputs))
    return { network, inputs, of: (own: string) => lambdas[network.layers.findIndex((layer) => layer.name === own)]! }
  }
  const rounded = (values: ArrayLike<number>) => Array.from(values, (value) => value.toFixed(4))
  const expected = (features: tf.Tensor) => rounded(Renormalization.deviations(features).dataSync())

  it.each(["simpleRNN", "gru", "lstm"])("%s: inputs, and hidden states before each step", async (name) => {
    const { inputs, network, of } = await deviationsOf(kinds[name]!, name)
    const states = network.model.predict(inputs) as tf.Tensor3D
    expect(rounded(of("it/kernel"))).toEqual(expected(inputs))
    const before = tf.concat([tf.zeros([8, 1, 3]), tf.slice(states, [0, 0, 0], [8, 3, 3])], 1)
    expect(rounded(of("it/recurrent_kernel"))).toEqual(expected(before))
  })

  it("separableConv2d: features, and what the depthwise kernel makes of them", async () => {
    const { inputs, network, of } = await deviationsOf(kinds["separableConv2d"]!, "separableConv2d")
    expect(rounded(of("it/depthwise_kernel"))).toEqual(expected(inputs))
    const between = tf.depthwiseConv2d(
      inputs as tf.Tensor4D,
      network.variables[0] as tf.Variable<tf.Rank.R4>,
      2,
      "valid"
    )
    expect(rounded(of("it/pointwise_kernel"))).toEqual(expected(between))
  })

  it("embeddings have λ = 1", async () => {
    const { of } = await deviationsOf(kinds["embedding"]!, "embedding")
    expect([...of("it")]).toEqual([1, 1, 1, 1, 1, 1])
  })

  it("each channel of a depthwise kernel is scaled by its own λ", async () => {
    const network = await networkOf(kinds["depthwiseConv2d"]!, { policy: Renormalization.none })
    const { indices } = network.layers[0]!.kinds[0]!
    const [factors] = Network.scaling(network, [[1, 2, 4]])
    const byIndex = [...factors!.dataSync()].map((factor, i) => [indices[i]!, factor] as const)
    expect(byIndex.toSorted(([a], [b]) => a - b).map(([, factor]) => factor)).toEqual([1, 1, 0.5, 0.5, 0.25, 0.25])
  })

  it("a layer that keeps its state has λ from state 0, and keeps it", async () => {
    const input = tfl.input({ batchShape: [8, 4, 2] })
    const layer = tfl.layers.lstm({ ...recurrent, stateful: true })
    const model = tfl.model({ inputs: input, outputs: layer.apply(input) as tfl.SymbolicTensor })
    const network = await Effect.runPromise(Network.make(model, { overrides: { it: {} } }))
    const inputs = Seed.normalTensor(3, [8, 4, 2])
    const measured = async () =>
      (await Effect.runPromise(Network.deviations(network, inputs))).map((x) => Array.from(x))
    const first = await measured()
    model.predict(inputs, { batchSize: 8 })
    expect(await measured()).toEqual(first)
  })
})

/** A layer of an own class that applies a model and another layer as it likes. */
class Twice extends tfl.layers.Layer {
  static readonly className = "TestTwice"
  readonly inner = tfl.sequential({
    name: "inner",
    layers: [tfl.layers.dense({ name: "first", inputShape: [3], units: 3, kernelInitializer })]
  })
  readonly more = [tfl.layers.dense({ name: "second", units: 3, kernelInitializer })]
  override build(): void {
    this.more[0]!.build([null, 3])
    this.more[0]!.built = true
    this.built = true
  }
  override get trainableWeights(): Array<tfl.LayerVariable> {
    return [...this.inner.trainableWeights, ...this.more[0]!.trainableWeights]
  }
  override computeOutputShape(shape: tfl.Shape): tfl.Shape {
    return shape
  }
  override call(inputs: tf.Tensor | Array<tf.Tensor>): tf.Tensor {
    const [x] = [inputs].flat()
    return this.more[0]!.call(this.inner.call(tf.mul(2, x!), {}), {}) as tf.Tensor
  }
  override getClassName(): string {
    return Twice.className
  }
}

describe("layers that hold layers", () => {
  beforeAll(() => use("wasm"))
  const sequence = tfl.input({ shape: [4, 2] })
  const made = (output: tfl.SymbolicTensor, overrides: Network.NetworkOptions["overrides"]) =>
    Effect.runPromise(
      Network.make(tfl.model({ inputs: sequence, outputs: output }), {
        specification: "Sp",
        ...(overrides && { overrides })
      })
    )
  const inputs = () => Seed.normalTensor(3, [8, 4, 2])

  it("both directions of a bidirectional one are layers of their own", async () => {
    const layer = tfl.layers.bidirectional({
      name: "both",
      layer: tfl.layers.gru(recurrent) as tfl.RNN,
      mergeMode: "concat"
    })
    const network = await made(layer.apply(sequence) as tfl.SymbolicTensor, { forward_it: {}, backward_it: {} })
    expect(network.layers.map(({ name }) => name)).toEqual([
      "forward_it/kernel",
      "forward_it/recurrent_kernel",
      "backward_it/kernel",
      "backward_it/recurrent_kernel"
    ])
    const lambdas = await Effect.runPromise(Network.deviations(network, inputs()))
    // The last three columns are the states of the direction that runs backwards, in the order of time.
    const states = network.model.predict(inputs()) as tf.Tensor3D
    const after = tf.slice(states, [0, 1, 3], [8, 3, 3])
    const expected = Renormalization.deviations(tf.concat([after, tf.zeros([8, 1, 3])], 1)).dataSync()
    for (const [i, value] of lambdas[3]!.entries()) expect(value).toBeCloseTo(expected[i]!, 5)
  })

  it("cells of a recurrent layer of several, and a recurrent layer at every step of another axis", async () => {
    const cells = [1, 2].map((i) =>
      tfl.layers.lstmCell({ name: `cell${i}`, units: 3, kernelInitializer, recurrentInitializer })
    )
    const layer = tfl.layers.rnn({ cell: cells, returnSequences: true } as Parameters<typeof tfl.layers.rnn>[0])
    const network = await made(layer.apply(sequence) as tfl.SymbolicTensor, { "cell2/recurrent_kernel": {} })
    expect(network.layers.map(({ name }) => name)).toEqual(["cell2/recurrent_kernel"])
    const [lambda] = await Effect.runPromise(Network.deviations(network, inputs()))
    const states = network.model.predict(inputs()) as tf.Tensor3D
    const before = tf.concat([tf.zeros([8, 1, 3]), tf.slice(states, [0, 0, 0], [8, 3, 3])], 1)
    const expected = Renormalization.deviations(before).dataSync()
    for (const [i, value] of lambda!.entries()) expect(value).toBeCloseTo(expected[i]!, 5)
  })

  it("layers of own classes", async () => {
    const features = tfl.input({ shape: [3] })
    const output = new Twice({ name: "twice" }).apply(features) as tfl.SymbolicTensor
    const model = tfl.model({ inputs: features, outputs: output })
    const network = await Effect.runPromise(
      Network.make(model, { specification: "Sp", overrides: { first: {}, second: {} } })
    )
    expect(network.layers.map(({ name }) => name)).toEqual(["first", "second"])
    expect(network.variables.length).toBe(model.trainableWeights.length)
    const x = Seed.normalTensor(3, [8, 3])
    const [first, second] = await Effect.runPromise(Network.deviations(network, x))
    const expected = Renormalization.deviations(tf.mul(2, x)).dataSync()
    for (const [i, value] of first!.entries()) expect(value).toBeCloseTo(expected[i]!, 5)
    expect(second!.length).toBe(3)
  })

  it("own classes say where their kernels are", async () => {
    const output = tfl.layers.dense({ name: "head", units: 4, kernelInitializer }).apply(sequence) as tfl.SymbolicTensor
    const model = tfl.model({ inputs: sequence, outputs: output })
    const classes: Network.OwnClasses = {
      Dense: { kernels: [{ weight: "kernel", order: KernelOrder.gates(2), entering: "features" }], byDefault: true }
    }
    const network = await Effect.runPromise(Network.make(model, { specification: "Sp", classes }))
    expect(network.layers.map(({ blocks, shape }) => [blocks, shape])).toEqual([[2, [1, 1, 2, 2]]])
    const uneven = {
      Dense: { kernels: [{ weight: "kernel", order: KernelOrder.gates(3), entering: "features" }], byDefault: true }
    }
    const error = await Effect.runPromise(
      Effect.flip(Network.make(model, { specification: "Sp", classes: uneven as Network.OwnClasses }))
    )
    expect(error.message).toMatch(/Layer "head".*cannot be shared evenly/)
  })
})

it("a kernel that a layer does not have is refused with those that it has", async () => {
  await use("wasm")
  const refusal = async (name: string) => {
    const error = await Effect.runPromise(
      Effect.flip(Network.make(modelOf(kinds["lstm"]!), { overrides: { [name]: {} } }))
    )
    return error.message
  }
  expect(await refusal("it/gamma")).toBe(
    `Layer "it/gamma": layer "it" has no kernel "gamma". What would work: it, it/kernel, it/recurrent_kernel.`
  )
  expect(await refusal("that/kernel")).toMatch(/the model has no layer of this name.*it/)
})

describe("steps", () => {
  const step = async (kind: Kind, name: string) => {
    const network = await networkOf(kind, { specification: upTo(kind, ["Sp", "Ob", "Euc"]) })
    const inputs = inputsOf(kind, name, 4)
    const loss = () => tf.mean(tf.square(network.model.apply(inputs, { training: true }) as tf.Tensor)) as tf.Scalar
    const { grads } = tf.variableGrads(loss, [...network.variables])
    const gradients = network.variables.map(({ name }) => grads[name]!)
    const optimizer = FgSgd.make(network.problem, { schedule: Schedule.constant(0.1), momentum: 0.9 })
    const start = Optimizer.init(optimizer, network.variables)
    const { state } = Optimizer.update(optimizer, start, gradients)
    const after = () => Optimizer.update(optimizer, state, gradients).weights
    const lambdas = await Effect.runPromise(Network.deviations(network, inputs))
    const how = StepFusion.interpretation(optimizer)
    return { gradients, weights: after(), composed: FusedKernels.without(after), how, lambdas }
  }
  const values = (tensors: ReadonlyArray<tf.Tensor>) =>
    Promise.all(tensors.map(async (x) => Float64Array.from(await x.data())))
  const gap = (a: ReadonlyArray<ArrayLike<number>>, b: ReadonlyArray<ArrayLike<number>>) =>
    Math.max(...a.flatMap((own, i) => Array.from(own, (value, e) => Math.abs(value - b[i]![e]!))))
  const cases = everyKind.flatMap(([name, kind]) =>
    (["wasm", ...(runsWebgpu ? ["webgpu"] as const : [])] as const).map((engine) => [name, engine, kind] as const)
  )

  it.each(cases)("%s: gradients and λ on %s are those on cpu, and the step in one pass is the composed one", async (
    name,
    engine,
    kind
  ) => {
    await use("cpu")
    const cpu = await step(kind, name)
    const [gradients, weights] = [await values(cpu.gradients), await values(cpu.weights)]
    await use(engine)
    const fused = await step(kind, name)
    expect(fused.how).toBe("fused")
    expect(gap(await values(fused.gradients), gradients)).toBeLessThan(1e-5)
    expect(gap(await values(fused.weights), weights)).toBeLessThan(1e-5)
    expect(gap(await values(fused.weights), await values(fused.composed))).toBeLessThan(1e-5)
    expect(gap(fused.lambdas, cpu.lambdas)).toBeLessThan(1e-5)
  }, 60_000)
})

it("a grouped convolution is convolutions side by side, and comes back from its configuration", async () => {
  await use("wasm")
  const layer = Models.groupedConv2d({
    filters: 6,
    groups: 2,
    kernelSize: 3,
    dilationRate: 2,
    padding: "same",
    name: "g"
  })
  const x = Seed.normalTensor(1, [2, 7, 7, 4]) as tf.Tensor4D
  const y = layer.apply(x) as tf.Tensor4D
  const [kernel] = layer.getWeights() as [tf.Tensor4D]
  const parts = [0, 1].map((g) =>
    tf.conv2d(
      tf.slice(x, [0, 0, 0, 2 * g], [2, 7, 7, 2]),
      tf.slice(kernel, [0, 0, 0, 3 * g], [3, 3, 2, 3]),
      1,
      "same",
      "NHWC",
      2
    )
  )
  expect([...tf.max(tf.abs(tf.sub(y, tf.concat(parts, 3)))).dataSync()][0]).toBeLessThan(1e-6)
  const again = tfl.sequential({
    layers: [Models.groupedConv2d({ ...channelwise, filters: 6, groups: 2, inputShape: [4, 4, 4] })]
  })
  const artifacts = again.toJSON(undefined, false) as tf.io.ModelJSON["modelTopology"]
  const loaded = await tfl.models.modelFromJSON(artifacts as Parameters<typeof tfl.models.modelFromJSON>[0])
  expect(loaded.layers.map((own) => own.getConfig()["groups"])).toEqual([2])
  expect(() => Models.groupedConv2d({ filters: 5, groups: 2, kernelSize: 3 })).toThrow(
    /5 filters cannot be shared evenly/
  )
  expect(() => Models.groupedConv2d({ filters: 4, groups: 2, kernelSize: 3 }).apply(tf.ones([1, 4, 4, 3])))
    .toThrow(/3 channels cannot be shared evenly/)
})
