/** The tables of README.md that follow from something else: manifolds from the catalogue, ratios from measurements. */
import * as Schema from "effect/Schema"
import { Specification } from "finegrain"
import { readFileSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import * as Manifolds from "./manifolds.ts"

const root = resolve(import.meta.dirname, "..")
const page = join(root, "README.md")

/** Quartiles of the milliseconds of every side. */
const Quartiles = Schema.Tuple([Schema.Finite, Schema.Finite, Schema.Finite])
const Row = Schema.Struct({ name: Schema.String, ways: Schema.Record(Schema.String, Quartiles) })
const Measured = Schema.fromJsonString(Schema.Struct({ networks: Schema.Array(Row), layers: Schema.Array(Row) }))

const engines = { wasm: "wasm", onednn: "wasm with oneDNN", node: "node" } as const

/** PyTorch's best eager layout against every engine on ResNet-20; and geoopt on kernels of 3×3. */
const ratios = (): string => {
  const text = readFileSync(join(root, "bench", "results", "rivals.json"), "utf8")
  const { layers, networks } = Schema.decodeUnknownSync(Measured)(text)
  const step = networks.find(({ name }) => name === "ResNet-20, 28×28, batch 128")?.ways ?? {}
  const eager = Math.min(...["default", "channels last"].map((layout) => step[`torch, ${layout}`]?.[1] ?? Infinity))
  const ofNetwork = Object.entries(engines).flatMap(([way, name]) => {
    const own = step[way]
    return own === undefined ? [] : [[`PyTorch, ResNet-20 step, best eager layout, beside ${name}`, eager / own[1]]]
  })
  const ofLayers = layers.flatMap(({ name, ways }) => {
    const [own, rival] = [ways["wasm"], ways["torch, geoopt"]]
    return own === undefined || rival === undefined ? [] : [[`geoopt, ${name}`, rival[1] / own[1]]]
  })
  const rows = [...ofNetwork, ...ofLayers] as unknown as ReadonlyArray<readonly [string, number]>
  if (rows.length === 0) throw new Error("bench/results/rivals.json has nothing that README.md quotes")
  return ["| work | ratio |", "| --- | --- |", ...rows.map(([name, ratio]) => `| ${name} | ${ratio.toFixed(2)} |`)]
    .join("\n")
}

const tables = { "| symbol | manifold |": () => Manifolds.table(Specification.families), "| work | ratio |": ratios }

/** README.md as it should be: its tables written anew. */
export const render = (text: string = readFileSync(page, "utf8")): string =>
  Object.entries(tables).reduce((whole, [head, table]) => {
    const from = whole.indexOf(head)
    if (from < 0) throw new Error(`README.md has no table that begins with: ${head}`)
    return whole.slice(0, from) + table() + whole.slice(whole.indexOf("\n\n", from))
  }, text)

if (process.argv[1] === import.meta.filename) writeFileSync(page, render())
