import { Experiment } from "finegrain"
import cifar, { poms, rowsOf } from "./table-cifar.ts"

/**
 * Two rows of `table-cifar` in a network without normalization, where the length of a kernel counts, and two that
 * differ by it alone: kernels of one length each, and of any length up to it.
 */
export default Experiment.make({
  ...cifar,
  name: "without-normalization",
  about: "Do mixtures of manifolds beat Euclidean kernels where no normalization takes the length of a filter away? " +
    "ResNet-8 without normalization, every branch ending in a learnt scale that is 0 at first; 1,000 images of " +
    "CIFAR-10, 30 epochs, no augmentation. Every row chooses among eight candidates, as in table-cifar.",
  base: { ...cifar.base, model: "resnet-8-skipinit" },
  rows: [
    ...rowsOf("Euc", "PIO (Sp+Ob+St+Euc)"),
    poms("PIO (Sp)", { collection: "Sp" }),
    poms("PIO (Ball)", { collection: "Ball" })
  ]
})
