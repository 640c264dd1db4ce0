import { Experiment } from "finegrain"

const exponents = [0.51, 0.75, 1] as const

const rows = (rule: "curvatureAware" | "plain") => [
  { name: `${rule}, constant`, settings: { rule, schedule: "constant" as const } },
  ...exponents.map((exponent) => ({
    name: `${rule}, a = ${exponent}`,
    settings: { rule, schedule: "power" as const, exponent }
  }))
]

/** Local convergence under schedules with Σr = ∞ and Σr² < ∞, with and without the curvature term of the step size. */
export default Experiment.make({
  name: "convergence",
  about: "Do gradient norms vanish under r(t) = r₀(1 + t)^(−a), 1/2 < a ≤ 1, and what does the curvature term of the " +
    "step size change? Small CNN on 2,000 MNIST images, eight epochs, no momentum. Every row chooses r₀ among six by " +
    "accuracy on 2,000 held-out images.",
  base: {
    dataset: "mnist",
    model: "small-cnn",
    collection: "Sp+Ob+St",
    trainImages: 2000,
    batchSize: 32,
    epochs: 8,
    testEvery: 8,
    momentum: 0,
    backend: "wasm"
  },
  rows: [...rows("curvatureAware"), ...rows("plain")],
  columns: [{ name: "small CNN", settings: {} }],
  seeds: [1, 2, 3, 4, 5],
  also: ["trainLoss", "gradientNorm"],
  selection: {
    setting: "learningRate",
    values: [0.01, 0.03, 0.1, 0.3, 1, 3],
    seed: 100,
    validationImages: 2000
  },
  smoke: { dataset: "generated:cifar-10", trainImages: 32, testImages: 20, epochs: 2 }
})
