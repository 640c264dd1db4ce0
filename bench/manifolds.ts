import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { Backend, Grouping } from "finegrain"
import { layerStep } from "./layerStep.ts"
import { inTurns } from "./timing.ts"

/**
 * One FG-SGD step on one 3×3 layer: four manifolds mixed against each alone, and against grouping; side by side, in turns,
 * medians, as ratios to the same layer all on Stiefel.
 */
const channels = Number(process.argv[2] ?? 64)
const rounds = Number(process.argv[3] ?? 15)

const specifications = ["St", "Sp+Ob+St+Euc", "Sp", "Ob", "Euc"]
const strategies = [Grouping.PIO(), Grouping.PI(), Grouping.PO()]

await Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasm))
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
const timings = await inTurns(subjects.map(({ name, step }) => ({ name, run: step })), rounds)
const baseline = timings[0]!.median
process.stdout.write(`${channels}×${channels} kernels of 3×3, ${rounds} rounds, Node ${process.versions.node}, wasm\n`)
process.stdout.write("collection          tensor operations   median ms   ratio to PIO St\n")
for (const [i, { name, operations }] of subjects.entries()) {
  const ms = timings[i]!.median
  process.stdout.write(
    `${name.padEnd(18)} ${String(operations).padStart(18)} ${ms.toFixed(2).padStart(11)} ${
      (ms / baseline).toFixed(2).padStart(17)
    }\n`
  )
}
