import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import { Experiment, type Run } from "finegrain"
import { expect, it } from "vitest"
import * as collect from "../../src/experiment/collect.ts"
import { ofExperiment } from "../../src/report/experimentReport.ts"
import * as Html from "../../src/report/Html.ts"

const found: collect.TrialRecord = {
  status: "completed",
  reason: undefined,
  summary: { testAccuracy: 0.75, testLoss: Number.NaN } as Run.RunSummary,
  environment: undefined,
  report: undefined
}

const resultsOf = (experiment: Experiment.Experiment) =>
  collect.results(experiment, false, Effect.runSync(Experiment.plan(experiment)), {
    trial: () => found,
    seeds: () => []
  })

const contentOf = (experiment: Experiment.Experiment) =>
  Effect.runPromise(ofExperiment("/nowhere", resultsOf(experiment)).pipe(Effect.provide(NodeServices.layer)))

const experiment: Experiment.Experiment = {
  name: "names",
  about: "",
  base: { model: "mlp" },
  rows: [{ name: "A", settings: {} }],
  seeds: [1]
}

it("gives the figures of columns names that can be told apart", async () => {
  const columns = ["γ = 1", "λ = 1"].map((name) => ({ name, settings: {} }))
  const { figures } = await contentOf({ ...experiment, columns })
  expect(figures.map(({ name }) => name)).toEqual(["test-errors-gamma_1", "test-errors-lambda_1"])
})

it("shows a loss that is no number as such, not as missing", async () => {
  const { after } = await contentOf(experiment)
  expect(Html.page("", after)).toContain("&quot;testLoss&quot;: &quot;NaN&quot;")
})

it("draws what was chosen from: the validation error of every candidate, a line per row", async () => {
  const { figures } = await contentOf({
    ...experiment,
    rows: ["A", "B"].map((name) => ({ name, settings: {} })),
    selection: { setting: "learningRate", values: [0.1, 1], seed: 9, validationImages: 10 }
  })
  const drawn = figures.find(({ name }) => name === "candidates-mlp")
  expect(drawn?.spec).toMatchObject({
    data: {
      values: ["A", "B"].flatMap((row) => [0.1, 1].map((candidate) => ({ row, candidate, error: 25 })))
    }
  })
})

it("draws validation over every hyperparameter of a search, a panel per row", async () => {
  const { figures } = await contentOf({
    ...experiment,
    rows: [
      { name: "A", settings: {}, search: { learningRate: [0.1, 1], weightDecay: [0, 0.01] } },
      { name: "B", settings: { collection: "Sp" }, search: { learningRate: [0.1, 1], "rates.recommended": [1, 2] } }
    ],
    selection: { candidates: 4, how: "grid", seed: 9, validationImages: 10 }
  })
  const drawn = figures.filter(({ name }) => name.startsWith("validation-"))
  const rowsOf = (
    { spec }: (typeof drawn)[number]
  ) => [
    ...new Set((spec as unknown as { data: { values: Array<{ across: string }> } }).data.values.map((v) => v.across))
  ]
  expect(drawn.map((figure) => [figure.title, ...rowsOf(figure)])).toEqual([
    ["Validation over learningRate, mlp", "A", "B"],
    ["Validation over weightDecay, mlp", "A"],
    ["Validation over rates.recommended, mlp", "B"]
  ])
  // A weight decay of 0 has no place on a logarithmic axis.
  expect(JSON.stringify(drawn.map(({ spec }) => spec)).match(/"type":"log"/g)?.length).toBe(2)
  expect(drawn[1]?.spec).toMatchObject({
    data: {
      values: [0, 0.01, 0, 0.01].map((value, i) => ({
        setting: "weightDecay",
        across: "A",
        value,
        error: 25,
        chosen: i === 0
      }))
    }
  })
})
