/**
 * All benchmarks whose numbers BENCHMARKS.md tells, one after another, to bench/results; then that document.
 * Usage: npm run bench:all -- [--quick | --document]: fewer rounds, ten minutes on idle cores; or the document alone,
 * from the numbers that are there. bench/rivals/install.sh installs the rivals.
 */
import { spawnSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { join, resolve } from "node:path"
import { parseArgs } from "node:util"
import { document, type Results } from "./document.ts"

const { values: { document: alone, quick } } = parseArgs({
  options: { quick: { type: "boolean", default: false }, document: { type: "boolean", default: false } }
})
const root = resolve(import.meta.dirname, "..")
const file = (name: keyof Results) => join(root, "bench", "results", `${name}.json`)
const threads = String(availableParallelism())

/** Arguments of every benchmark, by what its numbers are called. */
const runs: Readonly<Record<keyof Results, ReadonlyArray<string>>> = {
  engine: ["128", quick ? "5" : "15", file("engine")],
  manifolds: ["200", quick ? "9" : "25", file("manifolds")],
  scaling: [threads, quick ? "3" : "9", file("scaling")],
  phases: ["1", file("phases")],
  profile: ["wasm", "128", quick ? "10" : "20", file("profile")],
  rivals: [...(quick ? ["--quick"] : []), "--out", file("rivals")]
}
const names = Object.keys(runs) as ReadonlyArray<keyof Results>

for (const name of alone ? [] : names) {
  const start = performance.now()
  process.stdout.write(`\n== ${name}\n`)
  const { status } = spawnSync(
    process.execPath,
    ["--conditions=finegrain:source", join(root, "bench", `${name}.ts`), ...runs[name]],
    { stdio: "inherit" }
  )
  if (status !== 0) throw new Error(`bench/${name}.ts failed; what it measured before is kept`)
  process.stdout.write(`== ${name}: ${((performance.now() - start) / 1000).toFixed(0)} s\n`)
}
const results = Object.fromEntries(
  names.map((name) => [name, JSON.parse(readFileSync(file(name), "utf8")) as unknown])
) as unknown as Results
writeFileSync(join(root, "BENCHMARKS.md"), document(results))
const quoting = join(root, "scripts", "readme.ts")
spawnSync(process.execPath, ["--conditions=finegrain:source", quoting], { stdio: "inherit" })
process.stdout.write("BENCHMARKS.md is written, and what README.md quotes of it\n")
