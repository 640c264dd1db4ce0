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
