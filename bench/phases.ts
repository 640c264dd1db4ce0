import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { Backend } from "finegrain"
import { writeFileSync } from "node:fs"
import { loadavg } from "node:os"
import { table } from "../cli/Table.ts"
import { kernels as sweeps } from "../src/engine/Step.ts"
import { layerStep } from "./layerStep.ts"
import { quantiles } from "./timing.ts"

/**
 * Where the time of FG-SGD's step on one layer goes: nanoseconds a kernel in each of the two sweeps, what is outside of
 * them, and the bytes that must be moved. Lower quartiles. Usage: npm run bench:phases -- [THREADS [OUT.json]]
 */
const [threads = "1", out] = process.argv.slice(2)

/** The first sweep reads points, momenta and gradients and writes directions; the second reads two, writes three. */
const vectors = 9

/** The phases of the step on one layer. */
export interface Phases {
  readonly collection: string
  readonly side: number
  readonly kernels: number
  readonly ms: number
  /** Nanoseconds a kernel. */
  readonly direction: number
  readonly move: number
  /** Microseconds a step. */
  readonly outside: number
  /** Billions of bytes a second. */
  readonly gigabytes: number
}

const { engine } = await Effect.runPromise(
  Effect.provide(Backend.Backend, Backend.wasmWith({ threads: Number(threads) }))
)
const load = loadavg()[0]!
const spent = new Map<string, Array<number>>(Object.values(sweeps).map((name) => [name, []]))
for (const kernel of tf.getKernelsForBackend(engine)) {
  const times = spent.get(kernel.kernelName)
  if (times === undefined) continue
  tf.unregisterKernel(kernel.kernelName, engine)
  tf.registerKernel({
    ...kernel,
    kernelFunc: (call) => {
      const start = performance.now()
      const found = kernel.kernelFunc(call)
      times.push(performance.now() - start)
      return found
    }
  })
}
const lower = (times: ReadonlyArray<number>) => quantiles(times)[0]
const layers = [[3, 200, 200, 300], [3, 400, 500, 60], [5, 100, 200, 200]] as const
const rows = layers.flatMap(([side, inputs, outputs, steps]) =>
  ["Euc", "Sp", "Ob", "St"].map((collection): Phases => {
    const { dispose, step } = layerStep([side, side, inputs, outputs], collection)
    for (let i = 0; i < steps / 3; i++) step()
    for (const times of spent.values()) times.length = 0
    const whole = Array.from({ length: steps }, () => {
      const start = performance.now()
      step()
      return performance.now() - start
    })
    dispose()
    const kernels = inputs * outputs
    const [direction, move] = Object.values(sweeps).map((name) => lower(spent.get(name)!)) as [number, number]
    const ms = lower(whole)
    return {
      collection,
      side,
      kernels,
      ms,
      direction: 1e6 * direction / kernels,
      move: 1e6 * move / kernels,
      outside: 1000 * (ms - direction - move),
      gigabytes: vectors * 4 * side ** 2 * kernels / (direction + move) / 1e6
    }
  })
)
process.stdout.write(
  `${threads} thread(s), Node ${process.versions.node}, load ${load.toFixed(1)}\n\n${
    table(
      ["layer", "ms", "first sweep, ns a kernel", "second", "outside, µs", "GB/s in the sweeps"],
      rows.map(({ collection, direction, gigabytes, kernels, move, ms, outside, side }) => [
        `${kernels} of ${side}×${side}, ${collection}`,
        ms.toFixed(2),
        direction.toFixed(1),
        move.toFixed(1),
        outside.toFixed(0),
        gigabytes.toFixed(1)
      ])
    )
  }\n`
)
if (out !== undefined) writeFileSync(out, `${JSON.stringify({ threads: Number(threads), load, rows }, undefined, 1)}\n`)
