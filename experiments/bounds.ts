import { Experiment } from "finegrain"

/**
 * The six generalization bounds, the norms and the empirical gap along training: Euclidean kernels against renormalized
 * ones.
 */
export default Experiment.make({
  name: "bounds",
  about:
    "Do renormalized products keep the generalization bounds small while they learn? Small CNN, 2,000 MNIST images, " +
    "8 epochs; the " +
    "six bounds from norms of POMs and of whole layers, and the gap between training and test.",
  base: { dataset: "mnist", model: "small-cnn", trainImages: 2000, epochs: 8, batchSize: 32, measureBounds: true },
  rows: [
    { name: "Euc", settings: { collection: "Euc" } },
    { name: "Euc, weight decay", settings: { collection: "Euc", weightDecay: 0.0005 } },
    { name: "PIO (Sp+Ob+St), γ = 1", settings: { collection: "Sp+Ob+St", policy: "none" } },
    { name: "PIO (Sp+Ob+St), unit norms", settings: { collection: "Sp+Ob+St", policy: "unit" } },
    { name: "PIO (Sp+Ob+St+Euc), unit norms", settings: { collection: "Sp+Ob+St+Euc", policy: "unit" } }
  ],
  seeds: [1, 2, 3],
  baseline: "Euc",
  smoke: { trainImages: 64, testImages: 100, epochs: 2 }
})
