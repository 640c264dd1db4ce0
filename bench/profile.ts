import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { Backend } from "finegrain"
import { availableParallelism } from "node:os"
import { table } from "../cli/Table.ts"
import { networkStep } from "./networkStep.ts"

/**
 * Where the time of a training step of ResNet-20 goes, kernel by kernel. Usage: npm run bench:profile -- [THREADS
 * [BATCH [STEPS]]]
 */
const threads = Number(process.argv[2] ?? availableParallelism())
const batch = Number(process.argv[3] ?? 128)
const steps = Number(process.argv[4] ?? 20)

const { device } = await Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasmWith({ threads })))
const spent = new Map<string, { calls: number; ms: number }>()
// A kernel that runs others counts their time as its own only.
let depth = 0
for (const kernel of tf.getKernelsForBackend("wasm")) {
  tf.unregisterKernel(kernel.kernelName, "wasm")
  tf.registerKernel({
    ...kernel,
    kernelFunc: (call) => {
      const start = performance.now()
      depth++
      try {
        return kernel.kernelFunc(call)
      } finally {
        depth--
        if (depth === 0) {
          const { calls, ms } = spent.get(kernel.kernelName) ?? { calls: 0, ms: 0 }
          spent.set(kernel.kernelName, { calls: calls + 1, ms: ms + performance.now() - start })
        }
      }
    }
  })
}
const { step } = await networkStep(batch)
for (let i = 0; i < 5; i++) step()
spent.clear()
const start = performance.now()
for (let i = 0; i < steps; i++) step()
const whole = (performance.now() - start) / steps
const rows = [...spent].map(([name, { calls, ms }]) => ({ name, calls: calls / steps, ms: ms / steps }))
  .toSorted((a, b) => b.ms - a.ms)
const rest = whole - rows.reduce((sum, { ms }) => sum + ms, 0)
process.stdout.write(
  `ResNet-20, batch ${batch}, ${device}: ${whole.toFixed(1)} ms a step\n\n${
    table(
      ["kernel", "calls", "ms", "share"],
      [...rows, { name: "JavaScript, tape", calls: 0, ms: rest }].map(({ calls, ms, name }) => [
        name,
        calls === 0 ? "–" : calls.toFixed(0),
        ms.toFixed(2),
        `${(100 * ms / whole).toFixed(1)} %`
      ])
    )
  }\n`
)
