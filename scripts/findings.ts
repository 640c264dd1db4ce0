/**
 * Fills the tables of docs/findings.md from the committed results, between its marks; a test holds the page to them.
 * `npm run docs:findings`
 */
import { Bounds, Statistics } from "finegrain"
import { readFileSync, writeFileSync } from "node:fs"
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

/** The logarithm of every bound, by its title, of a trial. */
type LogBounds = (id: string) => Readonly<Record<string, number>>

/** Those of networks of dense layers, from the norms of their kernels. */
const fromNorms = (norms: Norms, samples: number): LogBounds => (id) => {
  const bounds = Bounds.logBounds({ layers: norms[id]!.map((own) => [own]), samples, width: 3072 })
  return Object.fromEntries(Object.entries(titles).map(([name, title]) => [title, bounds[name as keyof typeof bounds]]))
}

type Measured = Readonly<Record<"perPom" | "perLayer", Readonly<Record<keyof typeof titles, number>>>>

/** Those that runs measured, the paper's over POMs and the classical ones over layers. */
const asMeasured = (own: Readonly<Record<string, Measured>>): LogBounds => (id) =>
  Object.fromEntries(
    (["perPom", "perLayer"] as const).flatMap((over) =>
      Object.entries(titles).map(([name, title]) => [
        `${title}, ${over === "perPom" ? "over POMs" : "over layers"}`,
        own[id]![over][name as keyof typeof titles]
      ])
    )
  )

interface Gap {
  readonly gap: number
  readonly bounds: Readonly<Record<string, number>>
}

const gapsOf = (trials: ReadonlyArray<Results.TrialResult>, bounds: LogBounds): ReadonlyArray<Gap> =>
  trials.flatMap(({ id, summary }) =>
    summary?.testAccuracy === undefined || summary.trainAccuracy === undefined
      ? []
      : [{ gap: summary.trainAccuracy - summary.testAccuracy, bounds: bounds(id) }]
  )

/** Kendall's τ of every bound over sets of trials, with intervals of a bootstrap that draws groups whole. */
const rankTable = (sets: Readonly<Record<string, ReadonlyArray<ReadonlyArray<Gap>>>>) =>
  table(
    [
      "bound",
      ...Object.entries(sets).map(([name, groups]) => {
        const count = groups.flat().length
        return name === "all" ? `τ, all ${count}` : `τ, ${count} ${name}`
      })
    ],
    Object.keys(Object.values(sets)[0]!.flat()[0]!.bounds).map((bound) => {
      const tau = (drawn: ReadonlyArray<ReadonlyArray<Gap>>) =>
        Statistics.kendall(drawn.flat().map(({ bounds }) => bounds[bound]!), drawn.flat().map(({ gap }) => gap))
      return [bound].concat(
        Object.values(sets).map((groups) => {
          const { high, low, value } = Statistics.bootstrap(groups, tau, { draws: 400, seed: 1 })
          return `${value.toFixed(2)} (${low.toFixed(2)} … ${high.toFixed(2)})`
        })
      )
    })
  )

/**
 * Kendall's τ between each bound and the measured gap, over final runs, and with those that chose, whose test images
 * are held-out ones; rows are drawn whole.
 */
const ranks = ({ cells }: Results.Results, bounds: LogBounds) => {
  const groupsOf = (trials: (cell: Results.CellResult) => ReadonlyArray<Results.TrialResult>) =>
    cells.map((cell) => gapsOf(trials(cell), bounds))
  return rankTable({
    "final runs": groupsOf(({ finals }) => finals),
    "that chose": groupsOf(({ candidates }) => candidates),
    "all": groupsOf(({ candidates, finals }) => [...candidates, ...finals])
  })
}

/** Of two rows intervals say nothing: those that chose, each of its own rate and weight decay, are drawn one by one. */
const ranksOfCandidates = ({ cells }: Results.Results, bounds: LogBounds) =>
  rankTable({ "that chose": gapsOf(cells.flatMap(({ candidates }) => candidates), bounds).map((trial) => [trial]) })

/** The differences that the comparisons find with probability .8, from the deviations that they had. */
const power = ({ cells }: Results.Results) => {
  const tests = cells.flatMap(({ versusBaseline: paired }) => paired?.p === undefined ? [] : [paired])
  const deviations = tests.map(({ deviation }) => deviation!).toSorted((a, b) => a - b)
  const seen = (level: number) => {
    const times = Statistics.detectable(tests[0]!.count, level)
    const [least, median, most] = [0, 0.5, 1].map((share) => deviations[Math.round(share * (deviations.length - 1))]!)
    return [median, least, most].map((deviation) => (times * deviation!).toFixed(2))
  }
  if (tests.length === 1) return `${seen(0.05)[0]} points, with probability .8 at level .05.`
  return table(
    ["level", "median comparison", "most certain", "least certain"],
    [[".05, alone", ...seen(0.05)], [`.05/${tests.length}, first of Holm's steps`, ...seen(0.05 / tests.length)]]
  )
}

interface LayerRule {
  readonly name: string
  readonly acts: number
  readonly factor: number
  readonly norm: number
}

/** Where the step rule shortened steps, as means over the seeds; rows without curvature or rule have none. */
const rule = ({ cells }: Results.Results, own: Readonly<Record<string, ReadonlyArray<LayerRule>>>) => {
  const known = cells.map(({ finals, row }) => ({ row, runs: finals.map(({ id }) => own[id]!) }))
    .filter(({ runs }) => runs.some((layers) => layers.some(({ acts }) => acts > 0)))
  const names = known[0]!.runs[0]!.map(({ name }) => name)
  return table(
    ["method", ...names.map((name) => `${name}: steps with g > 1, median 1/g, median R`)],
    known.map(({ row, runs }) =>
      [row].concat(names.map((_, i) => {
        const of = (key: "acts" | "factor" | "norm") => mean(runs.map((layers) => layers[i]![key]))
        return `${(100 * of("acts")).toFixed(0)} %, ${of("factor").toFixed(2)}, ${of("norm").toFixed(2)}`
      }))
    )
  )
}

/** The rows that were searched anew in wider ranges: what either search chose, how good it was, and what came of it. */
const searches = ({ cells }: Results.Results) => {
  const of = (row: string) => {
    const { candidates, chosen, error } = cells.find((cell) => cell.row === row)!
    const { summary } = candidates.find(({ candidate }) => candidate === chosen)!
    return `${chosen}: ${(100 * summary!.testAccuracy!).toFixed(2)} → ${Results.plusMinus(error!)}`
  }
  const rows = cells.map(({ row }) => row).filter((row) => row.endsWith(" (wider)")).map((row) => row.slice(0, -8))
  return table(
    ["method", "as registered: chosen, held-out accuracy % → test error %", "in wider ranges"],
    rows.map((row) => [row, of(row), of(`${row} (wider)`)])
  )
}

/** Accuracy over training images by the kind of their label, as means over the seeds. */
const byLabel = ({ cells }: Results.Results) =>
  table(
    ["method", "right labels %", "changed labels %", "the right ones of those %"],
    cells.map(({ finals, row }) => [
      row,
      ...["clean", "changed", "corrected"].map((kind) =>
        mean(finals.map(({ summary }) => summary!.measured!["label-noise"]![kind]!)).toFixed(1)
      )
    ])
  )

/** The candidates of every row, the best of the held-out images first. */
const candidates = ({ cells }: Results.Results) =>
  table(
    ["method", "held-out accuracy %: what was tried"],
    cells.map(({ candidates, row }) => [
      row,
      candidates.toSorted((a, b) => b.summary!.testAccuracy! - a.summary!.testAccuracy!)
        .map(({ candidate, summary }) => `${(100 * summary!.testAccuracy!).toFixed(1)}: ${candidate}`).join("; ")
    ])
  )

/** Test errors seed by seed, where a mean would hide that some runs learn nothing. */
const bySeed = ({ cells }: Results.Results) =>
  table(
    ["row", "chosen", "test error % of each seed", "median"],
    cells.map(({ chosen, finals, row }) => {
      const own = finals.map(({ summary }) => Results.errorPercent(summary!.testAccuracy!))
      const median = own.toSorted((a, b) => a - b)[Math.floor(own.length / 2)]!
      return [row, String(chosen), own.map((error) => error.toFixed(1)).join(", "), median.toFixed(1)]
    })
  )

/** A network of ten classes that learns nothing has it. */
const chance = Math.log(10)

/** Errors by rate where the last epoch is better than chance in the mean, and the largest rate that is. */
const stability = ({ cells }: Results.Results, own: Readonly<Record<string, ReadonlyArray<LayerRule>>>) => {
  const columns = [...new Set(cells.map(({ column }) => column))]
  const learns = ({ also }: Results.CellResult) => (also?.trainLoss?.mean ?? Number.POSITIVE_INFINITY) < chance
  return table(
    ["rule", ...columns, "largest that learns", "hidden1 at rate 0.3: median 1/g"],
    [...new Set(cells.map(({ row }) => row))].map((row) => {
      const ofRow = cells.filter((cell) => cell.row === row)
      const at = ofRow.find(({ column }) => column === "rate 0.3")!
      return [row].concat(
        ofRow.map((cell) => learns(cell) ? cell.error!.mean.toFixed(1) : "–"),
        ofRow.findLast(learns)?.column ?? "none",
        mean(at.finals.map(({ id }) => own[id]![0]!.factor)).toFixed(2)
      )
    })
  )
}

/** What was chosen at the edge of its range. */
const edges = ({ cells }: Results.Results) => cells.flatMap(edgesOf).map((text) => `- ${text}`).join("\n") || "None."

const counts = ({ cells }: Results.Results) => {
  const [candidates, finals] = [cells.flatMap((cell) => cell.candidates), cells.flatMap((cell) => cell.finals)]
  const seeds = new Set(finals.map(({ seed }) => seed)).size
  return `${candidates.length + finals.length} trials: ${candidates.length} that chose, ${finals.length} final ones ` +
    `(${cells.length} methods, ${seeds} seeds).`
}

/** Of a residual network that learns wrong labels. */
const residualNetwork = (name: string): Readonly<Record<string, string>> => {
  const results = read<Results.Results>(of(name, "results.json"))
  return {
    [name]: `${counts(results)}\n\n${errors(results)}`,
    [`${name} edges`]: edges(results),
    [`${name} candidates`]: candidates(results),
    [`${name} labels`]: byLabel(results),
    [`${name} power`]: power(results),
    [`${name} ranks`]: ranksOfCandidates(results, asMeasured(read(of(name, "bounds.json"))))
  }
}

const blocks = (): Readonly<Record<string, string>> => {
  const results = read<Results.Results>(of("modular-manifolds", "results.json"))
  const norms = read<Norms>(of("modular-manifolds", "norms.json"))
  const noise = read<Results.Results>(of("perceptron-noise", "results.json"))
  const poms = read<Results.Results>(of("table-poms", "results.json"))
  return {
    "modular-manifolds": `${counts(results)}\n\n${errors(results)}`,
    "modular-manifolds edges": edges(results),
    "modular-manifolds searches": searches(results),
    "modular-manifolds spectra": spectra(results, norms),
    "modular-manifolds ranks": ranks(results, fromNorms(norms, 50_000)),
    "modular-manifolds power": power(results),
    "modular-manifolds rule": rule(results, read(of("modular-manifolds", "rule.json"))),
    "table-poms": `${counts(poms)}\n\n${errors(poms)}`,
    "table-poms edges": edges(poms),
    "table-poms power": power(poms),
    "ablation": bySeed(read(of("ablation", "results.json"))),
    "step-rule": stability(read(of("step-rule", "results.json")), read(of("step-rule", "rule.json"))),
    ...residualNetwork("label-noise"),
    ...residualNetwork("label-noise-denser"),
    "perceptron-noise": `${counts(noise)}\n\n${errors(noise)}`,
    "perceptron-noise edges": edges(noise),
    "perceptron-noise rule": rule(noise, read(of("perceptron-noise", "rule.json"))),
    "perceptron-noise ranks": ranks(noise, fromNorms(read(of("perceptron-noise", "norms.json")), 8000))
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
