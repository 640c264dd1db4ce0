import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import {
  Backend,
  FusedKernels,
  Gradients,
  type Manifold,
  NestedTensors,
  Oblique,
  Optimizer,
  Seed,
  Sphere,
  Stiefel
} from "finegrain"
import { writeFileSync } from "node:fs"
import { cpus } from "node:os"
import { table } from "../cli/Table.ts"
import { ceilings } from "./ceilings.ts"
import { layerStep } from "./layerStep.ts"
import { lossOn, noise, resNet } from "./networkStep.ts"
import { inTurns, spread, type Subject, type Timing } from "./timing.ts"

/**
 * The wasm engine's own kernels: convolutions in GFLOPS, manifold operations against their compositions, FG-SGD's step
 * of one layer, both against the machine's measured ceilings (operations and bytes are counted from the formulas), and
 * FG-SGD's share of a training step of ResNet-20. All subjects of a table run in turns. Usage: npm run bench:engine --
 * [BATCH [ROUNDS [OUT.json]]]
 */
const batch = Number(process.argv[2] ?? 64)
const rounds = Number(process.argv[3] ?? 9)
const out = process.argv[4]
const warmUp = 50

/** In turns, each in a region that frees what it makes. */
const freed = (subjects: ReadonlyArray<Subject>, warmUp?: number) =>
  inTurns(subjects.map(({ name, run }) => ({ name, run: () => void tf.tidy(() => void run()) })), rounds, warmUp)

const say = (text: string) => process.stdout.write(`${text}\n`)

const { device } = await Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasm))
const threads = Number(/(\d+) thread/.exec(device)?.[1])
const ceiling = await ceilings(threads)
const machine = { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, node: process.versions.node, device }
say(
  `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${device}; medians of ${rounds} rounds (quartiles)\n` +
    `ceilings, measured: ${ceiling.gflops.toFixed(0)} GFLOPS, ${ceiling.gigabytes.toFixed(1)} GB/s\n`
)
const share = (part: number, whole: number) => `${(100 * part / whole).toFixed(0)} %`

const layers = [[28, 16, 16, 1], [14, 32, 32, 1], [7, 64, 64, 1], [28, 16, 32, 2], [14, 32, 64, 2]] as const
const convolutions: Array<{ readonly name: string; readonly gflops: ReadonlyArray<number> }> = []
for (const [size, c, k, stride] of layers) {
  const x = Seed.normalTensor(1, [batch, size, size, c]) as tf.Tensor4D
  const filter = Seed.normalTensor(2, [3, 3, c, k]) as tf.Tensor4D
  const dy = tf.conv2d(x, filter, stride, "same")
  const attrs = { strides: stride, pad: "same", dataFormat: "NHWC" }
  const kernel = (name: string, inputs: Record<string, tf.Tensor>, more: object) => () =>
    void tf.engine().runKernel(name, inputs, { ...attrs, ...more } as never)
  const name = `${size}×${size}, ${c}→${k}${stride === 1 ? "" : `, stride ${stride}`}`
  const timings = await freed([
    { name, run: () => void tf.conv2d(x, filter, stride, "same") },
    { name, run: kernel("Conv2DBackpropInput", { dy, filter }, { inputShape: x.shape }) },
    { name, run: kernel("Conv2DBackpropFilter", { x, dy }, { filterShape: filter.shape }) }
  ])
  const gflop = 2 * batch * dy.shape[1] * dy.shape[2] * 9 * c * k / 1e6
  tf.dispose([x, filter, dy])
  convolutions.push({ name, gflops: timings.map(({ median }) => gflop / median) })
}
say(`3×3 convolutions, batch ${batch}, GFLOPS of the direct count (share of the ceiling)`)
say(table(
  ["layer", "forward", "input gradient", "filter gradient"],
  convolutions.map(({ gflops, name }) => [
    name,
    ...gflops.map((value) => `${value.toFixed(1)} (${share(value, ceiling.gflops)})`)
  ])
))

const count = 40_000
const manifolds: ReadonlyArray<readonly [string, Manifold.Manifold]> = [
  ["sphere", Sphere.make([3, 3])],
  ["oblique", Oblique.make([3, 3])],
  ["Stiefel", Stiefel.make([3, 3])]
]
const operations: Array<{ readonly name: string; readonly kernels: Timing; readonly composed: Timing }> = []
for (const [name, M] of manifolds) {
  const x = M.random(1, [count])
  const u = Seed.normalTensor(2, [count, 3, 3])
  const step = () => {
    const v = M.project(x, u)
    const y = M.retract(x, v)
    M.transport(x, y, v)
  }
  const [kernels, composed] = await freed(
    [{ name, run: step }, { name, run: () => FusedKernels.without(step) }],
    warmUp
  )
  tf.dispose([x, u])
  operations.push({ name, kernels: kernels!, composed: composed! })
}
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

/**
 * Operations of a step on one m×n matrix, about: projection, momentum, retraction, transport and rescaling. Bytes: x,
 * gradient and momentum are read, the direction is written; x and it are read again, x, momentum and weight written.
 */
const work: Readonly<Record<string, (m: number, n: number) => number>> = {
  Sp: (m, n) => 20 * m * n,
  Ob: (m, n) => 20 * m * n,
  St: (m, n) => 10 * m * n * n + 12 * m * n,
  Euc: (m, n) => 8 * m * n
}
const stepBytes = 9 * 4
const whole = Object.entries(work).map(([name, flops]) => ({ name, flops, layer: layerStep([3, 3, 200, 200], name) }))
const timings = await inTurns(whole.map(({ layer, name }) => ({ name, run: layer.step })), rounds, warmUp)
const steps = timings.map((timing, i) => ({
  timing,
  gflops: count * whole[i]!.flops(3, 3) / timing.median / 1e6,
  gigabytes: count * 9 * stepBytes / timing.median / 1e6
}))
for (const { layer } of whole) layer.dispose()
say(`\nFG-SGD's step on ${count.toLocaleString("en")} kernels of 3×3`)
say(table(
  ["manifold", "ms", "GB/s (share of the ceiling)", "GFLOPS (share)"],
  steps.map(({ gflops, gigabytes, timing }) => [
    timing.name,
    spread(timing),
    `${gigabytes.toFixed(1)} (${share(gigabytes, ceiling.gigabytes)})`,
    `${gflops.toFixed(1)} (${share(gflops, ceiling.gflops)})`
  ])
))

const { network, optimizer } = await resNet()
const state = Optimizer.init(optimizer, network.variables)
const plain = tf.train.momentum(0.01, 0.9)
const loss = lossOn(network, noise(batch))
const { grads } = Gradients.ofVariables(loss, network.variables)
const gradients = network.variables.map(({ name }) => grads[name]!)
const named = network.variables.map(({ name }, i) => ({ name, tensor: gradients[i]! }))
plain.applyGradients(named)
const parts = await freed([
  { name: "gradient", run: () => void Gradients.ofVariables(loss, network.variables) },
  { name: "FG-SGD, PIO Sp+Ob+St+Euc", run: () => void Optimizer.update(optimizer, state, gradients) },
  { name: "TensorFlow.js' SGD with momentum", run: () => plain.applyGradients(named) }
], warmUp)
const [gradient, fine] = parts
const ofFgSgd = fine!.median / (gradient!.median + fine!.median)
say(`\nResNet-20, 28×28, batch ${batch}, ms`)
say(table(["part", "ms"], parts.map((timing) => [timing.name, spread(timing)])))
say(
  `FG-SGD's share of a step: ${(100 * ofFgSgd).toFixed(1)} %; resident memory ${
    (process.memoryUsage().rss / 1e6).toFixed(0)
  } MB`
)
NestedTensors.dispose(gradients)
if (out !== undefined) {
  writeFileSync(
    out,
    JSON.stringify(
      { machine, ceiling, batch, rounds, convolutions, operations, steps, parts, share: ofFgSgd },
      undefined,
      2
    )
  )
}
