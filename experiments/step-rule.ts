import { Experiment } from "finegrain"
import { fgSgd } from "./perceptrons/rows.ts"

const rates = [0.03, 0.1, 0.3, 1, 3, 10, 30]
const momenta = [0, 0.9]
const rules = { curvatureAware: "with curvature term", plain: "without" } as const

const rows = momenta.flatMap((momentum) =>
  (Object.keys(rules) as ReadonlyArray<keyof typeof rules>).map((rule) => ({
    name: `momentum ${momentum} ${rules[rule]}`,
    settings: { ...fgSgd("Ob").settings, momentum, rule }
  }))
)

/** Where the paper's step rule acts: every rate with it and without it, nothing chosen. A trial takes seconds. */
export default Experiment.make({
  name: "step-rule",
  about: "What does the curvature term of the step rule buy? Perceptron 3072–128–64–10 with its matrices on oblique " +
    "manifolds, 2,000 images of CIFAR-10, three epochs in batches of 100 at a constant rate, a column for each; with " +
    "and without the term, with momentum and without. Tested on the first 1,000 images.",
  base: {
    dataset: "cifar-10",
    normalize: true,
    trainImages: 2000,
    testImages: 1000,
    model: "perceptron",
    collection: "Euc",
    batchSize: 100,
    epochs: 3,
    schedule: "constant",
    policy: "none",
    measureLambda: false
  },
  rows,
  columns: rates.map((learningRate) => ({ name: `rate ${learningRate}`, settings: { learningRate } })),
  seeds: [1, 2],
  also: ["trainLoss"],
  baseline: rows[0]!.name,
  smoke: { dataset: "generated:cifar-10", trainImages: 16, testImages: 10, epochs: 1, batchSize: 8 }
})
