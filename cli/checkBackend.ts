/** An engine put to the test: training steps, fused steps and laws against plain JavaScript. */
import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { Law, manifoldLaws, optimizerLaws } from "../laws/index.ts"
import * as Backend from "../src/engine/Backend.ts"
import * as Manifold from "../src/geometry/Manifold.ts"
import * as Euclidean from "../src/geometry/manifolds/Euclidean.ts"
import * as Oblique from "../src/geometry/manifolds/Oblique.ts"
import * as Sphere from "../src/geometry/manifolds/Sphere.ts"
import * as Stiefel from "../src/geometry/manifolds/Stiefel.ts"
import * as Models from "../src/network/models/index.ts"
import * as Network from "../src/network/Network.ts"
import * as NestedTensors from "../src/numerics/NestedTensors.ts"
import * as Seed from "../src/numerics/Seed.ts"
import * as Tensors from "../src/numerics/Tensors.ts"
import * as FgSgd from "../src/optimizer/FgSgd.ts"
import * as Gradients from "../src/optimizer/Gradients.ts"
import * as Optimizer from "../src/optimizer/Optimizer.ts"
import * as Schedule from "../src/optimizer/Schedule.ts"
import * as StepFusion from "../src/optimizer/StepFusion.ts"

/** One thing that was looked at, and what was found. */
interface Check {
  readonly name: string
  readonly passed: boolean
  readonly found: string
}

/** Checks that are made together. */
export interface CheckGroup {
  readonly name: string
  /** The engine stays in use. */
  readonly run: Effect.Effect<
    ReadonlyArray<Check>,
    Backend.BackendUnavailable | Effect.Error<typeof train>
  >
}

const [batch, side, classes] = [32, 12, 4]

/** Noise with a bright corner that tells the class. */
const images = (): readonly [tf.Tensor, tf.Tensor] => {
  const labels = Array.from({ length: batch }, (_, i) => i % classes)
  const bright = labels.flatMap((label) =>
    Array.from({ length: side * side }, (_, p) => {
      const [row, column] = [Math.floor(p / side), p % side]
      return 2 * Math.floor((2 * row) / side) + Math.floor((2 * column) / side) === label ? 1 : 0
    })
  )
  const noise = tf.mul(Seed.normalTensor(1, [batch, side, side, 1]), 0.1)
  return [tf.add(noise, tf.tensor(bright, [batch, side, side, 1])), tf.oneHot(tf.tensor1d(labels, "int32"), classes)]
}

/**
 * The losses of ten FG-SGD steps with four manifolds in every convolution, the weights after the first, how the steps
 * ran, what they left behind, and how far off the points are.
 */
const train = Effect.gen(function*() {
  const atStart = tf.memory().numTensors
  const model = Models.smallCnn({ height: side, width: side, channels: 1, classes, filters: [4, 8], seed: 1 })
  const network = yield* Network.make(model, { specification: "Sp+Ob+St+Euc", seed: 1 })
  const optimizer = FgSgd.make(network.problem, { schedule: Schedule.constant(0.02), momentum: 0.9 })
  let state = Optimizer.init(optimizer, network.variables)
  const [x, y] = Tensors.region(images)
  const losses: Array<number> = []
  const weights: Array<number> = []
  const step = StepFusion.interpretation(optimizer)
  const before = tf.memory().numTensors
  for (let t = 0; t < 10; t++) {
    const { grads, value } = Gradients.ofVariables(
      () => tf.losses.softmaxCrossEntropy(y, model.apply(x, { training: true }) as tf.Tensor) as tf.Scalar,
      network.variables
    )
    const updated = yield* Optimizer.step(optimizer, state, network.variables.map(({ name }) => grads[name]!))
    Network.assign(network, updated.weights)
    Optimizer.dispose(state)
    state = updated.state
    losses.push((yield* Tensors.read(value))[0]!)
    if (t === 0) { for (const w of updated.weights) weights.push(...(yield* Tensors.read(w))) }
    NestedTensors.dispose([
      value,
      Object.values(grads),
      updated.weights,
      updated.told["norms"]!,
      updated.told["denominators"]!
    ])
  }
  const leaked = tf.memory().numTensors - before
  const on = yield* Effect.result(Manifold.checkPoint(network.problem.collection.manifold, state.x, 1e-5))
  Optimizer.dispose(state)
  NestedTensors.dispose([x, y])
  model.dispose()
  return {
    losses,
    weights,
    step,
    leaked: leaked + tf.memory().numTensors - atStart,
    offManifold: on._tag === "Failure" ? on.failure.message : undefined
  }
})

// Its logarithm is thousands of operations, none of which others lack.
const { dist: _dist, log: _log, ...stiefel } = Stiefel.make([5, 2], { retraction: Stiefel.polar })

const manifolds = [
  Euclidean.make([3, 3]),
  Sphere.make([3, 3]),
  Oblique.make([3, 3]),
  Stiefel.make([3, 3]),
  stiefel
]

const largestGap = (found: ReadonlyArray<number>, reference: ReadonlyArray<number>): number =>
  found.length === reference.length
    ? found.reduce((a, value, i) => Math.max(a, Math.abs(value - reference[i]!)), 0)
    : Number.NaN

const training = Effect.fnUntraced(function*(engine: Layer.Layer<Backend.Backend, Backend.BackendUnavailable>) {
  const reference = yield* Effect.provide(Effect.andThen(Backend.Backend, train), Backend.cpu)
  const { device } = yield* Effect.provide(Backend.Backend, engine)
  const { leaked, losses, offManifold, step, weights } = yield* train
  const [first, all] = [largestGap(weights, reference.weights), largestGap(losses, reference.losses)]
  const checks: ReadonlyArray<Check> = [
    { name: "starts", passed: true, found: device },
    {
      name: "ten training steps descend",
      passed: losses.at(-1)! < losses[0]!,
      found: `loss ${losses[0]!.toFixed(4)} → ${losses.at(-1)!.toFixed(4)}`
    },
    { name: "how its steps of FG-SGD run", passed: true, found: step },
    {
      name: "the first step's weights are those of the cpu engine",
      // Float32 weights of at most 1, moved by a small part of gradients that add a few thousand numbers. NaN is no
      // pass.
      passed: first < 1e-5,
      found: `${first.toExponential(1)} apart`
    },
    {
      name: "the losses are those of the cpu engine",
      // Rounding of 1e-7 grows along ten steps of a loss of order one.
      passed: all < 1e-3,
      found: `${all.toExponential(1)} apart`
    },
    { name: "points stay on their manifolds", passed: offManifold === undefined, found: offManifold ?? "to 1e-5" },
    { name: "no tensor is left behind", passed: leaked === 0, found: `${leaked} left` }
  ]
  return checks
})

/** Whether the laws of a set hold on an engine. */
const lawful = (engine: Layer.Layer<Backend.Backend, Backend.BackendUnavailable>, set: Law.LawSet, runs: number) =>
  Effect.gen(function*() {
    yield* Effect.provide(Backend.Backend, engine)
    const reports = yield* Effect.promise(() => Law.checkAll(set, { runs, seed: 1 }))
    const failed = reports.filter(({ passed }) => !passed)
    const leftOut = Law.notApplicable(set).map(({ name, reason }) => `; left out: ${name} (${reason})`).join("")
    return [{
      name: `laws of ${set.name}`,
      passed: failed.length === 0,
      found: failed.length === 0 ? `${reports.length} hold${leftOut}` : failed.map(Law.format).join("\n")
    }]
  })

/** A set without the laws that are left out, which are named with the reason. */
const lessened = (set: Law.LawSet, without: (law: Law.Law) => string | undefined): Law.LawSet => ({
  ...set,
  laws: set.laws.filter((law) => without(law) === undefined),
  parents: set.parents.map((parent) => lessened(parent, without)),
  notApplicable: [
    ...set.notApplicable,
    ...set.laws.flatMap((law) => {
      const reason = without(law)
      return reason === undefined ? [] : [{ name: law.name, reason }]
    })
  ]
})

/** The law whose single case is ten thousand steps without a read, minutes on some engines. */
export const isLongRun = ({ name }: Law.Law): boolean => name === "iterates stay on the manifold for 10,000 steps"

/** How much is checked. */
export interface CheckOptions {
  /** Cases of every law; default 3. */
  readonly runs?: number
  /** Why a law is left out; default: none is. */
  readonly without?: (law: Law.Law) => string | undefined
}

/**
 * Whether an engine does what this library needs, part by part: ten training steps against the same ones on the cpu
 * engine, tensors, and the laws of the paper's manifolds and of FG-SGD on them.
 *
 * A part fails with BackendUnavailable where the engine cannot start.
 */
export const checksOf = (
  engine: Layer.Layer<Backend.Backend, Backend.BackendUnavailable>,
  { runs = 3, without = () => undefined }: CheckOptions = {}
): ReadonlyArray<CheckGroup> => {
  const optimizers = optimizerLaws([
    Sphere.make([3, 3]),
    Oblique.make([3, 3]),
    Stiefel.make([3, 3]),
    Euclidean.make([3, 3])
  ])
  const sets = [...manifolds.map((manifold) => manifoldLaws(manifold)), optimizers]
  return [
    { name: "training steps", run: training(engine) },
    ...sets.map((set) => ({ name: `laws of ${set.name}`, run: lawful(engine, lessened(set, without), runs) }))
  ]
}
