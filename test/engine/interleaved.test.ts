// @module-tag threads
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import {
  Backend,
  Collection,
  Euclidean,
  FgSgd,
  FusedKernels,
  Oblique,
  Optimizer,
  Schedule,
  Seed,
  Sphere,
  StepFusion,
  StepSize,
  Stiefel,
  TensorTree
} from "finegrain"
import { beforeAll, describe, expect, it } from "vitest"
import { interleavedOn, type Stack } from "../../src/engine/wasm/simd/interleaved.ts"
import { simdOn } from "../../src/engine/wasm/simd/module.ts"
import { refusing, refusingEach, settled } from "./fullHeap.ts"

const use = (threads: number) => Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasmWith({ threads })))

beforeAll(() => use(1))

/** So many matrices, on manifolds in turns, so many POMs each. */
const optimizerOn = (count: number, shape: readonly [number, number], weightDecay = 0, poms = 2) => {
  const manifolds = [Stiefel.make(shape), Sphere.make(shape), Oblique.make(shape), Euclidean.make(shape)]
  const indices = Array.from({ length: count }, (_, i) => i)
  const members = manifolds.flatMap((manifold, m) =>
    Array.from({ length: poms }, (_, pom) => ({
      name: `${m}/${pom}`,
      manifold,
      indices: indices.filter((i) => i % 4 === m && (i >> 2) % poms === pom)
    }))
  ).filter(({ indices }) => indices.length > 0)
  const { arrangement, collection } = Collection.stack(members)
  const problem = { collection, arrangement: { ...arrangement, shape: [count, ...shape] } }
  return FgSgd.make(problem, { schedule: Schedule.constant(0.05), momentum: 0.9, weightDecay })
}

type Optimizer4 = ReturnType<typeof optimizerOn>

const bits = (tree: TensorTree.TensorTree) =>
  TensorTree.leaves(tree).map((leaf) => Buffer.from(leaf.dataSync().buffer as ArrayBuffer).toString("base64"))

/** Three steps from random weights; `meanwhile` sees every state. */
const walk = (
  optimizer: Optimizer4,
  gradient: tf.Tensor,
  meanwhile: (state: Optimizer.State<ReadonlyArray<tf.Tensor>>) => void = () => {}
) => {
  let state = Optimizer.init(optimizer, Seed.normalTensor(1, gradient.shape))
  let weights: ReadonlyArray<string> = []
  for (let t = 0; t < 3; t++) {
    const updated = Optimizer.update(optimizer, state, gradient)
    meanwhile(updated.state)
    weights = bits([updated.weights, updated.told])
    TensorTree.dispose([updated.weights, updated.told])
    Optimizer.dispose(state)
    state = updated.state
  }
  return { state, weights }
}

/** One; and for every manifold of four whole fours, more than these, and less. */
const counts = [1, 17, 30]

describe.each([[3, 3], [5, 5], [4, 2], [2, 3]] as const)("states of matrices %i×%i", (...shape) => {
  it.each(counts)("are those of compositions, of %i matrices", (count) => {
    const optimizer = optimizerOn(count, shape, count === 17 ? 0.1 : 0)
    expect(StepFusion.interpretation(optimizer)).toBe("fused")
    const gradient = Seed.normalTensor(2, [count, ...shape])
    const fused = walk(optimizer, gradient).state
    const composed = FusedKernels.without(() => walk(optimizer, gradient).state)
    for (const [i, leaf] of TensorTree.leaves([fused.x, fused.memory]).entries()) {
      const other = TensorTree.leaves([composed.x, composed.memory])[i]!
      expect(leaf.shape).toEqual(other.shape)
      // Momenta of three steps are of a few units.
      expect(tf.max(tf.abs(tf.sub(leaf, other))).dataSync()[0]).toBeLessThan(2e-5)
    }
  })

  it.each(counts)("may be read at any time, by any number of threads, of %i matrices", async (count) => {
    const optimizer = optimizerOn(count, shape)
    const gradient = Seed.normalTensor(2, [count, ...shape])
    const unread = walk(optimizer, gradient)
    let t = 0
    const read = walk(optimizer, gradient, ({ memory, x }) => {
      // The values alone, through a kernel, and of the points alone.
      if (t === 0) bits([x, memory])
      if (t === 1) tf.dispose(TensorTree.leaves([x, memory]).map((leaf) => tf.neg(leaf)))
      if (t === 2) bits(x)
      t++
    })
    expect(read.weights).toEqual(unread.weights)
    const states = [unread, read].map(({ state }) => bits([state.x, state.memory]))
    expect(states[0]).toEqual(states[1])
    await use(2)
    const shared = walk(optimizer, gradient)
    expect([shared.weights, bits([shared.state.x, shared.state.memory])]).toEqual([unread.weights, states[0]])
    await use(1)
  })
})

it("a step leaves the state that it starts from, to be taken again", () => {
  const optimizer = optimizerOn(23, [3, 3])
  const gradient = Seed.normalTensor(2, [23, 3, 3])
  const { state } = walk(optimizer, gradient)
  const before = bits([state.x, state.memory])
  const once = walkOn(optimizer, state, gradient)
  expect(bits([state.x, state.memory])).toEqual(before)
  expect(walkOn(optimizer, state, gradient)).toEqual(once)
})

/** The bits of one step from a state. */
const walkOn = (optimizer: Optimizer4, state: Optimizer.State<ReadonlyArray<tf.Tensor>>, gradient: tf.Tensor) => {
  const { state: next, weights } = Optimizer.update(optimizer, state, gradient)
  return bits([next.x, next.memory, weights])
}

it("points that are the gradient as well are read as both", () => {
  const { collection } = Collection.stack([{
    name: "all",
    manifold: Sphere.make([3, 3]),
    indices: [0, 1, 2, 3, 4, 5, 6, 7, 8]
  }])
  const optimizer = FgSgd.make(Optimizer.onPoints(collection), { schedule: Schedule.constant(0.05), momentum: 0.9 })
  const state = Optimizer.init(optimizer, [Seed.normalTensor(1, [9, 3, 3])])
  const next = (gradients: ReadonlyArray<tf.Tensor>) => {
    const { state: after, weights } = Optimizer.update(optimizer, state, gradients)
    return bits([after.x, after.memory, weights])
  }
  const values = tf.tensor(state.x[0]!.dataSync(), [9, 3, 3])
  expect(next(state.x)).toEqual(next([values]))
  expect(bits(state.x)).toEqual(bits(values))
})

it("NaN and huge numbers stay in the matrix that has them", () => {
  // A POM each: NaN reaches all of a POM through its norm.
  const optimizer = optimizerOn(46, [3, 3], 0, 12)
  const plain = Seed.normalTensor(2, [46, 3, 3])
  const [ordinary, odd] = [plain, oddOf(plain)].map((gradient) => {
    const state = Optimizer.init(optimizer, Seed.normalTensor(1, [46, 3, 3]))
    return Optimizer.update(optimizer, state, gradient).state.memory
  })
  const [a, b] = [ordinary!, odd!].map((memory) => TensorTree.leaves(memory).map((leaf) => leaf.arraySync()))
  const same = a!.map((leaf, l) => (leaf as Array<unknown>).map((m, i) => equal(m, (b![l] as Array<unknown>)[i])))
  // Matrices 8 to 11 and 20 to 23, one of every manifold.
  expect(same.map((leaf) => leaf.flatMap((is, i) => is ? [] : [i]))).toEqual([[2, 5], [2, 5], [2, 5], [2, 5]])
})

/** Directions before their transport depend on nothing else than their own matrix. */
const oddOf = (gradient: tf.Tensor) => {
  const values = gradient.dataSync().slice()
  for (let m = 8; m < 12; m++) values[9 * m + 4] = NaN
  for (let m = 20; m < 24; m++) values.fill(1e30, 9 * m, 9 * m + 9)
  return tf.tensor(values, gradient.shape)
}

const equal = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

it.each([[46, [3, 3]], [1100, [5, 5]]] as const)("steps of any length end on the manifolds, of %i matrices", (
  count,
  shape
) => {
  const { problem } = optimizerOn(count, shape)
  const optimizer = FgSgd.make(problem, { schedule: Schedule.constant(1), rule: StepSize.plain })
  const state = Optimizer.init(optimizer, Seed.normalTensor(1, [count, ...shape]))
  // Neighbours differ: a length of all sizes for every matrix.
  const sizes = tf.tensor(Float32Array.from({ length: count }, (_, i) => [1e18, 1, 1e-18, 10][i % 7 % 4]!), [
    count,
    1,
    1
  ])
  const gradient = tf.mul(Seed.normalTensor(2, [count, ...shape]), sizes)
  const [onStiefel, onSphere, onOblique] = Optimizer.update(optimizer, state, gradient).state.x
  const squares = [
    tf.sub(tf.matMul(onStiefel!, onStiefel!, true), tf.eye(shape[1])),
    tf.sub(tf.sum(tf.square(onSphere!), [1, 2]), 1),
    tf.sub(tf.sum(tf.square(onOblique!), 1), 1)
  ]
  // A few roundings.
  for (const square of squares) expect(tf.max(tf.abs(square)).dataSync()[0]).toBeLessThan(2e-6)
})

/** The backend, what starts calls on it, and numbers as they lie on its heap. */
const watched = async () => {
  const backend = tf.backend() as BackendWasm
  const simd = await simdOn(backend)
  return { backend, begin: interleavedOn(backend, simd), onHeap: (place: number) => [...simd.floats(place, 81)] }
}

const nine = { count: 9, size: 9 }

/** Numbers of a stack, entry by entry of every four matrices; what is left of these as it is. */
const sideBySide = (values: ReadonlyArray<number>, { count, size }: Stack) =>
  values.map((value, i) => {
    const [four, within] = [Math.floor(i / (4 * size)), i % (4 * size)]
    return four < count >> 2 ? values[4 * size * four + (within % 4) * size + (within >> 2)]! : value
  })

it("a stack is brought back by what reads it, and by nothing else", async () => {
  const { backend, begin, onHeap } = await watched()
  const tensor = Seed.normalTensor(1, [9, 3, 3])
  const values = [...tensor.dataSync()]
  const place = begin().interleaved(tensor, nine)
  expect(onHeap(place)).toEqual(sideBySide(values, nine))
  const other = tensor.clone()
  other.dispose()
  expect(backend.refCount(tensor.dataId)).toBe(1)
  expect(onHeap(place)).toEqual(sideBySide(values, nine))
  expect([...tensor.dataSync()]).toEqual(values)
  expect(onHeap(place)).toEqual(values)
})

it("a tensor that one call reads in several ways is read from copies, which are freed", async () => {
  const { backend, begin, onHeap } = await watched()
  const tensor = Seed.normalTensor(1, [9, 3, 3])
  const values = [...tensor.dataSync()]
  const before = backend.numDataIds()
  const threes = { count: 27, size: 3 }
  for (const stacked of [true, false]) {
    const places = begin()
    const asItIs = stacked ? [places.stacked(tensor)] : []
    const interleaved = [nine, threes, nine].map((stack) => places.interleaved(tensor, stack))
    expect(asItIs.map(onHeap)).toEqual(asItIs.map(() => values))
    expect(interleaved.map(onHeap)).toEqual([nine, threes, nine].map((stack) => sideBySide(values, stack)))
    places.done()
    expect(backend.numDataIds()).toBe(before)
  }
  expect([...tensor.dataSync()]).toEqual(values)
})

it("a stack is brought back where the heap had no room for a larger one", async () => {
  const { begin } = await watched()
  const [small, large] = [Seed.normalTensor(1, [8, 6, 6]), Seed.normalTensor(2, [4, 50, 50])]
  const values = small.dataSync().slice()
  begin().interleaved(small, { count: 8, size: 36 })
  const grow = () => begin().interleaved(large, { count: 4, size: 2500 })
  expect(() => refusing(() => true, grow)).toThrow("no room")
  const live = settled(4 * 36)
  expect(small.dataSync()).toEqual(values)
  expect(live.overwritten()).toEqual([])
  tf.dispose([small, large, ...live.tensors])
})

it("the kernels of a step leave nothing behind, whichever allocation fails, and the step can be taken again", () => {
  const optimizer = optimizerOn(17, [4, 2])
  const gradient = Seed.normalTensor(2, [17, 4, 2])
  const state = Optimizer.init(optimizer, Seed.normalTensor(1, [17, 4, 2]))
  const there = () => [tf.memory().numTensors, (tf.backend() as BackendWasm).numDataIds()]
  const before = there()
  const found = bits([state.x, state.memory])
  const step = () => {
    const { state: after, told, weights } = Optimizer.update(optimizer, state, gradient)
    TensorTree.dispose([weights, told])
    Optimizer.dispose(after)
  }
  // Between them are kernels of TensorFlow.js, which do leave tensors behind.
  const ofKernels = () => new Error("where").stack!.includes("simd/step.ts")
  const failures = refusingEach(step, () => expect(there()).toEqual(before), ofKernels)
  expect(failures.length).toBeGreaterThan(10)
  expect(failures.filter((failure) => !failure.includes("no room"))).toEqual([])
  expect(bits([state.x, state.memory])).toEqual(found)
})
