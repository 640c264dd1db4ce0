import { Experiment } from "finegrain"
import cifar, { rowsOf } from "./table-cifar.ts"

/** So many images need less of it. */
const weightDecay = { from: 1e-4, to: 0.01 }

/** The paper's question on all of its data. It takes hours on two cores: go on with `--resume`. */
export default Experiment.make({
  ...cifar,
  name: "all-images",
  about: "Do mixtures of manifolds beat Euclidean kernels on all images of CIFAR-10, but for 5,000 that are " +
    "held out? ResNet-8, 20 epochs in batches of 128, images cropped and flipped. Both rows choose among eight " +
    "candidates of a Latin hypercube, trained for two epochs, by accuracy on the held-out images.",
  base: {
    ...cifar.base,
    trainImages: 45_000,
    batchSize: 128,
    epochs: 20,
    testEvery: 20,
    measuresEvery: 20,
    augment: "crop-flip"
  },
  columns: [{ name: "45000 images", settings: {} }],
  rows: rowsOf("Euc", "PIO (Sp+Ob+St+Euc)").map(({ name, search, settings }) => ({
    name,
    settings,
    search: { ...search, weightDecay }
  })),
  seeds: [1, 2, 3],
  selection: { candidates: 8, how: "latin-hypercube", epochs: 2, seed: 100, validationImages: 5000 }
})
