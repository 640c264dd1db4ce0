import * as Effect from "effect/Effect"
import { Backend } from "finegrain"
import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { writeFileSync } from "node:fs"
import { availableParallelism, cpus } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { setTimeout } from "node:timers/promises"
import { table } from "../cli/Table.ts"
import { layerStep } from "./layerStep.ts"
import { networkStep } from "./networkStep.ts"
import { quantiles } from "./timing.ts"

/**
 * Whole training steps and manifold steps against PyTorch, in turns, on as many threads. Usage: npm run bench:rivals --
 * [THREADS [BATCH [ROUNDS [OUT.json]]]]; PYTHON names an interpreter that has torch (Debian: python3-torch); GEOOPT a
 * checkout of geoopt, if it is to be compared (it needs scipy: Debian's python3-scipy).
 *
 * A turn of a manifold step is six steps, of which the first, that wakes threads and fills caches, does not count;
 * before each turn both sides are idle for a moment, for PyTorch's threads go on spinning for some milliseconds after
 * their work is done.
 */
const threads = Number(process.argv[2] ?? availableParallelism())
const batch = Number(process.argv[3] ?? 128)
const rounds = Number(process.argv[4] ?? 9)
const out = process.argv[5]
const counts = { "200": 40_000, "632": 399_424 }
const pause = 20
const stepsBefore = 100

/** PyTorch in a process of its own, with manifold steps on so many kernels. */
const startPyTorch = async (counts: ReadonlyArray<number>) => {
  const python = spawn(
    process.env["PYTHON"] ?? "/usr/bin/python3",
    [join(import.meta.dirname, "rivals", "torch_steps.py"), ...[threads, batch, ...counts].map(String)],
    { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, OMP_NUM_THREADS: String(threads) } }
  )
  const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]()
  const answer = async (): Promise<string> => {
    const { done, value } = await lines.next()
    if (done === true) throw new Error("PyTorch did not start: install python3-torch, or name an interpreter in PYTHON")
    return value
  }
  return {
    version: await answer(),
    run: async (subject: string, times: number): Promise<ReadonlyArray<number>> => {
      python.stdin.write(`${subject} ${times}\n`)
      return (await answer()).split(" ").map(Number)
    },
    stop: async () => {
      python.stdin.end()
      await once(python, "exit")
    }
  }
}

const here = (step: () => void, times: number): ReadonlyArray<number> =>
  Array.from({ length: times }, () => {
    const start = performance.now()
    step()
    return performance.now() - start
  })

/** The most MiB that ten steps of ResNet-20 take, each side in a process that does nothing else. */
const peakMemory = async (subject: string) => {
  const own = execFileSync(
    process.execPath,
    ["--conditions=finegrain:source", join(import.meta.dirname, "peakMemory.ts"), String(threads), String(batch)],
    { encoding: "utf8" }
  )
  const { run, stop } = await startPyTorch([])
  await run(subject, 10)
  const [rival] = await run("memory", 1)
  await stop()
  return { own: Number(own), rival: rival! }
}
const memory = await peakMemory("ResNet-20")
const { run: inPyTorch, stop, version } = await startPyTorch(Object.values(counts))

const { device } = await Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasmWith({ threads })))

const { step } = await networkStep(batch)
const manifolds = Object.entries(counts).flatMap(([side, count]) =>
  ([["sphere", "Sp"], ["oblique", "Ob"], ["Stiefel", "St"]] as const).flatMap(([name, symbol]) => {
    const own = layerStep([3, 3, Number(side), Number(side)], symbol).step
    const rivals = [name, `${name}, planes`, ...(process.env["GEOOPT"] === undefined ? [] : [`${name}, geoopt`])]
    return rivals.map((rival) => ({
      name: `${rival}, ${count.toLocaleString("en")} kernels 3×3`,
      rival: `${rival} ${count}`,
      own,
      turn: 6
    }))
  })
)
const pairs = [
  { name: "ResNet-20 step, FG-SGD against SGD", rival: "ResNet-20", own: step, turn: 1 },
  { name: "the same, rival channels last", rival: "ResNet-20, channels last", own: step, turn: 1 },
  ...manifolds
]

// Until compilers and allocators have settled.
for (const { own, rival } of pairs) {
  const times = own === step ? 5 : stepsBefore
  here(own, times)
  await inPyTorch(rival, own === step ? 5 : stepsBefore / 10)
}
const times = pairs.map(() => ({ own: [] as Array<number>, rival: [] as Array<number> }))
for (let round = 0; round < rounds; round++) {
  for (const [i, { own, rival, turn }] of pairs.entries()) {
    await setTimeout(pause)
    times[i]!.own.push(...here(own, turn).slice(turn > 1 ? 1 : 0))
    await setTimeout(pause)
    times[i]!.rival.push(...(await inPyTorch(rival, turn)).slice(turn > 1 ? 1 : 0))
  }
}
await stop()

const results = pairs.map(({ name }, i) => ({
  name,
  own: quantiles(times[i]!.own),
  rival: quantiles(times[i]!.rival)
}))
const cell = ([low, median, high]: readonly [number, number, number]) =>
  `${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`
const machine = {
  cpu: cpus()[0]?.model ?? "unknown",
  cores: availableParallelism(),
  node: process.versions.node,
  device,
  torch: version,
  date: new Date().toISOString().slice(0, 10)
}
process.stdout.write(
  `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${device}; ` +
    `PyTorch ${version}, ${threads} threads; batch ${batch}; ms, medians of ${rounds} rounds (quartiles)\n\n` +
    table(
      ["work", "finegrain", "PyTorch", "PyTorch ÷ finegrain"],
      results.map(({ name, own, rival }) => [name, cell(own), cell(rival), (rival[1] / own[1]).toFixed(2)])
    ) +
    `\nresident memory of ten ResNet-20 steps, at most: ${memory.own.toFixed(0)} MiB here, ${
      memory.rival.toFixed(0)
    } MiB in PyTorch\n`
)
if (out !== undefined) {
  writeFileSync(out, JSON.stringify({ machine, threads, batch, rounds, results, memory }, undefined, 2))
}
