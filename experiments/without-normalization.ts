import { Experiment } from "finegrain"
import cifar from "./table-cifar.ts"

/** Two rows of `table-cifar` in a network without normalization, where the length of a kernel counts. */
export default Experiment.make({
  ...cifar,
  name: "without-normalization",
  about: "Do mixtures of manifolds beat Euclidean kernels where no normalization takes the length of a filter away? " +
    "ResNet-8 without normalization, every branch ending in a learnt scale that is 0 at first; 1,000 images of " +
    "CIFAR-10, 30 epochs, no augmentation. Every row chooses among eight candidates, as in table-cifar.",
  base: { ...cifar.base, model: "resnet-8-skipinit" },
  rows: cifar.rows.filter(({ name }) => name === "Euc" || name === "PIO (Sp+Ob+St+Euc)")
})
