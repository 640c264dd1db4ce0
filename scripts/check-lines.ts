import { globSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"

/** Refuses lines of more than 120 characters, comments and prose included; the formatter wraps code only. */
const root = resolve(import.meta.dirname, "..")
const most = 120

const sources = [
  "{bench,cli,experiments,kernels,laws,scripts,src,test}/**/*.{md,mjs,ts}",
  "docs/**/*.md",
  "*.{md,ts}"
]
const generated = ["test/.examples/**", "src/engine/wasm/simd/binaries.ts", "experiments/results/**"]

/** A row of a Markdown table cannot be broken. */
const isRow = (file: string, line: string) => file.endsWith(".md") && line.startsWith("|")

const tooLong = globSync(sources, { cwd: root, exclude: generated }).flatMap((file) =>
  readFileSync(join(root, file), "utf8").split("\n").flatMap((line, i) =>
    [...line].length > most && !isRow(file, line) ? [`${file}:${i + 1}: ${[...line].length} characters\n`] : []
  )
)

for (const place of tooLong) process.stderr.write(place)
if (tooLong.length > 0) {
  process.stderr.write(`Lines have ${most} characters at most.\n`)
  process.exitCode = 1
}
