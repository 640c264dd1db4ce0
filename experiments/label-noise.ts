import { Experiment } from "finegrain"

/** The Euclidean rate, weight decay of what is Euclidean up to where nothing is learnt. */
const search = { learningRate: { from: 0.01, to: 0.3 }, weightDecay: { from: 1e-5, to: 0.1 } }

/**
 * The regime in which bounded norms should matter: 40 % of the labels drawn anew. Every row has the same number of
 * candidates. A trial takes minutes: run it in parts, `--only "Euc"`, and go on with `--resume`.
 */
export default Experiment.make({
  name: "label-noise",
  about:
    "Do mixtures of manifolds err less than tuned Euclidean kernels where labels are wrong? ResNet-8, 8,000 images " +
    "of CIFAR-10, 40 % of the labels drawn anew, 20 epochs in batches of 128, no augmentation. Every row chooses " +
    "among eight candidates of a Latin hypercube over its own ranges by accuracy on 5,000 held-out images, whose " +
    "labels are right.",
  base: {
    dataset: "cifar-10",
    normalize: true,
    trainImages: 8000,
    labelNoise: 0.4,
    model: "resnet-8",
    batchSize: 128,
    epochs: 20,
    schedule: "cosine",
    measureBounds: true,
    measures: ["label-noise"],
    measuresEvery: 20,
    backend: "wasm",
    accelerator: "auto"
  },
  rows: [
    { name: "Euc", settings: { collection: "Euc" }, search },
    {
      name: "PIO (Sp+Ob+St+Euc)",
      settings: { collection: "Sp+Ob+St+Euc" },
      // Recommended rates, times one factor for all that is curved.
      search: { ...search, "rates.recommended": { from: 0.25, to: 4 } }
    }
  ],
  columns: [{ name: "40 % noise", settings: {} }],
  seeds: [1, 2, 3, 4, 5],
  also: ["trainLoss", "trainError", "gap"],
  selection: { candidates: 8, how: "latin-hypercube", seed: 100, validationImages: 5000 },
  baseline: "Euc",
  smoke: { dataset: "generated:cifar-10", trainImages: 16, testImages: 10, epochs: 1, batchSize: 8 }
})
