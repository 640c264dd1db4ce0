import { Experiment } from "finegrain"
import cifar, { poms, rowsOf, search, searchOfPoms } from "./table-cifar.ts"

const mixture = { collection: "Sp+Ob+St+Euc" }

const turns = ["Sp", "Ob", "St", "Euc"]

const convolutions = ["conv0", ...[1, 2, 3].flatMap((stage) => [1, 2].map((i) => `stage${stage}_block1_conv${i}`))]

/** Layers as one matrix each, the manifolds by turns. */
const layers = Object.fromEntries(convolutions.map((name, i) => [name, { collection: turns[i % turns.length]! }]))

/** The mixture of `table-cifar` in other ways: its groups, its matrices, its metric, and rates before the step rule. */
export default Experiment.make({
  ...cifar,
  name: "variants",
  about: "Do other groups, other matrices, the metric of weights or rates before the step rule make the mixture of " +
    "manifolds better? ResNet-8, 1,000 images of CIFAR-10, 30 epochs, no augmentation. Every row chooses among eight " +
    "candidates, as in table-cifar.",
  rows: [
    ...rowsOf("PIO (Sp+Ob+St+Euc)"),
    poms("PI", { ...mixture, strategy: "PI" }),
    poms("PO", { ...mixture, strategy: "PO" }),
    poms("filters", { ...mixture, matricization: "perFilter" }),
    poms("layers by turns", {
      collection: "Sp",
      matricization: "whole",
      policy: "none",
      measureLambda: false,
      layers
    }),
    // W moves as Euclidean kernels move, so that there are no rates to recommend.
    { name: "metric of weights", settings: { ...mixture, metric: "weights" }, search },
    { name: "rates before the rule", settings: mixture, search: searchOfPoms }
  ],
  baseline: "PIO (Sp+Ob+St+Euc)"
})
