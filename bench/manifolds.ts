import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { Backend, Grouping } from "finegrain"
import { writeFileSync } from "node:fs"
import { table } from "../cli/Table.ts"
import { layerStep } from "./layerStep.ts"
import { inTurns, spread } from "./timing.ts"

/**
 * One FG-SGD step on one 3×3 layer: four manifolds mixed against each alone, and against grouping; side by side, in
 * turns, medians, as ratios to the same layer all on Stiefel. Usage: npm run bench -- [CHANNELS [ROUNDS [OUT.json]]]
 */
const channels = Number(process.argv[2] ?? 200)
const rounds = Number(process.argv[3] ?? 15)
const out = process.argv[4]
const warmUp = 30

const specifications = ["St", "Sp+Ob+St+Euc", "Sp", "Ob", "Euc"]
const strategies = [Grouping.PIO(), Grouping.PI(), Grouping.PO()]

const { device } = await Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasm))
const subjects = strategies.flatMap((strategy) =>
  specifications.map((text) => ({
    name: `${strategy.name} ${text}`,
    step: layerStep([3, 3, channels, channels], text, strategy).step,
    operations: 0
  }))
)
for (const subject of subjects) {
  const { kernels } = await tf.profile(() => {
    subject.step()
    return tf.scalar(0)
  })
  subject.operations = kernels.length
}
const timings = await inTurns(subjects.map(({ name, step }) => ({ name, run: step })), rounds, warmUp)
const baseline = timings[0]!.median
const rows = timings.map((timing, i) => ({
  timing,
  operations: subjects[i]!.operations,
  ratio: timing.median / baseline
}))
process.stdout.write(
  `${channels}×${channels} kernels of 3×3, ${rounds} rounds, Node ${process.versions.node}, ${device}\n\n${
    table(
      ["collection", "tensor operations", "ms", "ratio to PIO St"],
      rows.map(({ operations, ratio, timing }) => [timing.name, String(operations), spread(timing), ratio.toFixed(2)])
    )
  }\n`
)
if (out !== undefined) writeFileSync(out, JSON.stringify({ device, channels, rounds, rows }, undefined, 2))
