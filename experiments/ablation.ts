import { Experiment } from "finegrain"

/** What each part of the method contributes: γ, λ and its clamp, the curvature term, ρ, retractions, random groups. */
export default Experiment.make({
  name: "ablation",
  about: "What do the parts contribute? Small CNN, PIO of four manifolds, 2,000 MNIST images, 5 epochs; each row " +
    "changes one setting of the first, and chooses its learning rate among six by accuracy on 2,000 held-out images.",
  base: {
    dataset: "mnist",
    model: "small-cnn",
    collection: "Sp+Ob+St+Euc",
    trainImages: 2000,
    epochs: 5,
    batchSize: 32,
    backend: "wasm"
  },
  rows: [
    { name: "as in the paper", settings: {} },
    { name: "γ by Frobenius norm", settings: { policy: "frobenius" } },
    { name: "γ = 1", settings: { policy: "none" } },
    { name: "λ not clamped", settings: { policy: "unclamped" } },
    { name: "no λ", settings: { measureLambda: false } },
    { name: "no curvature term", settings: { rule: "plain" } },
    { name: "ρ = 0.1", settings: { rho: 0.1 } },
    { name: "ρ = 10", settings: { rho: 10 } },
    { name: "polar retraction", settings: { collection: "Sp+Ob+St:polar+Euc" } },
    { name: "Cayley retraction", settings: { collection: "Sp+Ob+St:cayley+Euc" } },
    { name: "exponential map", settings: { collection: "Sp+Ob+St:exp+Euc" } },
    { name: "contiguous groups", settings: { selection: "contiguous" } },
    { name: "PI", settings: { strategy: "PI" } },
    { name: "PO", settings: { strategy: "PO" } }
  ],
  seeds: [1, 2, 3, 4, 5],
  selection: {
    setting: "learningRate",
    values: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3],
    seed: 100,
    validationImages: 2000
  },
  smoke: { trainImages: 64, testImages: 100, epochs: 1 }
})
