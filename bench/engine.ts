import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import {
  Backend,
  FgSgd,
  Fused,
  type Manifold,
  Models,
  Network,
  Oblique,
  Points,
  Seed,
  Sphere,
  StepSize,
  Stiefel
} from "finegrain"
import { writeFileSync } from "node:fs"
import { cpus } from "node:os"
import { table } from "../src/cli/Table.ts"

/**
 * The wasm engine's own kernels: convolutions in GFLOPS, manifold operations against their compositions, and FG-SGD's share of a
 * training step of ResNet-20. All subjects of a table run in turns. Usage: npm run bench:engine -- [BATCH [ROUNDS [OUT.json]]]
 */
const batch = Number(process.argv[2] ?? 64)
const rounds = Number(process.argv[3] ?? 9)
const out = process.argv[4]

interface Subject {
  readonly name: string
  readonly run: () => void
}

interface Timing {
  readonly name: string
  readonly median: number
  /** First and third quartile. */
  readonly quartiles: readonly [number, number]
}

/** Milliseconds of each subject, after one round to warm up. */
const inTurns = (subjects: ReadonlyArray<Subject>): ReadonlyArray<Timing> => {
  const times = subjects.map((): Array<number> => [])
  for (let round = -1; round < rounds; round++) {
    for (const [i, { run }] of subjects.entries()) {
      const start = performance.now()
      tf.tidy(run)
      if (round >= 0) times[i]!.push(performance.now() - start)
    }
  }
  return subjects.map(({ name }, i) => {
    const sorted = times[i]!.toSorted((a, b) => a - b)
    const at = (q: number) => sorted[Math.floor(q * (sorted.length - 1))]!
    return { name, median: at(0.5), quartiles: [at(0.25), at(0.75)] }
  })
}

const spread = ({ median, quartiles: [low, high] }: Timing) =>
  `${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`
const say = (text: string) => process.stdout.write(`${text}\n`)

const { device } = await Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasm))
const machine = { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, node: process.versions.node, device }
say(
  `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${device}; medians of ${rounds} rounds (quartiles)\n`
)

const layers = [[28, 16, 16, 1], [14, 32, 32, 1], [7, 64, 64, 1], [28, 16, 32, 2], [14, 32, 64, 2]] as const
const convolutions = layers.map(([size, c, k, stride]) => {
  const x = Seed.normalTensor(1, [batch, size, size, c]) as tf.Tensor4D
  const filter = Seed.normalTensor(2, [3, 3, c, k]) as tf.Tensor4D
  const dy = tf.conv2d(x, filter, stride, "same")
  const attrs = { strides: stride, pad: "same", dataFormat: "NHWC" }
  const kernel = (name: string, inputs: Record<string, tf.Tensor>, more: object) => () =>
    void tf.engine().runKernel(name, inputs, { ...attrs, ...more } as never)
  const name = `${size}×${size}, ${c}→${k}${stride === 1 ? "" : `, stride ${stride}`}`
  const timings = inTurns([
    { name, run: () => void tf.conv2d(x, filter, stride, "same") },
    { name, run: kernel("Conv2DBackpropInput", { dy, filter }, { inputShape: x.shape }) },
    { name, run: kernel("Conv2DBackpropFilter", { x, dy }, { filterShape: filter.shape }) }
  ])
  const gflop = 2 * batch * dy.shape[1] * dy.shape[2] * 9 * c * k / 1e6
  tf.dispose([x, filter, dy])
  return { name, gflops: timings.map(({ median }) => gflop / median) }
})
say(`3×3 convolutions, batch ${batch}, GFLOPS`)
say(table(
  ["layer", "forward", "input gradient", "filter gradient"],
  convolutions.map(({ gflops, name }) => [
    name,
    ...gflops.map((value) => value.toFixed(1))
  ])
))

const count = 40_000
const manifolds: ReadonlyArray<readonly [string, Manifold.Manifold]> = [
  ["sphere", Sphere.make([3, 3])],
  ["oblique", Oblique.make([3, 3])],
  ["Stiefel", Stiefel.make([3, 3])]
]
const operations = manifolds.map(([name, M]) => {
  const x = M.random(1, [count])
  const u = Seed.normalTensor(2, [count, 3, 3])
  const step = () => {
    const v = M.project(x, u)
    const y = M.retract(x, v)
    M.transport(x, y, v)
  }
  const [kernels, composed] = inTurns([{ name, run: step }, { name, run: () => Fused.without(step) }])
  tf.dispose([x, u])
  return { name, kernels: kernels!, composed: composed! }
})
say(`\n${count.toLocaleString("en")} kernels of 3×3: project, retract, transport, ms`)
say(table(
  ["manifold", "own kernels", "composed", "ratio"],
  operations.map(({ composed, kernels, name }) => [
    name,
    spread(kernels),
    spread(composed),
    (composed.median / kernels.median).toFixed(1)
  ])
))

const model = Models.cifarResNet({ height: 28, width: 28, channels: 1, classes: 10, seed: 1 })
const network = await Effect.runPromise(Network.make(model, { specification: "Sp+Ob+St+Euc", seed: 1 }))
const optimizer = FgSgd.make(network.problem, { schedule: StepSize.constant(0.01), momentum: 0.9 })
const state = FgSgd.init(optimizer, network.variables)
const plain = tf.train.momentum(0.01, 0.9)
const x = Seed.normalTensor(1, [batch, 28, 28, 1])
const y = tf.oneHot(tf.tensor1d(Array.from({ length: batch }, (_, i) => i % 10), "int32"), 10)
const loss = () => tf.losses.softmaxCrossEntropy(y, model.apply(x, { training: true }) as tf.Tensor) as tf.Scalar
const { grads } = tf.variableGrads(loss, [...network.variables])
const gradients = network.variables.map(({ name }) => grads[name]!)
const named = network.variables.map(({ name }, i) => ({ name, tensor: gradients[i]! }))
plain.applyGradients(named)
const parts = inTurns([
  { name: "gradient", run: () => void tf.variableGrads(loss, [...network.variables]) },
  { name: "FG-SGD, PIO Sp+Ob+St+Euc", run: () => void FgSgd.update(optimizer, state, gradients) },
  { name: "TensorFlow.js' SGD with momentum", run: () => plain.applyGradients(named) }
])
const [gradient, fine] = parts
const share = fine!.median / (gradient!.median + fine!.median)
say(`\nResNet-20, 28×28, batch ${batch}, ms`)
say(table(["part", "ms"], parts.map((timing) => [timing.name, spread(timing)])))
say(
  `FG-SGD's share of a step: ${(100 * share).toFixed(1)} %; resident memory ${
    (process.memoryUsage().rss / 1e6).toFixed(0)
  } MB`
)
Points.dispose(gradients)
if (out !== undefined) {
  writeFileSync(out, JSON.stringify({ machine, batch, rounds, convolutions, operations, parts, share }, undefined, 2))
}
