/**
 * Steps of networks and layers here and in PyTorch, geoopt and JAX, in turns, on as many threads, warmed up; what
 * bench/rivals/install.sh installs, or what of it is there. Usage: npm run bench:rivals -- [--quick] [--out FILE]
 *
 * A row takes as many rounds as fit into its time, three at least. Before each turn all sides are idle for a moment,
 * for threads go on spinning for some milliseconds after their work is done; of a turn's steps on a layer the first,
 * that wakes threads and fills caches, does not count.
 */
import { writeFileSync } from "node:fs"
import { availableParallelism, cpus } from "node:os"
import { setTimeout } from "node:timers/promises"
import { parseArgs } from "node:util"
import { table } from "../cli/Table.ts"
import { type Side, startSide, type Work } from "./rivals/side.ts"
import { quantiles } from "./timing.ts"

const { values: { out, quick, threads: asked } } = parseArgs({
  options: { quick: { type: "boolean", default: false }, out: { type: "string" }, threads: { type: "string" } }
})
const threads = Number(asked ?? availableParallelism())
const seconds = quick ? { network: 7, layer: 2 } : { network: 60, layer: 15 }
const [fewest, most] = [3, 25]
const pause = 20

/** One side's steps of a row. */
interface Way {
  readonly side: string
  readonly name: string
  readonly work: Work
  /** Steps before the first that counts. */
  readonly before: number
}

/** First quartile, median and third quartile, in milliseconds, of every way, and how many rounds these are of. */
export interface Row {
  readonly name: string
  readonly rounds: number
  readonly ways: Readonly<Record<string, readonly [number, number, number]>>
}

/** The numbers of a run. */
export interface Found {
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string; readonly date: string }
  readonly quick: boolean
  readonly threads: number
  readonly about: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Why a side is not there. */
  readonly missing: Readonly<Record<string, string>>
  readonly networks: ReadonlyArray<Row>
  readonly optimizer: Row
  readonly layers: ReadonlyArray<Row>
  /** MiB that ten steps of ResNet-20 hold at most, in a process of their own. */
  readonly memory: Readonly<Record<string, number>>
}

const say = (text: string) => process.stdout.write(`${text}\n`)

const known = [
  ["wasm", "own", "wasm"],
  ["onednn", "own", "onednn"],
  ["node", "own", "node"],
  ["torch", "torch", "cpu"],
  ["jax", "jax", ""]
] as const

const sides = new Map<string, Side>()
const missing: Record<string, string> = {}
for (const [name, kind, which] of known) {
  const started = await startSide(name, kind, which, threads)
  if (typeof started === "string") missing[name] = started
  else sides.set(name, started)
}
for (const [name, reason] of Object.entries(missing)) say(`${name} is not there: ${reason}`)

/** Milliseconds of steps, undefined from a side that failed and is left out from then on. */
const stepsOf = async ({ side, work }: Way, times: number): Promise<ReadonlyArray<number> | undefined> => {
  try {
    return await sides.get(side)?.steps(work, times)
  } catch (error) {
    missing[side] = error instanceof Error ? error.message : String(error)
    sides.delete(side)
    return undefined
  }
}

const middle = (times: ReadonlyArray<number>) => quantiles(times)[1]

/** All ways in turns, for about so many seconds. */
const compare = async (name: string, ways: ReadonlyArray<Way>, seconds: number, turn: number): Promise<Row> => {
  for (const side of sides.values()) await side.forget()
  const here = ways.filter(({ side }) => sides.has(side))
  const times = new Map(here.map((way) => [way, [] as Array<number>]))
  let round = 0
  for (const way of here) {
    await stepsOf(way, way.before)
    const taken = await stepsOf(way, 1)
    round += taken === undefined ? 0 : turn * middle(taken) + pause
  }
  const rounds = Math.max(fewest, Math.min(most, Math.floor(1000 * seconds / round)))
  for (let i = 0; i < rounds; i++) {
    for (const [way, found] of times) {
      await setTimeout(pause)
      found.push(...(await stepsOf(way, turn) ?? []).slice(turn > 1 ? 1 : 0))
    }
  }
  const taken = [...times].filter(([, found]) => found.length > 0)
  const row: Row = {
    name,
    rounds,
    ways: Object.fromEntries(taken.map(([{ name }, found]) => [name, quantiles(found)]))
  }
  say(`\n${name}, ${rounds} rounds`)
  say(table(
    ["", "ms", "quartiles"],
    Object.entries(row.ways).map(([name, [low, median, high]]) => [
      name,
      median.toFixed(2),
      `${low.toFixed(2)}–${high.toFixed(2)}`
    ])
  ))
  return row
}

const networks: Array<Row> = []
const subjects = [
  { model: "ResNet-20", side: 28, channels: 1 },
  { model: "ResNet-20", side: 32, channels: 3 },
  { model: "ResNet-18", side: 64, channels: 3 }
] as const
const layouts = ["default", "channels last"] as const
for (const subject of subjects) {
  for (const batch of [32, 128, 256]) {
    const work = { kind: "network", ...subject, batch } as const
    // What has to be compiled first, for minutes, at the middle batch alone where time is short.
    const compiling = !quick || batch === 128
    networks.push(
      await compare(
        `${subject.model}, ${subject.side}×${subject.side}, batch ${batch}`,
        [
          ...["wasm", "onednn", "node"].map((side) => ({ side, name: side, work, before: 2 })),
          ...layouts.map((layout) => ({
            side: "torch",
            name: `torch, ${layout}`,
            work: { ...work, layout, compiled: false },
            before: 2
          })),
          ...(compiling ? quick ? ["channels last" as const] : layouts : []).map((layout) => ({
            side: "torch",
            name: `torch, compiled, ${layout}`,
            work: { ...work, layout, compiled: true },
            before: 2
          })),
          ...(compiling && (!quick || subject.model === "ResNet-20")
            ? [{ side: "jax", name: "jax", work, before: 2 }]
            : [])
        ],
        seconds.network,
        1
      )
    )
  }
}
const optimizer = await compare(
  "the optimizer's part of ResNet-20",
  ["wasm", "onednn", "node", "torch"].map((side) => ({
    side,
    name: side,
    work: { kind: "optimizer", model: "ResNet-20", channels: 1 },
    before: 50
  })),
  seconds.layer,
  6
)
const layers: Array<Row> = []
for (const [n, inputs, outputs] of [[3, 200, 200], [3, 500, 800], [5, 100, 200], [5, 400, 500]] as const) {
  for (const manifold of ["sphere", "oblique", "Stiefel"] as const) {
    const work = { kind: "layer", manifold, n, inputs, outputs } as const
    const large = inputs * outputs > 100_000
    if (quick && large && n > 3) continue
    const written = ["as written", "planes", ...(quick && (large || n > 3) ? [] : ["planes, compiled"]), "geoopt"]
    layers.push(
      await compare(
        `${manifold}, ${(inputs * outputs).toLocaleString("en")} kernels ${n}×${n}`,
        [
          { side: "wasm", name: "wasm", work, before: large ? 20 : 100 },
          ...written.map((way) => ({
            side: "torch",
            name: `torch, ${way}`,
            work: { ...work, way },
            before: large ? 2 : 10
          }))
        ],
        seconds.layer,
        6
      )
    )
  }
}
const about = Object.fromEntries([...sides].map(([name, { about }]) => [name, about]))
for (const side of sides.values()) await side.stop()

const memory: Record<string, number> = {}
for (const [name, kind, which] of known.filter(([name]) => sides.has(name) && name !== "jax")) {
  const side = await startSide(name, kind, which, threads)
  if (typeof side === "string") continue
  const work = { kind: "network", ...subjects[0], batch: 128 } as const
  await side.steps(name === "torch" ? { ...work, layout: "channels last", compiled: false } : work, 10)
  memory[name] = await side.memory()
  await side.stop()
}
say(
  `\nMiB that ten steps of ResNet-20 hold at most: ${
    Object.entries(memory).map(([name, mebibytes]) => `${name} ${mebibytes.toFixed(0)}`).join(", ")
  }`
)

const found: Found = {
  machine: {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    node: process.versions.node,
    date: new Date().toISOString().slice(0, 10)
  },
  quick,
  threads,
  about,
  missing,
  networks,
  optimizer,
  layers,
  memory
}
if (out !== undefined) writeFileSync(out, `${JSON.stringify(found, undefined, 1)}\n`)
process.exit()
