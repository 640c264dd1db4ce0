import * as Effect from "effect/Effect"
import { Backend } from "finegrain"
import { writeFileSync } from "node:fs"
import { availableParallelism, cpus } from "node:os"
import { table } from "../src/cli/Table.ts"
import { layerStep } from "./layerStep.ts"

/**
 * FG-SGD steps of one layer by the number of kernels, their size and the manifolds mixed in it; all manifolds in turns. Usage:
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

const median = (values: ReadonlyArray<number>) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!

/** All collections in turns, on kernels of one size; freed afterwards, since twenty layers at once do not fit into the heap. */
const timed = (side: number, [inputs, outputs]: readonly [number, number]): ReadonlyArray<number> => {
  const layers = collections.map((collection) => layerStep([side, side, inputs, outputs], collection))
  const times = collections.map((): Array<number> => [])
  for (let round = -1; round < rounds; round++) {
    for (const [i, { step }] of layers.entries()) {
      const start = performance.now()
      step()
      if (round >= 0) times[i]!.push(performance.now() - start)
    }
  }
  for (const { dispose } of layers) dispose()
  return times.map(median)
}

const rows = sizes.flatMap(({ side, ...channels }) => {
  const [few, many] = [timed(side, channels.few), timed(side, channels.many)]
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
})
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
  }\n`
)
if (out !== undefined) writeFileSync(out, JSON.stringify({ device, threads, rounds, rows }, undefined, 2))
