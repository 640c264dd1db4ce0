import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { table } from "../cli/Table.ts"
import type { Asked, Taken } from "./againstWorker.ts"
import { quantiles } from "./timing.ts"

/**
 * One FG-SGD step on one 3×3 layer of the wasm engine, of this code against that of another checkout: processes of both
 * take bursts of steps in turns, so that what else the machine does meets both alike; every round starts new processes,
 * since places on the heap alone make up for some percent between two of them.
 * Usage: npm run bench:against -- CHECKOUT [ROUNDS [CHANNELS]], best with FINEGRAIN_THREADS=1.
 */
const [other, rounds = "5", channels = "200"] = process.argv.slice(2)
if (other === undefined) throw new Error("name the checkout to compare with, which has its node_modules")
const collections = ["Euc", "Sp", "Ob", "St", "Sp+Ob+St+Euc"]
const [bursts, steps] = [25, 20]

const start = async (checkout: string): Promise<ChildProcess> => {
  const worker = fork(join(import.meta.dirname, "againstWorker.ts"), [checkout], {
    cwd: checkout,
    execArgv: ["--conditions=finegrain:source"]
  })
  await once(worker, "message")
  return worker
}

const ask = async (worker: ChildProcess, asked: Asked): Promise<Taken> => {
  worker.send(asked)
  const [taken] = await once(worker, "message") as [Taken]
  return taken
}

const lower = (values: ReadonlyArray<number>) => quantiles(values)[0]
const median = (values: ReadonlyArray<number>) => quantiles(values)[1]

/** Of bursts in turns: the lower quartile of both, and the median ratio of neighbours. */
const compared = async (workers: ReadonlyArray<ChildProcess>, asked: Asked) => {
  const [before, after] = workers as [ChildProcess, ChildProcess]
  const pairs: Array<readonly [Taken, Taken]> = []
  for (let burst = -1; burst < bursts; burst++) {
    const pair = [await ask(before, asked), await ask(after, asked)] as const
    if (burst >= 0) pairs.push(pair)
  }
  return {
    before: lower(pairs.map(([a]) => a.shortest)),
    after: lower(pairs.map(([, b]) => b.shortest)),
    shortest: median(pairs.map(([a, b]) => b.shortest / a.shortest)),
    medians: median(pairs.map(([a, b]) => b.median / a.median))
  }
}

const found = new Map(collections.map((collection) => [collection, [] as Array<Awaited<ReturnType<typeof compared>>>]))
for (let round = 0; round < Number(rounds); round++) {
  const workers = [await start(other), await start(join(import.meta.dirname, ".."))]
  for (const collection of collections) {
    found.get(collection)!.push(await compared(workers, { collection, side: Number(channels), steps }))
  }
  for (const worker of workers) worker.kill()
}
const rows = [...found].map(([collection, results]) => [
  collection,
  Math.min(...results.map(({ before }) => before)).toFixed(3),
  Math.min(...results.map(({ after }) => after)).toFixed(3),
  median(results.map(({ shortest }) => shortest)).toFixed(3),
  median(results.map(({ medians }) => medians)).toFixed(3)
])
process.stdout.write(
  `${channels}×${channels} kernels of 3×3, ${rounds} rounds, Node ${process.versions.node}\n\n${
    table(["collection", "ms there", "ms here", "ratio of shortest", "ratio of medians"], rows)
  }\n`
)
