/**
 * Fills the tables of docs/findings.md from the committed results, between its marks; a test holds the page to them.
 * `npm run docs:findings`
 */
import * as Effect from "effect/Effect"
import { readFileSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import type * as Results from "../src/experiment/Results.ts"
import * as Chart from "../src/report/Chart.ts"
import { corrupted } from "./findings/corruptions.ts"
import { between, byLabel, bySeed, candidates, counts, edges, errors, power, searches } from "./findings/errors.ts"
import { losses, lossesByRate } from "./findings/losses.ts"
import { asMeasured, fromNorms, type Norms, ranks, ranksOfCandidates, spectra } from "./findings/norms.ts"
import { rule, ruleOfConvolutions, stability } from "./findings/rule.ts"
import { type Asked, figure, summary } from "./findings/summary.ts"

const root = resolve(import.meta.dirname, "..")
const page = join(root, "docs", "findings.md")
const of = (name: string, file: string) => join(root, "experiments", "results", name, file)
const read = <A>(file: string): A => JSON.parse(readFileSync(file, "utf8")) as A

/** What an experiment found, or what it found in one of its columns. */
const resultsOf = (name: string, column?: string): Results.Results => {
  const results = read<Results.Results>(of(name, "results.json"))
  return column === undefined ? results : { ...results, cells: results.cells.filter((cell) => cell.column === column) }
}

/** Of a residual network on CIFAR-10. */
const residualNetwork = (name: string): Readonly<Record<string, string>> => {
  const results = resultsOf(name)
  return {
    [name]: `${counts(results)}\n\n${errors(results)}`,
    [`${name} edges`]: edges(results),
    [`${name} candidates`]: candidates(results),
    [`${name} power`]: power(results),
    [`${name} ranks`]: ranksOfCandidates(results, asMeasured(read(of(name, "bounds.json"))))
  }
}

/** Of one that learns wrong labels. */
const wrongLabels = (name: string): Readonly<Record<string, string>> => ({
  ...residualNetwork(name),
  [`${name} labels`]: byLabel(resultsOf(name))
})

const asked = (name: string, title: string, proposed: string, column?: string): Asked => ({
  title,
  proposed,
  results: resultsOf(name, column)
})

/** What the experiments ask of test errors, those of a perceptron first. */
const all = (): ReadonlyArray<Asked> => [
  asked("modular-manifolds", "Perceptron, CIFAR-10", "FG-SGD (Sp+Euc in every layer)"),
  asked("perceptron-noise", "Perceptron, 8,000 images of CIFAR-10, 40 % of labels drawn anew", "FG-SGD (Ob)"),
  asked("label-noise", "ResNet-8, 8,000 images of CIFAR-10, 40 % of labels drawn anew", "PIO (Sp+Ob+St+Euc)"),
  asked("label-noise-denser", "The same, searched anew", "PIO (Sp+Ob+St+Euc)"),
  asked("table-cifar", "ResNet-8, 1,000 images of CIFAR-10", "PIO (Sp+Ob+St+Euc)"),
  asked("noise-rates", "The same, 20 % of labels drawn anew", "PIO (Sp+Ob+St+Euc)", "20 % noise"),
  asked("noise-rates", "The same, 60 % of labels drawn anew", "PIO (Sp+Ob+St+Euc)", "60 % noise"),
  asked("more-images", "ResNet-8, 5,000 images of CIFAR-10", "PIO (Sp+Ob+St+Euc)"),
  asked("optimizers", "1,000 images, by other optimizers", "manifold Muon (mixture)"),
  asked("without-normalization", "ResNet-8 without normalization, 1,000 images of CIFAR-10", "PIO (Sp+Ob+St+Euc)"),
  asked("table-poms", "ResNet-8, 5,000 images of Fashion-MNIST", "PIO (Sp+Ob+St+Euc)")
]

/** The last is of the mixture against others, and has no row in the table of it against Euclidean kernels. */
const figured = () => [
  ...all(),
  { title: "ResNet-8, 1,000 images of CIFAR-10, other forms of the mixture", results: resultsOf("variants") }
]

const blocks = (): Readonly<Record<string, string>> => {
  const results = resultsOf("modular-manifolds")
  const norms = read<Norms>(of("modular-manifolds", "norms.json"))
  const noise = resultsOf("perceptron-noise")
  const cifar = resultsOf("table-cifar")
  const poms = resultsOf("table-poms")
  return {
    "summary": summary(all()),
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
    "convergence": losses(resultsOf("convergence")),
    "pyramidal": lossesByRate(resultsOf("pyramidal")),
    "ablation": bySeed(resultsOf("ablation")),
    "step-rule": stability(resultsOf("step-rule"), read(of("step-rule", "rule.json"))),
    ...residualNetwork("table-cifar"),
    "table-cifar rule": ruleOfConvolutions(cifar, read(of("table-cifar", "rule.json"))),
    "table-cifar corruptions": corrupted(cifar, read(of("table-cifar", "corruptions.json"))),
    ...residualNetwork("more-images"),
    ...residualNetwork("variants"),
    "variants rule": ruleOfConvolutions(resultsOf("variants"), read(of("variants", "rule.json"))),
    ...residualNetwork("optimizers"),
    ...residualNetwork("without-normalization"),
    "without-normalization lengths": between(
      resultsOf("without-normalization"),
      "PIO (Ball)",
      "PIO (Sp)"
    ),
    ...wrongLabels("label-noise"),
    ...wrongLabels("label-noise-denser"),
    ...wrongLabels("noise-rates"),
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

/**
 * The figure of the page.
 *
 * @internal
 */
export const drawn = (): Promise<string> => Effect.runPromise(Chart.svg(figure(figured())))

if (import.meta.main) {
  writeFileSync(page, filled(readFileSync(page, "utf8")))
  writeFileSync(join(root, "docs", "findings.svg"), `${await drawn()}\n`)
}
