import { Experiment } from "finegrain"
import { fgSgd, kernels, rate, stepping } from "./perceptrons/rows.ts"

/** Half of every layer's units on spheres, each with its weights as one vector, the other half without constraint. */
const half = {
  layers: Object.fromEntries(
    kernels.map((name) => [name, {
      collection: "Sp+Euc",
      strategy: "PO" as const,
      matricization: "perFilter" as const
    }])
  )
}

const decay = { weightDecay: [0, 1e-4, 1e-3, 1e-2] }

/**
 * Bernstein's comparison on CIFAR-10, which takes seconds a run: a perceptron 3072–128–64–10 without biases, trained
 * for three epochs by AdamW, Muon, manifold Muon, hyperspherical descent, FG-SGD and Riemannian Adam, with matrices on
 * spheres, oblique and Stiefel manifolds and mixtures of them. Every row chooses among the same number of candidates.
 */
export default Experiment.make({
  name: "modular-manifolds",
  about:
    "Do weights on manifolds train a small perceptron better than AdamW? CIFAR-10, 3072–128–64–10 without biases, " +
    "standardized images, batches of 1,024, three epochs, rates that fall linearly to 0. Every row chooses among " +
    "eight candidates of a Latin hypercube over its own ranges, trained for one epoch, by accuracy on 5,000 " +
    "held-out images.",
  base: {
    dataset: "cifar-10",
    normalize: true,
    model: "perceptron",
    collection: "Euc",
    batchSize: 1024,
    epochs: 3,
    schedule: "linear",
    policy: "none",
    measureLambda: false
  },
  rows: [
    {
      name: "AdamW",
      settings: { optimizer: "adamw" },
      search: { ...rate(1e-4, 1e-2), weightDecay: [0, 0.01, 0.1, 1] }
    },
    { name: "SGD", settings: {}, search: { ...rate(3e-3, 0.3), ...decay } },
    { name: "Muon", settings: { optimizer: "manifold-muon" }, search: { ...rate(1e-3, 0.1), ...decay } },
    { name: "manifold Muon (St)", ...stepping("manifold-muon", "St") },
    { name: "hyperspherical descent (Sp)", ...stepping("normalized", "Sp") },
    { name: "FG-SGD (Sp)", ...fgSgd("Sp") },
    { name: "FG-SGD (Ob)", ...fgSgd("Ob") },
    { name: "FG-SGD (St)", ...fgSgd("St") },
    { name: "FG-SGD (St, Ob, Sp by layer)", ...fgSgd("St", "Ob", "Sp") },
    {
      name: "FG-SGD (Sp+Euc in every layer)",
      settings: half,
      search: { ...rate(3e-3, 0.3), "rates.Sp": { from: 0.3, to: 30 } }
    },
    { name: "Riemannian Adam (Ob)", ...stepping("riemannian-adam", "Ob") },
    { name: "Riemannian Adam (St)", ...stepping("riemannian-adam", "St") },
    { name: "Riemannian Adam (St, Ob, Sp by layer)", ...stepping("riemannian-adam", "St", "Ob", "Sp") },
    // The first search of these chose at the edge of its ranges, so that they are searched anew, in wider ones.
    {
      name: "AdamW (wider)",
      settings: { optimizer: "adamw" },
      search: { ...rate(1e-4, 1e-2), weightDecay: { from: 0.03, to: 30 } }
    },
    { name: "SGD (wider)", settings: {}, search: { ...rate(3e-3, 0.3), weightDecay: { from: 1e-4, to: 0.3 } } },
    {
      name: "Muon (wider)",
      settings: { optimizer: "manifold-muon" },
      search: { ...rate(3e-3, 1), weightDecay: { from: 1e-4, to: 1 } }
    }
  ],
  columns: [{ name: "50,000 images", settings: {} }],
  seeds: [1, 2, 3, 4, 5],
  also: ["trainLoss", "trainError", "gap"],
  selection: { candidates: 8, how: "latin-hypercube", epochs: 1, seed: 100, validationImages: 5000 },
  baseline: "AdamW",
  smoke: { dataset: "generated:cifar-10", trainImages: 16, testImages: 10, epochs: 1, batchSize: 8 }
})
