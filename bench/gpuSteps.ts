import { writeFileSync } from "node:fs"
import { setTimeout } from "node:timers/promises"
import { table } from "../cli/Table.ts"
import type { Subject } from "./networkStep.ts"
import { startSide } from "./rivals/side.ts"
import { quantiles } from "./timing.ts"

/**
 * Steps of networks on an engine of a GPU beside PyTorch on the same card, where its interpreter has CUDA, in turns.
 * Usage: gpuSteps.ts BACKEND PYTORCH-DEVICE ROUNDS OUT.json BATCH SIDE MODEL…
 */
const [engine = "webgpu", card = "cuda", rounds = "15", out = "", batch = "128", side = "32", ...models] = process.argv
  .slice(2)
const own = await startSide(engine, "own", engine, 1)
if (typeof own === "string") throw new Error(own)
const rival = await startSide("PyTorch", "torch", card, 4)
const missing = typeof rival === "string" ? rival : undefined
const rows: Array<{ readonly name: string; readonly way: string; readonly ms: readonly [number, number, number] }> = []
for (const model of models as ReadonlyArray<Subject["model"]>) {
  const work = { kind: "network", model, side: Number(side), channels: 3, batch: Number(batch) } as const
  const ways = [
    { name: engine, side: own, work },
    ...(typeof rival === "string" ? [] : (["default", "channels last"] as const).map((layout) => ({
      name: `PyTorch on ${rival.about["card"] ?? card}, ${layout}`,
      side: rival,
      work: { ...work, layout, compiled: false }
    })))
  ]
  const times = ways.map((): Array<number> => [])
  for (let round = -1; round < Number(rounds); round++) {
    for (const [i, { side, work }] of ways.entries()) {
      await setTimeout(20)
      const taken = await side.steps(work, round < 0 ? 2 : 1)
      if (round >= 0) times[i]!.push(...taken)
    }
  }
  for (const [i, { name }] of ways.entries()) rows.push({ name: model, way: name, ms: quantiles(times[i]!) })
  for (const { side } of ways) await side.forget()
}
process.stdout.write(`${
  table(
    ["network", "side", "ms", "quartiles"],
    rows.map(({ ms: [low, median, high], name, way }) => [
      name,
      way,
      median.toFixed(2),
      `${low.toFixed(2)}–${high.toFixed(2)}`
    ])
  )
}\n${missing === undefined ? "" : `PyTorch is not there: ${missing}\n`}`)
writeFileSync(out, JSON.stringify({ batch: Number(batch), side: Number(side), rows, missing }))
process.exit()
