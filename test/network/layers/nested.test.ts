// @module-tag threads
import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import { FgSgd, Layers, Models, Network, NetworkSpectra, Optimizer, Renormalization, Schedule, Seed } from "finegrain"
import { beforeAll, describe, expect, it } from "vitest"
import { use } from "../../backends.ts"

beforeAll(() => use("wasm"))

type Piece = ReadonlyArray<() => tfl.layers.Layer>

const convolution = (name: string, seed: number, inputs?: number) => () =>
  tfl.layers.conv2d({
    ...(inputs === undefined ? {} : { inputShape: [8, 8, inputs] }),
    name,
    filters: 4,
    kernelSize: 3,
    padding: "same",
    useBias: false,
    kernelInitializer: tfl.initializers.heNormal({ seed })
  })
const normalization = (name: string) => () => tfl.layers.batchNormalization({ name, momentum: 0.9 })
const rectifier = () => tfl.layers.activation({ activation: "relu" })

/** A network in three pieces, of which the middle one begins with a rectifier and ends with a normalization. */
const stem: Piece = [convolution("a", 1, 3), normalization("norm_a")]
const middle: Piece = [rectifier, convolution("b", 2), normalization("norm_b")]
const head: Piece = [
  rectifier,
  () => tfl.layers.globalAveragePooling2d({ name: "pool" }),
  () => tfl.layers.dense({ name: "logits", units: 3, kernelInitializer: tfl.initializers.heNormal({ seed: 3 }) })
]
const layersOf = (...pieces: ReadonlyArray<Piece>) => pieces.flat().map((make) => make())

/** A functional model of the pieces for features of four channels. */
const functional = (...pieces: ReadonlyArray<Piece>) => {
  const input = tfl.input({ shape: [8, 8, 4] })
  const output = layersOf(...pieces).reduce((x, layer) => layer.apply(x) as tfl.SymbolicTensor, input)
  return tfl.model({ inputs: input, outputs: output })
}

const flat = () => tfl.sequential({ layers: layersOf(stem, middle, head) })

const twins: Readonly<Record<string, () => tfl.LayersModel>> = {
  "a sequential model that begins with one": () =>
    tfl.sequential({ layers: [tfl.sequential({ layers: layersOf(stem) }), ...layersOf(middle, head)] }),
  "a sequential model of models only": () =>
    tfl.sequential({
      layers: [tfl.sequential({ layers: layersOf(stem) }), functional(middle), functional(head)]
    }),
  "models in models": () =>
    tfl.sequential({
      layers: [
        tfl.sequential({ layers: [tfl.sequential({ layers: layersOf(stem) }), functional(middle)] }),
        functional(head)
      ]
    }),
  "a functional model that applies a model": () => {
    const input = tfl.input({ shape: [8, 8, 3] })
    const x = layersOf(stem).reduce((x, layer) => layer.apply(x) as tfl.SymbolicTensor, input)
    const y = functional(middle).apply(x) as tfl.SymbolicTensor
    return tfl.model({ inputs: input, outputs: functional(head).apply(y) as tfl.SymbolicTensor })
  }
}

const images = () => tf.mul(Seed.normalTensor(5, [40, 8, 8, 3]), 3)

/** Everything that a training step is made of, as numbers: λ, loss, gradients, weights and moving moments after it. */
const trained = async (model: tfl.LayersModel) => {
  const network = await Effect.runPromise(Network.make(model, { specification: "Sp+Ob+St+Euc", seed: 4 }))
  const optimizer = FgSgd.make(network.problem, { schedule: Schedule.constant(0.1), momentum: 0.9 })
  const lambdas = await Effect.runPromise(Network.deviations(network, images()))
  const start = { ...Optimizer.init(optimizer, network.variables), scaling: Network.scaling(network, lambdas) }
  const { grads, value } = tf.variableGrads(
    () => tf.mean(tf.square(model.apply(images(), { training: true }) as tf.Tensor)) as tf.Scalar,
    [...network.variables]
  )
  const gradients = network.variables.map(({ name }) => grads[name]!)
  const { weights } = Optimizer.update(optimizer, start, gradients)
  const predicted = model.predict(images()) as tf.Tensor
  Network.assign(network, weights)
  const read = [value, ...gradients, predicted, ...model.getWeights()].map((x) => Array.from(x.dataSync()))
  const plan = network.layers.map(({ groups, kinds, name, shape }) => ({
    name,
    shape,
    groups,
    kinds: kinds.map(({ indices, symbol }) => ({ indices, symbol }))
  }))
  const poms = network.problem.collection.poms.map(({ name }) => name)
  const geometry = Network.fingerprint(network)
  model.dispose()
  return { lambdas: lambdas.map((own) => Array.from(own)), read, plan, poms, geometry }
}

it.each(Object.keys(twins))("%s has the collections, λ and the step of its flat twin", async (name) => {
  const [expected, actual] = [await trained(flat()), await trained(twins[name]!())]
  expect(actual.plan.map((layer) => layer.name)).toEqual(["a", "b"])
  expect(actual.plan).toEqual(expected.plan)
  expect(actual.poms).toEqual(expected.poms)
  expect(actual.geometry).toBe(expected.geometry)
  expect(actual.lambdas).toEqual(expected.lambdas)
  expect(actual.read.length).toBe(expected.read.length)
  for (const [i, values] of actual.read.entries()) {
    const reference = expected.read[i]!
    expect(values.length).toBe(reference.length)
    const size = reference.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-3)
    // What one pass does together rounds otherwise than what two do.
    expect(Math.max(...values.map((value, k) => Math.abs(value - reference[k]!))) / size).toBeLessThan(1e-5)
  }
})

it("layers within models run on the engine's kernels, and together where theirs runs as a whole", async () => {
  const model = Layers.accelerate(
    tfl.sequential({
      layers: [
        tfl.sequential({ layers: layersOf(stem) }),
        functional([rectifier, convolution("b", 2), normalization("norm_b"), rectifier])
      ]
    })
  )
  const { kernels } = await tf.profile(() => tf.tidy(() => model.apply(images(), { training: true }) as tf.Tensor))
  const names = kernels.map(({ name }) => name)
  expect(names.filter((name) => name === "FinegrainNormalize")).toHaveLength(2)
  // The stem's rectifier is in another model than its normalization.
  expect(names.filter((name) => name === "Relu")).toHaveLength(1)
})

it("layers within models are told which step comes next", () => {
  const inner = tfl.sequential({
    layers: [
      tfl.layers.flatten({ inputShape: [8, 8, 4] }),
      Models.stochasticDepth({ survival: 0.5, seed: 1, name: "depth" })
    ]
  })
  const model = tfl.sequential({ layers: [...layersOf(stem), inner] })
  const sums = (steps: ReadonlyArray<number>) =>
    steps.map((step) => {
      Layers.setStep(model, step)
      return tf.sum(tf.abs(model.apply(images(), { training: true }) as tf.Tensor)).dataSync()[0]! > 0
    })
  const steps = Array.from({ length: 12 }, (_, i) => i)
  expect(sums(steps.toReversed())).toEqual(sums(steps).toReversed())
  expect(new Set(sums(steps)).size).toBe(2)
})

describe("names", () => {
  const collision = () =>
    tfl.sequential({
      layers: [
        ...layersOf([convolution("first", 1, 3)]),
        tfl.sequential({ name: "one", layers: layersOf([convolution("conv", 2, 4)]) }),
        tfl.sequential({
          name: "two",
          layers: layersOf([convolution("conv", 3, 4), () => tfl.layers.depthwiseConv2d({ kernelSize: 3, name: "d" })])
        })
      ]
    })

  it("are those of the models around where layers share theirs", async () => {
    const network = await Effect.runPromise(
      Network.make(collision(), { specification: "Sp", seed: 1, overrides: { "two/conv": { specification: "St" } } })
    )
    expect(network.layers.map(({ kinds, name }) => [name, kinds[0]!.symbol])).toEqual([
      ["first", "Sp"],
      ["one/conv", "Sp"],
      ["two/conv", "St"],
      ["d", "Sp"]
    ])
    const poms = network.problem.collection.poms.map(({ name }) => name)
    expect(new Set(poms).size).toBe(poms.length)
    const [one, two] = network.layers.slice(1)
    expect(one!.groups).not.toEqual(two!.groups)
    const spectra = await Effect.runPromise(NetworkSpectra.measure(network))
    expect(spectra.map(({ layer, operatorNorm }) => [layer, operatorNorm! > 0])).toEqual([
      ["first", true],
      ["one/conv", true],
      ["two/conv", true],
      ["d", true]
    ])
  })

  it("that name a model, or several layers, are refused with those that would do", async () => {
    const refusal = (name: string) =>
      Effect.runPromise(Effect.flip(Network.make(collision(), { overrides: { [name]: {} } }))) as Promise<
        Network.PlanError
      >
    expect((await refusal("conv")).message).toMatch(/names no single layer.*one\/conv, two\/conv/)
    expect((await refusal("two")).workable).toEqual(["two/conv", "d"])
    expect((await refusal("nothing")).message).toMatch(/no layer of this name.*two\/conv/)
  })

  it("that stay ambiguous are refused", async () => {
    const inner = (layer: string, model: string) =>
      tfl.sequential({ name: model, layers: layersOf([convolution(layer, 1, 4)]) })
    const around = (name: string, layer: tfl.LayersModel) => {
      const input = tfl.input({ shape: [8, 8, 4] })
      return tfl.model({ name, inputs: input, outputs: layer.apply(input) as tfl.SymbolicTensor })
    }
    const model = tfl.sequential({
      layers: [
        ...layersOf([convolution("first", 1, 3)]),
        around("a", inner("conv", "b")),
        inner("conv", "a/b")
      ]
    })
    const error = await Effect.runPromise(Effect.flip(Network.make(model)))
    expect(error).toBeInstanceOf(Network.PlanError)
    expect(error.message).toMatch(/"a\/b\/conv".*another name/)
  })
})

it("a layer or a model at several places has one POM collection and λ over all that enters it", async () => {
  const input = tfl.input({ shape: [8, 8, 4] })
  const shared = functional([convolution("inner", 1)])
  const twice = convolution("twice", 2)()
  const x = tfl.layers.maxPooling2d({ poolSize: 2 }).apply(input) as tfl.SymbolicTensor
  const [small, large] = [x, input].map((x) => twice.apply(x) as tfl.SymbolicTensor)
  const scaled = tfl.layers.maxPooling2d({ poolSize: 2 }).apply(shared.apply(large!)) as tfl.SymbolicTensor
  const once = tfl.layers.upSampling2d({ size: [2, 2] }).apply(small!) as tfl.SymbolicTensor
  const again = tfl.layers.maxPooling2d({ poolSize: 2 }).apply(shared.apply(once)) as tfl.SymbolicTensor
  const model = tfl.model({ inputs: input, outputs: tfl.layers.add().apply([scaled, again]) as tfl.SymbolicTensor })
  const network = await Effect.runPromise(Network.make(model, { specification: "Sp" }))
  expect(network.layers.map(({ name }) => name).toSorted()).toEqual(["inner", "twice"])
  expect(network.variables).toHaveLength(2)
  const batch = Seed.normalTensor(3, [6, 8, 8, 4])
  const lambdas = await Effect.runPromise(Network.deviations(network, batch))
  const features = (...outputs: Array<tfl.SymbolicTensor>) => {
    const found = [tfl.model({ inputs: input, outputs }).predict(batch)].flat()
    return Renormalization.deviations(tf.concat(found.map((x) => tf.reshape(x, [-1, 4])))).dataSync()
  }
  const expected = { twice: features(x, input), inner: features(large!, once) }
  for (const [i, { name }] of network.layers.entries()) {
    const own = expected[name as keyof typeof expected]
    expect(lambdas[i]!.length).toBe(4)
    for (const [c, lambda] of lambdas[i]!.entries()) expect(lambda).toBeCloseTo(own[c]!, 6)
  }
  // Its inputs have two sizes, so it is no single map of images.
  const spectra = await Effect.runPromise(NetworkSpectra.measure(network))
  expect(spectra.find(({ layer }) => layer === "twice")!.operatorNorm).toBeUndefined()
})

it("a batch normalization at places of different sizes is accelerated as any other", () => {
  const input = tfl.input({ shape: [8, 8, 4] })
  const norm = tfl.layers.batchNormalization()
  const small = norm.apply(tfl.layers.maxPooling2d({ poolSize: 2 }).apply(input)) as tfl.SymbolicTensor
  const large = tfl.layers.maxPooling2d({ poolSize: 2 }).apply(norm.apply(input)) as tfl.SymbolicTensor
  const model = tfl.model({ inputs: input, outputs: tfl.layers.add().apply([small, large]) as tfl.SymbolicTensor })
  expect(Layers.accelerate(model)).toBe(model)
})

it("layers that are applied at every time step are constrained, with λ over all steps", async () => {
  const conv = tfl.layers.conv2d({ name: "conv", filters: 3, kernelSize: 3 })
  const steps = tfl.sequential({ name: "steps", layers: layersOf([convolution("inner", 1, 3), normalization("norm")]) })
  const model = tfl.sequential({
    layers: [
      tfl.layers.timeDistributed({ inputShape: [5, 8, 8, 3], layer: steps }),
      tfl.layers.timeDistributed({ layer: conv })
    ]
  })
  const network = await Effect.runPromise(Network.make(model, { specification: "Sp" }))
  expect(network.layers.map(({ name }) => name)).toEqual(["inner", "conv"])
  const batch = tf.mul(Seed.normalTensor(3, [6, 5, 8, 8, 3]), 2)
  const [inner, own] = await Effect.runPromise(Network.deviations(network, batch))
  const expected = Renormalization.deviations(batch).dataSync()
  for (const [c, lambda] of inner!.entries()) expect(lambda).toBeCloseTo(expected[c]!, 5)
  expect(own).toHaveLength(4)
  expect((model.apply(batch, { training: true }) as tf.Tensor).shape).toEqual([6, 5, 6, 6, 3])
  await Effect.runPromise(NetworkSpectra.measure(network))
})

it("a frozen model stays as it is", async () => {
  const frozen = tfl.sequential({ layers: [tfl.sequential({ layers: layersOf(stem) }), functional(middle)] })
  frozen.trainable = false
  const model = tfl.sequential({ layers: [frozen, ...layersOf(head)] })
  const network = await Effect.runPromise(Network.make(model))
  expect(network.layers).toEqual([])
  expect(network.variables).toHaveLength(2)
})
