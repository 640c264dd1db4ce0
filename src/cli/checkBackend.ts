import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { Law, manifoldLaws } from "../../laws/index.ts"
import * as Backend from "../Backend.ts"
import * as FgSgd from "../FgSgd.ts"
import * as Gradients from "../Gradients.ts"
import * as Manifold from "../Manifold.ts"
import * as Euclidean from "../manifolds/Euclidean.ts"
import * as Oblique from "../manifolds/Oblique.ts"
import * as Sphere from "../manifolds/Sphere.ts"
import * as Stiefel from "../manifolds/Stiefel.ts"
import * as Models from "../models/index.ts"
import * as Network from "../Network.ts"
import * as Points from "../Points.ts"
import * as Seed from "../Seed.ts"
import * as StepSize from "../StepSize.ts"
import * as Tensors from "../Tensors.ts"

/** One thing that was looked at, and what was found. */
export interface Check {
  readonly name: string
  readonly passed: boolean
  readonly found: string
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

/** The losses of ten FG-SGD steps with four manifolds in every convolution, what they left behind, and how far off the points are. */
const train = Effect.gen(function*() {
  const atStart = tf.memory().numTensors
  const model = Models.smallCnn({ height: side, width: side, channels: 1, classes, filters: [4, 8], seed: 1 })
  const network = yield* Network.make(model, { specification: "Sp+Ob+St+Euc", seed: 1 })
  const optimizer = FgSgd.make(network.problem, { schedule: StepSize.constant(0.02), momentum: 0.9 })
  let state = FgSgd.init(optimizer, network.variables)
  const [x, y] = Tensors.region(images)
  const losses: Array<number> = []
  const before = tf.memory().numTensors
  for (let t = 0; t < 10; t++) {
    const { grads, value } = Gradients.ofVariables(
      () => tf.losses.softmaxCrossEntropy(y, model.apply(x, { training: true }) as tf.Tensor) as tf.Scalar,
      network.variables
    )
    const updated = yield* FgSgd.step(optimizer, state, network.variables.map(({ name }) => grads[name]!))
    Network.assign(network, updated.weights)
    FgSgd.dispose(state)
    state = updated.state
    losses.push((yield* Tensors.read(value))[0]!)
    Points.dispose([value, Object.values(grads), updated.weights, updated.norms, updated.denominators])
  }
  const leaked = tf.memory().numTensors - before
  const on = yield* Effect.result(Manifold.checkPoint(network.problem.collection.manifold, state.x, 1e-5))
  FgSgd.dispose(state)
  Points.dispose([x, y])
  model.dispose()
  return {
    losses,
    leaked: leaked + tf.memory().numTensors - atStart,
    offManifold: on._tag === "Failure" ? on.failure.message : undefined
  }
})

const manifolds = [
  Euclidean.make([3, 3]),
  Sphere.make([3, 3]),
  Oblique.make([3, 3]),
  Stiefel.make([3, 3]),
  Stiefel.make([5, 2], { retraction: Stiefel.polar })
]

/**
 * Whether an engine does what this library needs: ten training steps against the same ones on the cpu engine, tensors, and the laws of
 * the paper's manifolds. The engine stays in use.
 *
 * Fails with BackendUnavailable where the engine cannot start.
 */
export const checkBackend = Effect.fnUntraced(function*(name: Backend.Name) {
  const reference = yield* Effect.provide(Effect.andThen(Backend.Backend, train), Backend.cpu)
  const { device } = yield* Effect.provide(Backend.Backend, Backend.layer(name))
  const { leaked, losses, offManifold } = yield* train
  const apart = losses.reduce((a, loss, t) => Math.max(a, Math.abs(loss - reference.losses[t]!)), 0)
  const checks: Array<Check> = [
    { name: "starts", passed: true, found: device },
    {
      name: "ten training steps descend",
      passed: losses.at(-1)! < losses[0]!,
      found: `loss ${losses[0]!.toFixed(4)} → ${losses.at(-1)!.toFixed(4)}`
    },
    {
      name: "the losses are those of the cpu engine",
      // Rounding of 1e-7 grows along ten steps of a loss of order one. NaN is no pass.
      passed: apart < 1e-3,
      found: `${apart.toExponential(1)} apart`
    },
    { name: "points stay on their manifolds", passed: offManifold === undefined, found: offManifold ?? "to 1e-5" },
    { name: "no tensor is left behind", passed: leaked === 0, found: `${leaked} left` }
  ]
  for (const manifold of manifolds) {
    const reports = yield* Effect.promise(() => Law.checkAll(manifoldLaws(manifold), { runs: 3, seed: 1 }))
    const failed = reports.filter(({ passed }) => !passed)
    checks.push({
      name: `laws of ${manifold.name}`,
      passed: failed.length === 0,
      found: failed.length === 0 ? `${reports.length} hold` : failed.map(Law.format).join("\n")
    })
  }
  return checks
})
