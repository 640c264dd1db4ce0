/**
 * Fills the tables of docs/findings.md from the committed results, between its marks; a test holds the page to them.
 * `npm run docs:findings`
 */
import { Bounds, Statistics } from "finegrain"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { edgesOf } from "../src/experiment/edges.ts"
import * as Results from "../src/experiment/Results.ts"

const root = resolve(import.meta.dirname, "..")
const page = join(root, "docs", "findings.md")
const of = (name: string, file: string) => join(root, "experiments", "results", name, file)
const read = <A>(file: string): A => JSON.parse(readFileSync(file, "utf8")) as A

interface LayerNorms extends Bounds.GroupNorms {
  readonly name: string
  readonly smallest: number
}

type Norms = Readonly<Record<string, ReadonlyArray<LayerNorms>>>

const table = (header: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>) =>
  [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n")

const mean = (values: ReadonlyArray<number>) => Statistics.sample(values).mean

/** Test errors, differences from the baseline, training errors and gaps, best row first. */
const errors = ({ baseline, cells }: Results.Results) =>
  table(
    ["method", "test error %", `minus ${baseline} (p; Holm)`, "training error %", "gap %", "chosen"],
    cells.toSorted((a, b) => a.error!.mean - b.error!.mean).map((cell) => [
      cell.row,
      Results.plusMinus(cell.error!),
      Results.difference(cell.versusBaseline),
      Results.plusMinus(cell.also!.trainError!),
      Results.plusMinus(cell.also!.gap!),
      String(cell.chosen)
    ])
  )

/** Largest and smallest singular values of every layer, as means over the seeds. */
const spectra = ({ cells }: Results.Results, norms: Norms) => {
  const names = Object.values(norms)[0]!.map(({ name }) => name)
  return table(
    ["method", ...names.map((name) => `${name}: σ₁, σₙ`)],
    cells.map(({ finals, row }) => [
      row,
      ...names.map((_, layer) =>
        (["spectral", "smallest"] as const).map((norm) =>
          mean(finals.map(({ id }) => norms[id]![layer]![norm])).toFixed(2)
        ).join(", ")
      )
    ])
  )
}

const titles = {
  frobenius: "Frobenius norms (Neyshabur 2015; B1)",
  rowSum: "spectral and 2→1 norms (Bartlett 2017; B2)",
  spectral: "spectral and Frobenius norms (Neyshabur 2018; B3)"
} as const

/** Kendall's τ between each bound and the measured gap, over final runs; rows are drawn whole. */
const ranks = ({ cells }: Results.Results, norms: Norms, samples: number) => {
  const groups = cells.map(({ finals }) =>
    finals.flatMap(({ id, summary }) =>
      summary?.testAccuracy === undefined || summary.trainAccuracy === undefined ? [] : [{
        gap: summary.trainAccuracy - summary.testAccuracy,
        bounds: Bounds.logBounds({ layers: norms[id]!.map((own) => [own]), samples, width: 3072 })
      }]
    )
  )
  return table(
    ["bound", "τ with the gap", "95 % interval"],
    (Object.keys(titles) as ReadonlyArray<keyof typeof titles>).map((bound) => {
      const tau = (drawn: ReadonlyArray<(typeof groups)[number]>) =>
        Statistics.kendall(drawn.flat().map(({ bounds }) => bounds[bound]), drawn.flat().map(({ gap }) => gap))
      const { high, low, value } = Statistics.bootstrap(groups, tau, { seed: 1 })
      return [titles[bound], value.toFixed(2), `${low.toFixed(2)} … ${high.toFixed(2)}`]
    })
  )
}

const counts = ({ cells }: Results.Results) => {
  const [candidates, finals] = [cells.flatMap((cell) => cell.candidates), cells.flatMap((cell) => cell.finals)]
  const seeds = new Set(finals.map(({ seed }) => seed)).size
  return `${candidates.length + finals.length} trials: ${candidates.length} that chose, ${finals.length} final ones ` +
    `(${cells.length} methods, ${seeds} seeds).`
}

const blocks = (): Readonly<Record<string, string>> => {
  const results = read<Results.Results>(of("modular-manifolds", "results.json"))
  const norms = read<Norms>(of("modular-manifolds", "norms.json"))
  return {
    "modular-manifolds": `${counts(results)}\n\n${errors(results)}`,
    "modular-manifolds edges": results.cells.flatMap(edgesOf).map((text) => `- ${text}`).join("\n"),
    "modular-manifolds spectra": spectra(results, norms),
    "modular-manifolds ranks": ranks(results, norms, 50_000),
    "perceptron-noise": existsSync(of("perceptron-noise", "results.json"))
      ? errors(read<Results.Results>(of("perceptron-noise", "results.json")))
      : "Not run yet."
  }
}

/**
 * A text whose blocks between `<!-- name -->` and `<!-- end -->` are what the committed results say.
 *
 * @internal
 */
export const filled = (text: string): string =>
  Object.entries(blocks()).reduce((page, [name, block]) => {
    const [start, end] = [`<!-- ${name} -->`, "<!-- end -->"]
    const at = page.indexOf(start)
    if (at < 0) throw new Error(`docs/findings.md has no ${start}`)
    const to = page.indexOf(end, at)
    return `${page.slice(0, at + start.length)}\n\n${block}\n\n${page.slice(to)}`
  }, text)

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  writeFileSync(page, filled(readFileSync(page, "utf8")))
}
