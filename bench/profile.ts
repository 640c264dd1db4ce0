import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { Backend } from "finegrain"
import { writeFileSync } from "node:fs"
import { table } from "../cli/Table.ts"
import { networkStep } from "./networkStep.ts"

/**
 * Where the time of a training step of ResNet-20 goes, kernel by kernel. Usage: npm run bench:profile -- [BACKEND
 * [BATCH [STEPS [OUT.json]]]], where onednn is the wasm backend with that accelerator.
 */
const [name = "wasm", batch = "128", steps = "20", out] = process.argv.slice(2)
const count = Number(steps)

const { device, engine } = await Effect.runPromise(
  Effect.provide(
    Backend.Backend,
    name === "onednn" ? Backend.wasmWith({ accelerator: "onednn" }) : Backend.layer(name as Backend.EngineName)
  )
)
const spent = new Map<string, { calls: number; ms: number }>()
// A kernel that runs others counts their time as its own only.
let depth = 0
for (const kernel of tf.getKernelsForBackend(engine)) {
  tf.unregisterKernel(kernel.kernelName, engine)
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
const { step } = await networkStep(Number(batch))
for (let i = 0; i < 5; i++) step()
spent.clear()
const start = performance.now()
for (let i = 0; i < count; i++) step()
const whole = (performance.now() - start) / count
const rows = [...spent].map(([name, { calls, ms }]) => ({ name, calls: calls / count, ms: ms / count }))
  .toSorted((a, b) => b.ms - a.ms)
if (out !== undefined) {
  writeFileSync(out, `${JSON.stringify({ device, batch: Number(batch), whole, rows }, undefined, 1)}\n`)
}
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
