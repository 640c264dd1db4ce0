import { Experiment } from "finegrain"

const search = { learningRate: { from: 0.01, to: 0.3 }, weightDecay: { from: 1e-4, to: 0.03 } }

/** Recommended rates, times one factor, whatever the step rule takes. */
const poms = (collection: string, strategy: "PI" | "PIO" = "PIO") => ({
  name: `${strategy} (${collection})`,
  settings: { collection, strategy, ratesAfterRule: true },
  search: { ...search, "rates.recommended": { from: 0.25, to: 4 } }
})

/**
 * The poster's comparison, scaled to a laptop: a small residual network on a part of Fashion-MNIST, with an equal
 * search for every row: eight candidates of a Latin hypercube over ranges of its own, by accuracy on 5,000 held-out
 * training images.
 */
export default Experiment.make({
  name: "table-poms",
  about: "Do products of weight manifolds help a small residual network? Fashion-MNIST, ResNet-8, 5,000 training " +
    "images, 3 epochs; tested on all 10,000 test images. Every row chooses among eight candidates by accuracy on " +
    "5,000 held-out training images: over rate and weight decay, rows of POMs over a factor of their recommended " +
    "rates as well.",
  base: {
    dataset: "fashion-mnist",
    model: "resnet-8",
    trainImages: 5000,
    epochs: 3,
    batchSize: 32,
    schedule: "cosine",
    momentum: 0.9,
    backend: "wasm"
  },
  rows: [
    { name: "Euc", settings: { collection: "Euc" }, search },
    poms("Sp"),
    poms("Ob"),
    poms("St"),
    poms("Sp+Ob+St", "PI"),
    poms("Sp+Ob+St"),
    poms("Sp+Ob+St+Euc")
  ],
  columns: [{ name: "ResNet-8", settings: {} }],
  seeds: [1, 2, 3, 4, 5],
  also: ["trainLoss", "trainError", "gap"],
  selection: { candidates: 8, how: "latin-hypercube", seed: 100, validationImages: 5000 },
  baseline: "Euc",
  // On data that every machine has.
  smoke: { dataset: "generated:cifar-10", trainImages: 16, testImages: 10, epochs: 1 }
})
