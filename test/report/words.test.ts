import * as Effect from "effect/Effect"
import { Experiment, type Run } from "finegrain"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import * as collect from "../../src/experiment/collect.ts"
import type * as Results from "../../src/experiment/Results.ts"
import { wordsOf } from "../../src/report/experimentReport.ts"
import * as Html from "../../src/report/Html.ts"
import * as Steps from "../../src/report/Steps.ts"
import * as words from "../../src/report/words.ts"

const experiment: Experiment.Experiment = {
  name: "words",
  about: "",
  base: { dataset: "mnist", collection: "St" },
  rows: (["PI", "PO", "PIO"] as const).map((strategy) => ({ name: strategy, settings: { strategy } })),
  columns: [{ name: "CNN", settings: {} }],
  seeds: [1, 2, 3]
}

/** Results whose weights are told by trial. */
const resultsWith = (weights: Readonly<Record<string, string>>) =>
  collect.results(experiment, false, Effect.runSync(Experiment.plan(experiment)), {
    trial: (id) => ({
      status: id in weights ? "completed" : "not run",
      reason: undefined,
      summary: id in weights
        ? { testAccuracy: id.startsWith("PO/") ? 0.9 : 0.8, weightsSha256: weights[id] } as Run.RunSummary
        : undefined,
      environment: { versions: { revision: "0123456789abcdef" }, dataset: { name: "mnist", sha256: "" } },
      report: undefined
    }),
    seeds: () => []
  })

const results = resultsWith({
  "PI/CNN/seed-1": "a",
  "PO/CNN/seed-1": "b",
  "PIO/CNN/seed-1": "b",
  "PO/CNN/seed-2": "c",
  "PIO/CNN/seed-2": "d",
  "PO/CNN/seed-3": "e",
  "PIO/CNN/seed-3": "e"
})

it("the headline says the best row of a column, the data, what is done, and the commit", () => {
  expect(words.ofResults(results)).toBe(
    "CNN: PO has the lowest test error, 10.00 ± 0.00 % (3 seeds). " +
      "On mnist; 7 of 9 trials completed, from commit 0123456789."
  )
})

it("cells of the same weights are told, with the seeds, and what alone could tell them apart", () => {
  const [text, ...more] = words.identicalTexts(results, () => undefined)
  expect(more).toEqual([])
  expect(text).toMatch(/^Identical to the bit: PO and PIO in CNN \(seeds 1 and 3 of 3\)\. They differ in strategy only/)
  expect(text).not.toContain("Recorded")
})

it("nothing is told where all weights differ, or the same row has them twice", () => {
  expect(words.identicalTexts(resultsWith({ "PI/CNN/seed-1": "a", "PI/CNN/seed-2": "a" }), () => undefined)).toEqual([])
})

const shortened = (factors: ReadonlyArray<number>) =>
  words.shortened(Steps.of([{
    _tag: "StepDone",
    step: 1,
    epoch: 1,
    loss: 1,
    rate: 1,
    images: 1,
    gradientNorm: 1,
    factors: Object.fromEntries(factors.map((factor, i) => [`conv/${i}`, factor]))
  }]))

it("what recorded steps say of g is counted", () => {
  expect(shortened([1, 0.5, 1, 1])).toEqual({ values: 4, above: 1 })
  // Of ones that float32 rounded none is above 1.
  expect(shortened([0.9999999, 0.9999995, 0.99999])).toEqual({ values: 3, above: 1 })
  const told = (factors: ReadonlyArray<number>) => words.identicalTexts(results, () => shortened(factors))[0]
  expect(told([1, 0.5, 1, 1])).toMatch(/tell g of POMs 16 times: it is above 1 in 25 % of them\.$/)
  expect(told([1, 1])).toMatch(/8 times: it is 1 in all of them\.$/)
})

it.each(["bounds", "small"])("the committed page of %s says what its results say", (name) => {
  const directory = join(import.meta.dirname, "../../experiments/results", name)
  const committed = JSON.parse(readFileSync(join(directory, "results.json"), "utf8")) as Results.Results
  const page = readFileSync(join(directory, "report.html"), "utf8")
  const notes = words.identicalTexts(committed, () => undefined)
  for (const note of [words.ofResults(committed), ...notes]) expect(page).toContain(Html.escape(note))
})

it("a page gets new words before its figures, once and for all", () => {
  const old = Html.page("old", [
    { _tag: "Text", text: "before" },
    { _tag: "Figure", title: "kept", caption: "$& kept", svg: "<svg></svg>" }
  ])
  const once = Html.renewed(old, "new", wordsOf(results))
  expect(once).toMatch(/<h1>new<\/h1>\n<p class="headline">CNN: PO has/)
  expect(once).not.toContain("before")
  expect(once).toContain("<h2>kept</h2>")
  expect(Html.renewed(once, "new", wordsOf(results))).toBe(once)
})
