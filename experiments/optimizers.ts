import { Experiment } from "finegrain"
import cifar from "./table-cifar.ts"

const decay = { weightDecay: { from: 1e-4, to: 0.1 } }
const mixture = { collection: "Sp+Ob+St+Euc" }

/** Other optimizers in the regime of `table-cifar`, on Euclidean kernels and on the mixture of manifolds. */
export default Experiment.make({
  ...cifar,
  name: "optimizers",
  about: "Do Riemannian Adam and manifold Muon make mixtures of manifolds better than Adam and Muon make Euclidean " +
    "kernels? ResNet-8, 1,000 images of CIFAR-10, 30 epochs, no augmentation. Every row chooses among eight " +
    "candidates of a Latin hypercube over rate and weight decay, as in table-cifar.",
  rows: [
    { name: "SGD (Euc)", settings: { collection: "Euc" }, search: { learningRate: { from: 0.01, to: 0.3 }, ...decay } },
    {
      name: "AdamW (Euc)",
      settings: { collection: "Euc", optimizer: "adamw" },
      search: { learningRate: { from: 3e-4, to: 3e-2 }, weightDecay: { from: 0.01, to: 3 } }
    },
    {
      // A layer's kernels as one matrix, as those who use Muon have them.
      name: "Muon (Euc)",
      settings: { collection: "Euc", optimizer: "manifold-muon", matricization: "whole" },
      search: { learningRate: { from: 3e-3, to: 0.3 }, ...decay }
    },
    {
      name: "Riemannian Adam (mixture)",
      settings: { ...mixture, optimizer: "riemannian-adam" },
      search: { learningRate: { from: 1e-3, to: 0.1 }, ...decay }
    },
    {
      name: "manifold Muon (mixture)",
      settings: { ...mixture, optimizer: "manifold-muon" },
      search: { learningRate: { from: 1e-3, to: 0.1 }, ...decay }
    }
  ],
  baseline: "SGD (Euc)"
})
