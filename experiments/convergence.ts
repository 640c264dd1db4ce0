import { Experiment } from "finegrain"

const exponents = [0.51, 0.75, 1] as const

const rows = (rule: "curvatureAware" | "plain") => [
  { name: `${rule}, constant`, settings: { rule, schedule: "constant" as const, learningRate: 0.1 } },
  ...exponents.map((exponent) => ({
    name: `${rule}, a = ${exponent}`,
    settings: { rule, schedule: "power" as const, exponent }
  }))
]

/** Local convergence under schedules with Σr = ∞ and Σr² < ∞, with and without the curvature term of the step size. */
export default Experiment.make({
  name: "convergence",
  about:
    "Do gradient norms vanish under r(t) = r₀(1 + t)^(−a), 1/2 < a ≤ 1, and what does the curvature term of the step size change? " +
    "Small CNN, 2,000 MNIST images, no momentum; the constant schedule is there for comparison.",
  base: {
    dataset: "mnist",
    model: "small-cnn",
    collection: "Sp+Ob+St",
    trainImages: 2000,
    epochs: 8,
    batchSize: 32,
    momentum: 0,
    learningRate: 0.5
  },
  rows: [...rows("curvatureAware"), ...rows("plain")],
  seeds: [1, 2, 3],
  smoke: { trainImages: 64, testImages: 100, epochs: 2 }
})
