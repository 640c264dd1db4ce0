import { Experiment } from "finegrain"

const rate = { learningRate: { from: 0.01, to: 0.3 } }

/** A row of POMs: the Euclidean rate, how many times as far curved POMs step, and weight decay of what is Euclidean. */
const curved = (name: string, collection: string, ...symbols: ReadonlyArray<string>) => ({
  name,
  settings: { collection },
  search: {
    ...rate,
    weightDecay: [0, 5e-4, 5e-3],
    ...Object.fromEntries(symbols.map((symbol) => [`rates.${symbol}`, { from: 4, to: 256 }]))
  }
})

/**
 * The regime in which bounded norms should matter: 40 % of the labels drawn anew. Euclidean kernels choose among weight
 * decays up to where nothing is learnt; every row has the same number of candidates. A trial takes minutes: run it
 * in parts, `--only "Euc"`, and go on with `--resume`.
 */
export default Experiment.make({
  name: "label-noise",
  about:
    "Do mixtures of manifolds err less than tuned Euclidean kernels where labels are wrong? ResNet-8, 8,000 images " +
    "of CIFAR-10, 40 % of the labels drawn anew, 20 epochs in batches of 128, no augmentation. Every row chooses " +
    "among sixteen candidates of a Latin hypercube over its own ranges by accuracy on 5,000 held-out images, whose " +
    "labels are right.",
  base: {
    dataset: "cifar-10",
    normalize: true,
    trainImages: 8000,
    labelNoise: 0.4,
    model: "resnet-8",
    batchSize: 128,
    epochs: 20,
    schedule: "cosine"
  },
  rows: [
    {
      name: "Euc",
      settings: { collection: "Euc" },
      search: { ...rate, weightDecay: { from: 1e-5, to: 0.1 } }
    },
    curved("PIO (Sp+Ob+St+Euc)", "Sp+Ob+St+Euc", "Sp", "Ob", "St"),
    curved("PIO (Sp+Ob+St)", "Sp+Ob+St", "Sp", "Ob", "St"),
    curved("Sp", "Sp", "Sp"),
    curved("St", "St", "St")
  ],
  columns: [{ name: "40 % noise", settings: {} }],
  seeds: [1, 2, 3, 4, 5],
  also: ["trainLoss", "trainError", "gap"],
  selection: { candidates: 16, how: "latin-hypercube", seed: 100, validationImages: 5000 },
  baseline: "Euc",
  smoke: { dataset: "generated:cifar-10", trainImages: 16, testImages: 10, epochs: 1, batchSize: 8 }
})
