import { Experiment } from "finegrain"
import cifar, { poms, search } from "./table-cifar.ts"

const searchOfAll = { ...search, weightDecay: { from: 1e-4, to: 0.01 } }

const mixture = poms("PIO (Sp+Ob+St+Euc)", { collection: "Sp+Ob+St+Euc" })

/**
 * The paper's question on all of its data. A final run takes some forty minutes on one core, all of it four hours on
 * two: go on with `--resume`.
 */
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
  rows: [
    { name: "Euc", settings: { collection: "Euc" }, search: searchOfAll },
    { ...mixture, search: { ...mixture.search, ...searchOfAll } }
  ],
  seeds: [1, 2, 3],
  selection: { candidates: 8, how: "latin-hypercube", epochs: 2, seed: 100, validationImages: 5000 }
})
