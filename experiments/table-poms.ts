import { Experiment } from "finegrain"

const single = (symbol: string) =>
  (["PI", "PO", "PIO"] as const).map((strategy) => ({
    name: `${strategy} (${symbol})`,
    settings: { collection: symbol, strategy }
  }))

/**
 * The poster's comparison, scaled to a laptop: small residual networks on a part of Fashion-MNIST, without and with
 * squeeze and excitation. The learning rate of every cell is chosen by one and the same protocol: the best of four by
 * accuracy on 5,000 held-out training images, with a seed of its own.
 */
export default Experiment.make({
  name: "table-poms",
  about: "Do products of weight manifolds help a small residual network? Fashion-MNIST, ResNet-8 and SENet-8, 5,000 " +
    "training images, " +
    "3 epochs; tested on all 10,000 test images. Every row and network chooses its learning rate by validation on " +
    "held-out training images.",
  base: {
    dataset: "fashion-mnist",
    trainImages: 5000,
    epochs: 3,
    batchSize: 32,
    schedule: "cosine",
    momentum: 0.9
  },
  rows: [
    { name: "Euc", settings: { collection: "Euc" } },
    ...single("Sp"),
    ...single("Ob"),
    ...single("St"),
    { name: "PIO (Sp+Ob+St)", settings: { collection: "Sp+Ob+St" } },
    { name: "PIO (Sp+Ob+St+Euc)", settings: { collection: "Sp+Ob+St+Euc" } }
  ],
  columns: [
    { name: "ResNet-8", settings: { model: "resnet-8" } },
    { name: "SENet-8", settings: { model: "senet-8" } }
  ],
  seeds: [1, 2, 3],
  selection: { setting: "learningRate", values: [0.02, 0.1, 0.5, 2.5], seed: 100, validationImages: 5000 },
  baseline: "Euc",
  // On data that every machine has.
  smoke: { dataset: "generated:cifar-10", trainImages: 16, testImages: 10, epochs: 1 }
})
