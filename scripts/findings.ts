/**
 * Fills the tables of docs/findings.md and of the pages in docs/findings from the committed results, between their
 * marks, and draws their figures; a test holds them to it. `npm run docs:findings`
 */
import * as Effect from "effect/Effect"
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import type * as Results from "../src/experiment/Results.ts"
import * as Chart from "../src/report/Chart.ts"
import { type Angles, firstHalf, turned } from "./findings/angles.ts"
import { corrupted } from "./findings/corruptions.ts"
import { between, byLabel, bySeed, counts, edges, errors, power, searches } from "./findings/errors.ts"
import { losses, lossesByRate } from "./findings/losses.ts"
import {
  asMeasured,
  type Bounded,
  fromNorms,
  type Norms,
  ranks,
  ranksOfAll,
  ranksOfCandidates,
  spectra
} from "./findings/norms.ts"
import { type LayerRules, rule, ruleOfConvolutions, stability } from "./findings/rule.ts"
import { type Asked, figure, summary } from "./findings/summary.ts"
import { validation } from "./findings/validation.ts"

const root = resolve(import.meta.dirname, "..")
const docs = join(root, "docs")
const of = (name: string, file: string) => join(root, "experiments", "results", name, file)
const read = <A>(file: string): A => JSON.parse(readFileSync(file, "utf8")) as A

/** What an experiment found, or what it found in one of its columns. */
const resultsOf = (name: string, column?: string): Results.Results => {
  const results = read<Results.Results>(of(name, "results.json"))
  return column === undefined ? results : { ...results, cells: results.cells.filter((cell) => cell.column === column) }
}

/** What lies beside the results of an experiment, if it does. */
const beside = <A>(name: string, file: string): A | undefined => {
  const path = of(name, file)
  return existsSync(path) ? read<A>(path) : undefined
}

/** Of a residual network on CIFAR-10: with angles and the step rule where those are told. */
const residualNetwork = (name: string): Readonly<Record<string, string>> => {
  const results = resultsOf(name)
  const angles = beside<Angles>(name, "angles.json")
  const steps = beside<LayerRules>(name, "rule.json")
  return {
    ...(angles === undefined ? {} : { [`${name} angles`]: firstHalf(results, angles) }),
    ...(steps === undefined ? {} : { [`${name} rule`]: ruleOfConvolutions(results, steps) }),
    [name]: `${counts(results)}\n\n${errors(results)}`,
    [`${name} edges`]: edges(results),
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
  asked("all-images", "ResNet-8, 45,000 images of CIFAR-10, cropped and flipped", "PIO (Sp+Ob+St+Euc)"),
  asked("optimizers", "1,000 images, by other optimizers", "manifold Muon (mixture)"),
  asked("without-normalization", "ResNet-8 without normalization, 1,000 images of CIFAR-10", "PIO (Sp+Ob+St+Euc)"),
  asked("table-poms", "ResNet-8, 5,000 images of Fashion-MNIST", "PIO (Sp+Ob+St+Euc)")
]

/** The last is of the mixture against others, and has no row in the table of it against Euclidean kernels. */
const figured = () => [
  ...all(),
  { title: "ResNet-8, 1,000 images of CIFAR-10, other forms of the mixture", results: resultsOf("variants") }
]

/** Those in residual networks, whose runs measured their bounds. */
const bounded = () =>
  figured().flatMap(({ results, title }) => {
    const bounds = beside<Bounded["bounds"]>(results.name, "bounds.json")
    return bounds === undefined ? [] : [{ title, results, bounds }]
  })

const blocks = (): Readonly<Record<string, string>> => {
  const results = resultsOf("modular-manifolds")
  const norms = read<Norms>(of("modular-manifolds", "norms.json"))
  const noise = resultsOf("perceptron-noise")
  const poms = resultsOf("table-poms")
  return {
    "summary": summary(all()),
    "bounds": ranksOfAll(bounded()),
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
    "table-cifar corruptions": corrupted(resultsOf("table-cifar"), read(of("table-cifar", "corruptions.json"))),
    ...residualNetwork("more-images"),
    ...residualNetwork("all-images"),
    ...residualNetwork("variants"),
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
 * The page and those it leads to, as files below docs.
 *
 * @internal
 */
export const pages = (): ReadonlyArray<string> => [
  "findings.md",
  ...readdirSync(join(docs, "findings")).filter((file) => file.endsWith(".md")).map((file) => `findings/${file}`)
]

/**
 * Texts whose blocks between `<!-- name -->` and `<!-- end -->` are what the committed results say.
 *
 * @throws Error for a block that there is not, and for one that stands nowhere.
 * @internal
 */
export const filled = (texts: ReadonlyArray<string>): ReadonlyArray<string> => {
  const left = new Map(Object.entries(blocks()))
  const full = texts.map((text) =>
    text.replaceAll(/(<!-- (.+) -->\n)[^]*?(\n<!-- end -->)/g, (_, start: string, name: string, end: string) => {
      const block = left.get(name)
      if (block === undefined) throw new Error(`there is no block ${name}, or it stands twice`)
      left.delete(name)
      return `${start}\n${block}\n${end}`
    })
  )
  if (left.size > 0) throw new Error(`these blocks stand nowhere: ${[...left.keys()].join(", ")}`)
  return full
}

/**
 * The figures of the pages, by their files below docs.
 *
 * @internal
 */
export const drawn = async (): Promise<Readonly<Record<string, string>>> => {
  const all = figured()
  const charts = Object.fromEntries([
    ["findings.svg", figure(all)] as const,
    ...[...new Set(all.map(({ results }) => results.name))].flatMap((name) => {
      const results = resultsOf(name)
      const angles = beside<Angles>(name, "angles.json")
      const ofAngles = angles === undefined ? [] : [[`findings/${name}-angles.svg`, turned(results, angles)] as const]
      return [[`findings/${name}.svg`, validation(results)] as const].concat(ofAngles)
    })
  ])
  const svgs = Object.entries(charts).map(async ([file, chart]) =>
    [file, `${await Effect.runPromise(Chart.svg(chart))}\n`] as const
  )
  return Object.fromEntries(await Promise.all(svgs))
}

if (import.meta.main) {
  const files = pages().map((file) => join(docs, file))
  const texts = filled(files.map((file) => readFileSync(file, "utf8")))
  for (const [i, file] of files.entries()) writeFileSync(file, texts[i]!)
  for (const [file, svg] of Object.entries(await drawn())) writeFileSync(join(docs, file), svg)
}
