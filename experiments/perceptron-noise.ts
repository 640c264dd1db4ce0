import { Experiment } from "finegrain"
import { fgSgd, rate } from "./perceptrons/rows.ts"

/**
 * Wrong labels on a network that takes seconds: does a bounded norm keep a perceptron from learning them, and does it
 * help more than weight decay does?
 */
export default Experiment.make({
  name: "perceptron-noise",
  about:
    "Do weights on manifolds err less where labels are wrong? Perceptron 3072–128–64–10, 8,000 images of CIFAR-10, " +
    "40 % of the labels drawn anew, ten epochs in batches of 256, rates that fall linearly to 0. Every row chooses " +
    "among eight candidates of a Latin hypercube over its own ranges by accuracy on 5,000 held-out images, whose " +
    "labels are right.",
  base: {
    dataset: "cifar-10",
    normalize: true,
    trainImages: 8000,
    labelNoise: 0.4,
    model: "perceptron",
    collection: "Euc",
    batchSize: 256,
    epochs: 10,
    schedule: "linear",
    policy: "none",
    measureLambda: false
  },
  rows: [
    { name: "SGD", settings: {}, search: { ...rate(1e-3, 0.1), weightDecay: { from: 1e-4, to: 0.3 } } },
    {
      name: "AdamW",
      settings: { optimizer: "adamw" },
      search: { ...rate(3e-5, 3e-3), weightDecay: { from: 0.01, to: 30 } }
    },
    { name: "FG-SGD (Sp)", ...fgSgd("Sp") },
    { name: "FG-SGD (Ob)", ...fgSgd("Ob") }
  ],
  columns: [{ name: "40 % noise", settings: {} }],
  seeds: [1, 2, 3, 4, 5],
  also: ["trainLoss", "trainError", "gap"],
  selection: { candidates: 8, how: "latin-hypercube", seed: 100, validationImages: 5000 },
  baseline: "SGD",
  smoke: { dataset: "generated:cifar-10", trainImages: 16, testImages: 10, epochs: 1, batchSize: 8 }
})
