import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import {
  Backend,
  FgSgd,
  type Manifold,
  Models,
  Network,
  Oblique,
  Points,
  Seed,
  Sphere,
  StepSize,
  Stiefel,
  Tensors
} from "finegrain"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { writeFileSync } from "node:fs"
import { availableParallelism, cpus } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { table } from "../src/cli/Table.ts"

/**
 * Whole training steps and manifold steps against PyTorch, in turns, on as many threads. Usage:
 * npm run bench:rivals -- [THREADS [BATCH [ROUNDS [OUT.json]]]]; PYTHON names an interpreter that has torch (Debian: python3-torch).
 */
const threads = Number(process.argv[2] ?? availableParallelism())
const batch = Number(process.argv[3] ?? 128)
const rounds = Number(process.argv[4] ?? 9)
const out = process.argv[5]
const count = 40_000

const python = spawn(
  process.env["PYTHON"] ?? "/usr/bin/python3",
  [join(import.meta.dirname, "rivals", "torch_steps.py"), ...[threads, batch, count].map(String)],
  { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, OMP_NUM_THREADS: String(threads) } }
)
const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]()
const answer = async (): Promise<string> => {
  const { done, value } = await lines.next()
  if (done === true) throw new Error("PyTorch did not start: install python3-torch, or name an interpreter in PYTHON")
  return value
}
const version = await answer()
const inPyTorch = async (subject: string): Promise<number> => {
  python.stdin.write(`${subject}\n`)
  return Number(await answer())
}

const { device } = await Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasmWith({ threads })))

const networkStep = async () => {
  const model = Models.cifarResNet({ height: 28, width: 28, channels: 1, classes: 10, seed: 1 })
  const network = await Effect.runPromise(Network.make(model, { specification: "Sp+Ob+St+Euc", seed: 1 }))
  const optimizer = FgSgd.make(network.problem, { schedule: StepSize.constant(0.01), momentum: 0.9 })
  let state = FgSgd.init(optimizer, network.variables)
  const x = Seed.normalTensor(1, [batch, 28, 28, 1])
  const y = tf.oneHot(tf.tensor1d(Array.from({ length: batch }, (_, i) => i % 10), "int32"), 10)
  const loss = () => tf.losses.softmaxCrossEntropy(y, model.apply(x, { training: true }) as tf.Tensor) as tf.Scalar
  return () => {
    const { grads, value } = tf.variableGrads(loss, [...network.variables])
    const gradients = network.variables.map(({ name }) => grads[name]!)
    const updated = FgSgd.update(optimizer, state, gradients)
    for (const [i, variable] of network.variables.entries()) variable.assign(updated.weights[i]! as tf.Tensor)
    Points.dispose([gradients, updated.weights, updated.norms, updated.denominators, state.x, state.momentum])
    value.dispose()
    state = updated.state
  }
}

const manifoldStep = (M: Manifold.Manifold) => {
  let state: readonly [x: tf.Tensor, momentum: tf.Tensor] = [M.random(1, [count]), tf.zeros([count, 3, 3])]
  const g = Seed.normalTensor(2, [count, 3, 3])
  return () => {
    const [point, momentum] = state
    const next = Tensors.region((): readonly [tf.Tensor, tf.Tensor] => {
      const m = tf.add(tf.mul(momentum, 0.9), M.project(point, g))
      const x = M.retract(point, tf.mul(m, -0.01))
      return [x, M.project(x, m)]
    })
    tf.dispose([point, momentum])
    state = next
  }
}

const step = await networkStep()
const pairs = [
  { name: "ResNet-20 step, FG-SGD against SGD", rival: "ResNet-20", own: step },
  { name: "the same, rival channels last", rival: "ResNet-20, channels last", own: step },
  ...([["sphere", Sphere], ["oblique", Oblique], ["Stiefel", Stiefel]] as const).map(([rival, family]) => ({
    name: `${rival}, ${count.toLocaleString("en")} kernels 3×3`,
    rival,
    own: manifoldStep(family.make([3, 3]))
  }))
]

const times = pairs.map(() => ({ own: [] as Array<number>, rival: [] as Array<number> }))
for (let round = -2; round < rounds; round++) {
  for (const [i, { own, rival }] of pairs.entries()) {
    const start = performance.now()
    own()
    const ownTime = performance.now() - start
    const rivalTime = await inPyTorch(rival)
    if (round < 0) continue
    times[i]!.own.push(ownTime)
    times[i]!.rival.push(rivalTime)
  }
}
python.stdin.end()
await once(python, "exit")

const quantiles = (values: ReadonlyArray<number>) => {
  const sorted = values.toSorted((a, b) => a - b)
  return [0.25, 0.5, 0.75].map((q) => sorted[Math.floor(q * (sorted.length - 1))]!) as [number, number, number]
}
const results = pairs.map(({ name }, i) => ({
  name,
  own: quantiles(times[i]!.own),
  rival: quantiles(times[i]!.rival)
}))
const cell = ([low, median, high]: readonly [number, number, number]) =>
  `${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`
const machine = {
  cpu: cpus()[0]?.model ?? "unknown",
  cores: availableParallelism(),
  node: process.versions.node,
  device,
  torch: version,
  date: new Date().toISOString().slice(0, 10)
}
process.stdout.write(
  `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${device}; PyTorch ${version}, ${threads} threads; batch ${batch}; ` +
    `ms, medians of ${rounds} rounds (quartiles)\n\n` +
    table(
      ["work", "finegrain", "PyTorch", "PyTorch ÷ finegrain"],
      results.map(({ name, own, rival }) => [name, cell(own), cell(rival), (rival[1] / own[1]).toFixed(2)])
    ) + "\n"
)
if (out !== undefined) writeFileSync(out, JSON.stringify({ machine, threads, batch, rounds, results }, undefined, 2))
