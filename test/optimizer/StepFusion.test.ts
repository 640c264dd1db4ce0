// @module-tag threads
import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import fc from "fast-check"
import {
  Backend,
  Catalogue,
  Collection,
  Combinators,
  FgSgd,
  FusedKernels,
  Grassmann,
  Grouping,
  MatrixForm,
  Network,
  Oblique,
  Optimizer,
  Schedule,
  Seed,
  Sphere,
  StepFusion,
  Stiefel,
  TensorTree,
  Transform,
  Transforms
} from "finegrain"
import { beforeAll, describe, expect, it } from "vitest"
import { runsNode } from "../nativeEngine.ts"
import { runsWebgpu } from "../webgpu.ts"

const gaps = (p: TensorTree.TensorTree, q: TensorTree.TensorTree) => {
  const others = TensorTree.leaves(q)
  return tf.stack(TensorTree.leaves(p).map((leaf, i) => tf.max(tf.abs(tf.sub(leaf, others[i]!)))))
}

const engines = [
  ["wasm, one thread", Backend.wasmWith({ threads: 1 })],
  ["wasm, two threads", Backend.wasmWith({ threads: 2 })],
  ...(runsNode ? [["node", Backend.node] as const] : []),
  ...(runsWebgpu ? [["webgpu", Backend.webgpu] as const] : [])
] as const

const use = (layer: (typeof engines)[number][1]) => Effect.runPromise(Effect.provide(Backend.Backend, layer))

const cases = fc.record({
  size: fc.constantFrom<readonly [number, number]>([3, 3], [1, 3], [3, 1], [5, 5], [2, 4], [7, 7], [1, 1]),
  inputs: fc.integer({ min: 2, max: 9 }),
  outputs: fc.integer({ min: 2, max: 9 }),
  // Cen and Ball have no kernel: their operations are composed between the sweeps.
  symbols: fc.uniqueArray(fc.constantFrom("Sp", "Ob", "St", "Euc", "Cen", "Ball"), { minLength: 1, maxLength: 5 }),
  strategy: fc.constantFrom(...Catalogue.names(Grouping.strategies)),
  matricization: fc.constantFrom(...Combinators.matricizations),
  momentum: fc.constantFrom(0, 0.9),
  weightDecay: fc.constantFrom(0, 0.1),
  rate: fc.constantFrom(0.01, 0.1),
  seed: fc.nat({ max: 9999 })
})

type Case = typeof cases extends fc.Arbitrary<infer A> ? A : never

/** As many of the manifolds as there are groups for in the convolution. */
const manifoldsOf = ({ inputs, matricization, outputs, size, strategy, symbols }: Case) => {
  const [rows, columns] = matricization.grid([...size, inputs, outputs])
  return symbols.slice(0, { PI: rows, PO: columns, PIO: rows * columns }[strategy])
}

/** A convolution with a bias and a dense layer; undefined where a manifold refuses the matrices. */
const networkOf = (c: Case) => {
  const { inputs, matricization, outputs, seed, size, strategy } = c
  const model = tfl.sequential({
    layers: [
      tfl.layers.conv2d({ inputShape: [8, 8, inputs], filters: outputs, kernelSize: [...size], name: "convolution" }),
      tfl.layers.globalAveragePooling2d({}),
      tfl.layers.dense({ units: 3 })
    ]
  })
  const options = { specification: manifoldsOf(c).join("+"), strategy: Grouping[strategy](), matricization, seed }
  return Effect.runSync(Effect.match(Network.make(model, options), { onFailure: () => undefined, onSuccess: (n) => n }))
}

const optimizerOf = (network: Network.Network, { momentum, rate, weightDecay }: Case) =>
  FgSgd.make(network.problem, { schedule: Schedule.constant(rate), momentum, weightDecay })

describe.each(engines)("the fused step on %s", (name, layer) => {
  beforeAll(() => use(layer))

  it("is the composed one on every grouping, matricization and mixture of manifolds", async () => {
    let compared = 0
    await fc.assert(
      fc.asyncProperty(cases, async (c) => {
        const network = networkOf(c)
        if (network === undefined) return
        const optimizer = optimizerOf(network, c)
        const gradients = network.variables.map((v, i) => Seed.normalTensor(c.seed + i, v.shape))
        const lambdas = network.layers.map(({ shape }) => Float32Array.from({ length: shape[2] }, (_, i) => 1 + i / 4))
        const scaling = Network.scaling(network, lambdas)
        const first = { ...Optimizer.init(optimizer, network.variables), scaling }
        const { state } = Optimizer.update(optimizer, first, gradients)
        const fused = Optimizer.update(optimizer, state, gradients)
        const composed = FusedKernels.without(() => Optimizer.update(optimizer, state, gradients))
        const of = ({ state, told, weights }: typeof fused) => [state.x, state.memory, weights, told] as const
        const found = await gaps(of(fused), of(composed)).data()
        compared++
        network.model.dispose()
        // Norms of a few hundred entries of size 1, and denominators of their squares.
        expect(Math.max(...found)).toBeLessThan(2e-4)
      }),
      // Software that plays a GPU compiles every shader anew.
      { numRuns: name === "webgpu" ? 15 : 40 }
    )
    expect(compared).toBeGreaterThan(name === "webgpu" ? 10 : 20)
  }, 240_000)

  it("is the composed one on more kernels than a thread takes at once, and with a rest", async () => {
    for (const size of [[3, 3], [5, 5], [2, 3]] as const) {
      const symbols: Case["symbols"] = size[0] === 5 ? ["St", "Sp", "Ob"] : ["St", "Sp"]
      const c: Case = { ...plain, size, inputs: 29, outputs: 31, symbols, weightDecay: 0.1 }
      const network = networkOf(c)!
      const optimizer = optimizerOf(network, c)
      const gradients = network.variables.map((v, i) => Seed.normalTensor(i, v.shape))
      const { state } = Optimizer.update(optimizer, Optimizer.init(optimizer, network.variables), gradients)
      const fused = Optimizer.update(optimizer, state, gradients)
      const composed = FusedKernels.without(() => Optimizer.update(optimizer, state, gradients))
      for (const  of of["weights", "norms", "state"] as const) {
        const part = ({ state, told, weights }: typeof fused) =>
          ({ weights, norms: told["norms"]!, state: state.memory })[of]
        const [a, b] = [fused, composed].map(part)
        expect(Math.max(...await gaps(a!, b!).data())).toBeLessThan(2e-4)
      }
      network.model.dispose()
    }
  })

  it("runs as two kernels and the rule between them", async () => {
    const network = networkOf({ ...plain, symbols: ["Sp", "Ob", "St", "Euc"] })!
    const optimizer = optimizerOf(network, plain)
    const state = Optimizer.init(optimizer, network.variables)
    const { kernels } = await tf.profile(() => {
      Optimizer.update(optimizer, state, network.variables)
      return tf.scalar(0)
    })
    const names = kernels.map(({ name }) => name)
    expect(names.filter((name) => name.startsWith("FinegrainStep"))).toEqual([
      "FinegrainStepDirection",
      "FinegrainStepMove"
    ])
    expect(names.length).toBeLessThan(40)
    expect(StepFusion.interpretation(optimizer)).toBe("fused")
  })

  it("keeps nothing but its result", () => {
    const network = networkOf({ ...plain, symbols: ["Sp", "Cen"] })!
    const optimizer = optimizerOf(network, plain)
    const before = tf.memory()
    const state = Optimizer.init(optimizer, network.variables)
    for (let t = 0; t < 3; t++) {
      const updated = Optimizer.update(optimizer, state, network.variables)
      Optimizer.dispose(updated.state)
      TensorTree.dispose([updated.weights, updated.told])
    }
    Optimizer.dispose(state)
    expect(tf.memory().numTensors).toBe(before.numTensors)
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers)
  })

  it("lets NaN through to the norm of the POM that has it", async () => {
    const network = networkOf({ ...plain, symbols: ["St"], strategy: "PO" })!
    const optimizer = optimizerOf(network, plain)
    const gradients = network.variables.map((v, i) =>
      i > 0 ? tf.zerosLike(v) : tf.mul(v, tf.tensor1d([0, 0, NaN, 0, 0, 0, 0, 0]))
    )
    const { told } = Optimizer.update(optimizer, Optimizer.init(optimizer, network.variables), gradients)
    const values = await told["norms"]!.data()
    expect(values.filter(Number.isNaN)).toHaveLength(1)
  })
})

const plain: Case = {
  size: [3, 3],
  inputs: 6,
  outputs: 8,
  symbols: ["Sp"],
  strategy: "PIO",
  matricization: Combinators.perKernel,
  momentum: 0.9,
  weightDecay: 0,
  rate: 0.1,
  seed: 1
}

describe("what a kernel may stand for", () => {
  beforeAll(() => use(engines[0][1]))

  const on = (manifold: Parameters<typeof MatrixForm.of>[0]) =>
    FgSgd.make(Optimizer.onPoints(Collection.pom(manifold)), { schedule: Schedule.constant(0.1) })

  it("is a manifold with the metric, retraction and transport of the kernel, and no other", () => {
    expect(MatrixForm.of(Stiefel.make([3, 5]))).toEqual({ name: "Stiefel", rows: 5, columns: 3, transposed: true })
    const others = [
      Stiefel.make([5, 3], { retraction: Stiefel.polar }),
      Stiefel.make([5, 3], { metric: Stiefel.canonical, retraction: Stiefel.cayley }),
      Sphere.make([3, 3], { transport: Sphere.parallel }),
      Oblique.make([3, 3], { transport: Sphere.parallel }),
      Grassmann.make([4, 2]),
      { ...Sphere.make([3, 3]), retract: Sphere.make([3, 3]).exp! }
    ]
    for (const manifold of others) {
      expect(MatrixForm.of(manifold)).toBeUndefined()
      expect(StepFusion.interpretation(on(manifold))).toBe(`fused; composed on ${manifold.name}`)
    }
  })

  it.skipIf(!runsWebgpu)("is on a GPU no matrix above what one invocation holds", async () => {
    await use(Backend.webgpu)
    const optimizers = [16, 17].map((n) => on(Stiefel.make([n, n])))
    expect(optimizers.map(StepFusion.interpretation)).toEqual(["fused", "fused; composed on St(17,17)"])
    await use(engines[0][1])
    expect(StepFusion.interpretation(optimizers[1]!)).toBe("fused")
  })

  it("is not an arrangement that computes", () => {
    const sphere = Sphere.make([2, 2])
    const arrangement = {
      shape: [2, 2],
      from: (w: tf.Tensor) => tf.mul(w, 2),
      to: (p: tf.Tensor) => tf.div(p, 2)
    }
    const optimizer = FgSgd.make({ collection: Collection.pom(sphere), arrangement }, {
      schedule: Schedule.constant(0.1)
    })
    expect(StepFusion.interpretation(optimizer)).toBe("composed")
  })

  it("is not a chain with a part of one's own, but one with rates and clipping", () => {
    const { problem } = on(Sphere.make([3, 3]))
    const [gradient, direction] = [FgSgd.euclideanGradient(0), FgSgd.tangentProjection(0.9)]
    const step = FgSgd.stepSize({ schedule: Schedule.constant(0.1) })
    const interpreted = (...parts: ReadonlyArray<Transform.Transform>) =>
      StepFusion.interpretation(Optimizer.make(problem, Transform.chain("own", gradient, direction, ...parts, step)))
    expect(interpreted(Transform.pure("mine", (u) => u))).toBe("composed")
    expect(interpreted({ ...Transforms.clip({ norm: 1 }) })).toBe("composed")
    expect(interpreted(Transforms.rates({ Sp: 40 }), Transforms.clip({ norm: 1 }))).toBe("fused")
  })

  it("is not read beyond its end: a state of another size is refused", () => {
    const optimizer = on(Sphere.make([3, 3]))
    const state = Optimizer.init(optimizer, tf.ones([3, 3]))
    expect(() => Optimizer.update(optimizer, { ...state, x: tf.ones([2, 2]) }, tf.ones([3, 3]))).toThrow(
      "x 0 holds 4 float32 numbers, not 9"
    )
  })
})
