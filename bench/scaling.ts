import * as Effect from "effect/Effect"
import { Backend } from "finegrain"
import { writeFileSync } from "node:fs"
import { availableParallelism, cpus } from "node:os"
import { table } from "../src/cli/Table.ts"
import { layerStep } from "./layerStep.ts"

/**
 * FG-SGD steps of one layer by the number of kernels, their size and the manifolds mixed in it; all subjects in turns. Usage:
 * npm run bench:scaling -- [THREADS [ROUNDS [OUT.json]]]
 */
const threads = Number(process.argv[2] ?? availableParallelism())
const rounds = Number(process.argv[3] ?? 9)
const out = process.argv[4]

const { device } = await Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasmWith({ threads })))
const collections = ["Sp", "Ob", "St", "Euc", "Sp+Ob+St+Euc"]
const sides = [3, 5]
// Channels to and fro: 40,000 and 400,000 kernels.
const channels = [[200, 200], [500, 800]] as const

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

const rows = sides.flatMap((side) => {
  const [few, many] = channels.map((sizes) => timed(side, sizes)) as [ReadonlyArray<number>, ReadonlyArray<number>]
  const dearest = Math.max(...many.filter((_, i) => !collections[i]!.includes("+")))
  return collections.map((collection, i) => ({
    collection,
    side,
    small: few[i]!,
    large: many[i]!,
    tenfold: many[i]! / few[i]!,
    toDearest: many[i]! / dearest
  }))
})
process.stdout.write(
  `${cpus()[0]?.model ?? "unknown"}, Node ${process.versions.node}, ${device}; ms, medians of ${rounds} rounds\n\n${
    table(
      ["collection", "kernels", "40,000", "400,000", "ratio", "to the dearest alone"],
      rows.map(({ collection, large, side, small, tenfold, toDearest }) => [
        collection,
        `${side}×${side}`,
        small.toFixed(2),
        large.toFixed(2),
        tenfold.toFixed(1),
        toDearest.toFixed(2)
      ])
    )
  }\n`
)
if (out !== undefined) writeFileSync(out, JSON.stringify({ device, threads, rounds, rows }, undefined, 2))
