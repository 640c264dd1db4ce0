import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { Backend } from "finegrain"
import { writeFileSync } from "node:fs"
import { networkStep, small, type Subject } from "./networkStep.ts"

/**
 * What a GPU says of the time that the kernels of a training step of ResNet-20, or of another, took, where it counts
 * time; else only how often each ran. Usage: gpuProfile.ts BACKEND BATCH OUT.json [MODEL]
 */
const [name = "webgpu", batch = "128", out, model = small.model] = process.argv.slice(2)
const { device } = await Effect.runPromise(Effect.provide(Backend.Backend, Backend.layer(name as Backend.EngineName)))
const { settled, step } = await networkStep(Number(batch), { ...small, model: model as Subject["model"] })
for (let i = 0; i < 3; i++) {
  step()
  await settled()
}
const { kernels } = await tf.profile(() => {
  step()
  return tf.scalar(0)
})
const spent = new Map<string, { readonly calls: number; readonly ms: number | undefined }>()
for (const { kernelTimeMs, name } of kernels) {
  const { calls, ms } = spent.get(name) ?? { calls: 0, ms: 0 }
  const taken = typeof kernelTimeMs === "number" && kernelTimeMs > 0 ? kernelTimeMs : undefined
  spent.set(name, { calls: calls + 1, ms: taken === undefined || ms === undefined ? undefined : ms + taken })
}
const rows = [...spent].map(([name, { calls, ms }]) => ({ name, calls, ms })).toSorted((a, b) =>
  (b.ms ?? 0) - (a.ms ?? 0) || b.calls - a.calls
)
for (const row of rows.slice(0, 12)) process.stdout.write(`${row.name}: ${row.calls} calls, ${row.ms ?? "?"} ms\n`)
if (out !== undefined) writeFileSync(out, JSON.stringify({ device, model, batch: Number(batch), rows }))
process.exit()
