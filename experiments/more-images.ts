import { Experiment } from "finegrain"
import cifar, { rowsOf } from "./table-cifar.ts"

/** Three rows of `table-cifar` on five times its images. */
export default Experiment.make({
  ...cifar,
  name: "more-images",
  about: "Do mixtures of manifolds beat Euclidean kernels on 5,000 images of CIFAR-10? " +
    "ResNet-8, 20 epochs, no augmentation. Every row chooses among eight candidates, as in table-cifar.",
  base: { ...cifar.base, trainImages: 5000, epochs: 20, testEvery: 20, measuresEvery: 20 },
  columns: [{ name: "5000 images", settings: {} }],
  rows: rowsOf("Euc", "PIO (Sp+Ob+St)", "PIO (Sp+Ob+St+Euc)")
})
