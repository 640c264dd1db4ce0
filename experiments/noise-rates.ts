import { Experiment } from "finegrain"
import cifar, { rowsOf, search } from "./table-cifar.ts"

/** Two rows of `table-cifar`, one of them searched anew, where some of the labels are wrong, and where most are. */
export default Experiment.make({
  ...cifar,
  name: "noise-rates",
  about: "Do mixtures of manifolds err less than Euclidean kernels at other noise rates? ResNet-8, 1,000 images of " +
    "CIFAR-10 of which 20 or 60 % have labels drawn anew, 30 epochs, no augmentation. Every row chooses among eight " +
    "candidates, as in table-cifar, by accuracy on held-out images whose labels are right.",
  base: { ...cifar.base, measures: ["label-noise"] },
  columns: [
    { name: "60 % noise", settings: { labelNoise: 0.6 } },
    { name: "20 % noise", settings: { labelNoise: 0.2 } }
  ],
  rows: [
    ...rowsOf("Euc", "PIO (Sp+Ob+St+Euc)"),
    // The first row chose the smallest rate that it tried, at both noise rates.
    {
      name: "Euc (wider)",
      settings: { collection: "Euc" },
      search: { ...search, learningRate: { from: 0.001, to: 0.03 } }
    }
  ]
})
