/**
 * What of README.md follows from something else: manifolds from the catalogue, ratios from measurements, figures of
 * findings from the committed results.
 */
import * as Schema from "effect/Schema"
import { Specification } from "finegrain"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import type * as Results from "../src/experiment/Results.ts"
import { cellOf } from "./findings/cells.ts"
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
  const layouts = ["default", "channels last"].flatMap((layout) => step[`torch, ${layout}`]?.[1] ?? [])
  const eager = Math.min(...layouts)
  const ofNetwork = Object.entries(engines).flatMap(([way, name]) => {
    const own = step[way]
    return own === undefined || layouts.length === 0
      ? []
      : [[`PyTorch, ResNet-20 step, best eager layout, beside ${name}`, eager / own[1]]]
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

const committed = join(root, "experiments", "results")

const resultsOf = (experiment: string) =>
  JSON.parse(readFileSync(join(committed, experiment, "results.json"), "utf8")) as Results.Results

/** All committed trials on a dataset; one that two experiments have, to the bit, counts once. */
const trialsOn = (dataset: string): number => {
  const trials = readdirSync(committed).map(resultsOf)
    .filter(({ environments }) => environments.some((environment) => environment.dataset?.name === dataset))
    .flatMap(({ cells }) => cells.flatMap(({ candidates, finals }) => [...candidates, ...finals]))
  return new Set(trials.map((trial) => trial.summary?.weightsSha256 ?? trial)).size
}

/** Mean test errors of rows of an experiment, in %. */
const errorsIn = (experiment: string) => {
  const results = resultsOf(experiment)
  return (row: string): string => {
    const { error } = cellOf(results, row)
    if (error === undefined) throw new Error(`row "${row}" of ${experiment} has no test error`)
    return error.mean.toFixed(1)
  }
}

/** Words in lines of at most 120 characters. */
const wrapped = (text: string): string => text.replaceAll(/(.{1,120})(?: |$)/g, "$1\n").trimEnd()

/** Errors of the paper's mixture and of tuned Euclidean kernels in a residual network. */
const residual = (experiment: string) => {
  const error = errorsIn(experiment)
  return { mixture: error("PIO (Sp+Ob+St+Euc)"), tuned: error("Euc") }
}

/** What was found, with the figures of docs/findings.md. */
const findings = (): string => {
  const perceptron = errorsIn("modular-manifolds")
  const [few, more, all] = [residual("table-cifar"), residual("more-images"), residual("all-images")]
  const wrong = residual("label-noise-denser")
  return wrapped(
    [
      `On CIFAR-10 (${trialsOn("cifar-10")} trials) a perceptron with oblique or Stiefel matrices`,
      `trained by FG-SGD errs ${perceptron("FG-SGD (Ob)")} and ${perceptron("FG-SGD (St)")} %, AdamW`,
      `${perceptron("AdamW")} %, Muon ${perceptron("Muon")} %. ResNet-8 on`,
      `all images errs ${all.mixture} % by the paper's mixture, ${all.tuned} % by tuned Euclidean kernels; on`,
      `5,000 ${more.mixture} and ${more.tuned}; on 8,000, 40 % of labels redrawn, ${wrong.mixture} and ${wrong.tuned};`,
      `on 1,000 no difference was shown (${few.mixture}, ${few.tuned}): [findings](docs/findings.md).`
    ].join(" ")
  )
}

/** Parts by what they begin with; each ends at an empty line. */
const parts = {
  "| symbol | manifold |": () => Manifolds.table(Specification.families),
  "| work | ratio |": ratios,
  "On CIFAR-10 (": findings
}

/** README.md as it should be: what follows from something else written anew. */
export const render = (text: string = readFileSync(page, "utf8")): string =>
  Object.entries(parts).reduce((whole, [head, part]) => {
    const from = whole.indexOf(head)
    if (from < 0) throw new Error(`README.md has nothing that begins with: ${head}`)
    return whole.slice(0, from) + part() + whole.slice(whole.indexOf("\n\n", from))
  }, text)

if (import.meta.main) writeFileSync(page, render())
