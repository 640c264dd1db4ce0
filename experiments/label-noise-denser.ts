import { Experiment } from "finegrain"
import noise from "./label-noise.ts"

/**
 * The rows of `label-noise` searched anew, eight more candidates each: Euclidean kernels around what the first search
 * chose, the mixture around a setting that had been found by hand and lay between the candidates of the first.
 */
export default Experiment.make({
  ...noise,
  name: "label-noise-denser",
  about: "Does a denser search change what label-noise found? ResNet-8, 8,000 images of CIFAR-10, 40 % of the " +
    "labels drawn anew, 20 epochs. Every row chooses among eight candidates by accuracy on 5,000 held-out images, " +
    "whose labels are right: Euclidean kernels around rate .03 and weight decay .004, the mixture around rate .1, " +
    "curved kernels some 64 times as far, whatever the step rule takes.",
  rows: [
    {
      name: "Euc",
      settings: { collection: "Euc" },
      search: { learningRate: { from: 0.01, to: 0.1 }, weightDecay: { from: 1e-3, to: 0.016 } }
    },
    {
      name: "PIO (Sp+Ob+St+Euc)",
      settings: { collection: "Sp+Ob+St+Euc", ratesAfterRule: true },
      search: {
        learningRate: { from: 0.03, to: 0.3 },
        weightDecay: { from: 1e-5, to: 1e-2 },
        "rates.curved": { from: 16, to: 256 }
      }
    }
  ],
  selection: { candidates: 8, how: "latin-hypercube", seed: 200, validationImages: 5000 }
})
