/** The tables of README.md that follow from something else: manifolds from the catalogue, ratios from measurements. */
import * as Schema from "effect/Schema"
import { Specification } from "finegrain"
import { readFileSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import * as Manifolds from "./manifolds.ts"

const root = resolve(import.meta.dirname, "..")
const page = join(root, "README.md")

/** Quartiles of the milliseconds of both sides. */
const Quartiles = Schema.Tuple([Schema.Finite, Schema.Finite, Schema.Finite])
const Measured = Schema.fromJsonString(
  Schema.Struct({ results: Schema.Array(Schema.Struct({ name: Schema.String, own: Quartiles, rival: Quartiles })) })
)

/** Where somebody's own program of PyTorch stands beside geoopt, geoopt is meant. */
const isQuoted = (name: string) => /geoopt|ResNet-20|channels last/.test(name)

const ratios = (): string => {
  const text = readFileSync(join(root, "bench", "results", "rivals-2.json"), "utf8")
  const { results } = Schema.decodeUnknownSync(Measured)(text)
  const rows = results.filter(({ name }) => isQuoted(name)).map(({ name, own, rival }) =>
    `| ${/geoopt/.test(name) ? name : `PyTorch, ${name}`} | ${(rival[1] / own[1]).toFixed(2)} |`
  )
  if (rows.length === 0) throw new Error("bench/results/rivals-2.json has nothing that README.md quotes")
  return ["| work | ratio |", "| --- | --- |", ...rows].join("\n")
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
