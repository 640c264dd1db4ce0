import * as Effect from "effect/Effect"
import { Backend } from "finegrain"
import { writeFileSync } from "node:fs"
import { availableParallelism, cpus } from "node:os"
import { table } from "../src/cli/Table.ts"
import { layerStep } from "./layerStep.ts"
import { networkStep } from "./networkStep.ts"
import { inTurns, spread } from "./timing.ts"

/**
 * FG-SGD steps of one layer by the number of kernels, their size and the manifolds mixed in it, all manifolds in turns; and whole training
 * steps of ResNet-20 by batch and threads. Usage:
 * npm run bench:scaling -- [THREADS [ROUNDS [OUT.json]]]
 */
const threads = Number(process.argv[2] ?? availableParallelism())
const rounds = Number(process.argv[3] ?? 9)
const out = process.argv[4]

const { device } = await Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasmWith({ threads })))
const collections = ["Sp", "Ob", "St", "Euc", "Sp+Ob+St+Euc"]
/** Sides with channels to and fro: ten times as many kernels the second time; the larger ones are fewer, because the heap ends at 2 GiB. */
const sizes = [
  { side: 3, few: [200, 200], many: [500, 800] },
  { side: 5, few: [100, 200], many: [400, 500] }
] as const

/** All collections in turns, on kernels of one size; freed afterwards, since twenty layers at once do not fit into the heap. */
const timed = async (
  side: number,
  [inputs, outputs]: readonly [number, number]
): Promise<ReadonlyArray<number>> => {
  const layers = collections.map((collection) => layerStep([side, side, inputs, outputs], collection))
  const timings = await inTurns(layers.map(({ step }, i) => ({ name: collections[i]!, run: step })), rounds)
  for (const { dispose } of layers) dispose()
  return timings.map(({ median }) => median)
}

/** Whole training steps of ResNet-20 by batch, with one thread and with all; one network at a time. */
const networkSteps = async (batch: number) => {
  const { dispose, step } = await networkStep(batch)
  const withThreads = async (number: number) => {
    await Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasmWith({ threads: number })))
    const [timing] = await inTurns([{ name: `batch ${batch}`, run: step }], rounds)
    return timing!
  }
  const [one, all] = [await withThreads(1), await withThreads(threads)]
  dispose()
  return { batch, one, all }
}

const kernelRows = async ({ side, ...channels }: (typeof sizes)[number]) => {
  const [few, many] = [await timed(side, channels.few), await timed(side, channels.many)]
  const kernels = channels.few[0] * channels.few[1]
  const dearest = Math.max(...many.filter((_, i) => !collections[i]!.includes("+")))
  return collections.map((collection, i) => ({
    collection,
    side,
    kernels,
    small: few[i]!,
    large: many[i]!,
    tenfold: many[i]! / few[i]!,
    toDearest: many[i]! / dearest
  }))
}
const rows = [...await kernelRows(sizes[0]), ...await kernelRows(sizes[1])]
const batches: Array<Awaited<ReturnType<typeof networkSteps>>> = []
for (const batch of [16, 32, 64, 128, 256]) batches.push(await networkSteps(batch))
process.stdout.write(
  `${cpus()[0]?.model ?? "unknown"}, Node ${process.versions.node}, ${device}; ms, medians of ${rounds} rounds\n\n${
    table(
      ["collection", "kernels", "ms", "ten times as many, ms", "ratio", "to the dearest alone"],
      rows.map(({ collection, kernels, large, side, small, tenfold, toDearest }) => [
        collection,
        `${kernels.toLocaleString("en")} of ${side}×${side}`,
        small.toFixed(2),
        large.toFixed(2),
        tenfold.toFixed(1),
        toDearest.toFixed(2)
      ])
    )
  }\n${
    table(
      ["ResNet-20, batch", "one thread, ms", `${threads} threads, ms`, "one to all", "ms an image, all"],
      batches.map(({ all, batch, one }) => [
        String(batch),
        spread(one),
        spread(all),
        (one.median / all.median).toFixed(2),
        (all.median / batch).toFixed(2)
      ])
    )
  }\n`
)
if (out !== undefined) writeFileSync(out, JSON.stringify({ device, threads, rounds, rows, batches }, undefined, 2))
