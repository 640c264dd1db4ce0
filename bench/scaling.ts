import * as Effect from "effect/Effect"
import { Backend } from "finegrain"
import { writeFileSync } from "node:fs"
import { availableParallelism, cpus } from "node:os"
import { table } from "../cli/Table.ts"
import { layerStep } from "./layerStep.ts"
import { networkStep } from "./networkStep.ts"
import { scalingTables } from "./scalingTables.ts"
import { inTurns } from "./timing.ts"

/**
 * FG-SGD steps of one layer by the number of kernels, their size and the manifolds mixed in it, all manifolds in turns;
 * and whole training steps of ResNet-20 by batch and threads. Usage: npm run bench:scaling -- [THREADS [ROUNDS
 * [OUT.json]]]
 */
const threads = Number(process.argv[2] ?? availableParallelism())
const rounds = Number(process.argv[3] ?? 9)
const out = process.argv[4]
const warmUp = 30
/** 1, 2, 4, … up to all. */
const threadCounts = [...new Set([1, 2, 4, 8, 16, threads])].filter((number) => number <= threads).toSorted((a, b) =>
  a - b
)

const { device } = await Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasmWith({ threads })))
const collections = ["Sp", "Ob", "St", "Euc", "Sp+Ob+St+Euc"]
/**
 * Sides with channels to and fro: ten times as many kernels the second time; the larger ones are fewer, because the
 * heap ends at 2 GiB.
 */
const sizes = [
  { side: 3, few: [200, 200], many: [500, 800] },
  { side: 5, few: [100, 200], many: [400, 500] }
] as const

/**
 * All collections, few kernels and many, in turns on kernels of one size; freed afterwards, for both sizes at once do
 * not fit into the heap.
 */
const kernelRows = async ({ few, many, side }: (typeof sizes)[number]) => {
  const subjects = collections.flatMap((collection) =>
    [few, many].map(([inputs, outputs]) => ({
      name: collection,
      layer: layerStep([side, side, inputs, outputs], collection)
    }))
  )
  const timings = await inTurns(subjects.map(({ layer, name }) => ({ name, run: layer.step })), rounds, warmUp)
  for (const { layer } of subjects) layer.dispose()
  const pairs = collections.map((collection, i) => ({ collection, small: timings[2 * i]!, large: timings[2 * i + 1]! }))
  const dearest = Math.max(
    ...pairs.filter(({ collection }) => !collection.includes("+")).map(({ large }) => large.median)
  )
  return pairs.map(({ collection, large, small }) => ({
    collection,
    small,
    large,
    side,
    kernels: few[0] * few[1],
    tenfold: large.median / small.median,
    toDearest: large.median / dearest
  }))
}

/** Whole training steps of ResNet-20 by batch, with one thread and with more, in turns; one network at a time. */
const networkSteps = async (batch: number) => {
  const { dispose, step } = await networkStep(batch)
  const timings = await inTurns(
    threadCounts.map((number) => ({
      name: String(number),
      run: step,
      before: async () => {
        await Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasmWith({ threads: number })))
      }
    })),
    rounds,
    2
  )
  dispose()
  return { batch, timings }
}

const rows = [...await kernelRows(sizes[0]), ...await kernelRows(sizes[1])]
const batches: Array<Awaited<ReturnType<typeof networkSteps>>> = []
for (const batch of [16, 32, 64, 128, 256]) batches.push(await networkSteps(batch))
process.stdout.write(
  `${cpus()[0]?.model ?? "unknown"}, Node ${process.versions.node}, ${device}; ms, medians of ${rounds} rounds\n\n${
    scalingTables({ rows, batches }).map(([header, rows]) => table(header, rows)).join("\n")
  }\n`
)
if (out !== undefined) writeFileSync(out, JSON.stringify({ device, threads, rounds, rows, batches }, undefined, 2))
