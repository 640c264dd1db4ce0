import { Experiment } from "finegrain"

const exponents = [0.51, 0.75, 1] as const

const rows = (rule: "curvatureAware" | "plain") => [
  { name: `${rule}, constant`, settings: { rule, schedule: "constant" as const } },
  ...exponents.map((exponent) => ({
    name: `${rule}, a = ${exponent}`,
    settings: { rule, schedule: "power" as const, exponent }
  }))
]

/**
 * Local convergence under schedules with Σr = ∞ and Σr² < ∞, with and without the curvature term of the step size; and
 * the pyramidal network, whose critical points are global minima: its first layer is wider than there are images, and
 * from the second layer on its weights are orthonormal matrices, which have full rank (Nguyen and Hein 2017, theorem
 * 3.4).
 */
export default Experiment.make({
  name: "convergence",
  about: "Do gradient norms vanish under r(t) = r₀(1 + t)^(−a), 1/2 < a ≤ 1, does the training loss of a pyramidal " +
    "network reach its global " +
    "minimum, 0, and what does the curvature term of the step size change? Small CNN on 2,000 MNIST images; " +
    "perceptron 256–128–64 " +
    "on 200, its second and third layer on Stiefel manifolds, tested on 1,000; no momentum. Every cell chooses r₀ " +
    "by validation on held-out images.",
  base: { dataset: "mnist", collection: "Sp+Ob+St", batchSize: 32, momentum: 0 },
  rows: [...rows("curvatureAware"), ...rows("plain")],
  columns: [
    {
      name: "small CNN",
      settings: { model: "small-cnn", trainImages: 2000, epochs: 8 },
      smoke: { trainImages: 32, epochs: 2 }
    },
    {
      name: "pyramidal",
      settings: {
        model: "mlp",
        trainImages: 200,
        epochs: 60,
        testImages: 1000,
        policy: "none",
        layers: { hidden2: { collection: "St" }, hidden3: { collection: "St" } }
      },
      smoke: { trainImages: 32, epochs: 2 }
    }
  ],
  seeds: [1, 2, 3],
  also: ["trainLoss", "gradientNorm"],
  selection: { setting: "learningRate", values: [0.1, 0.5, 2.5, 12.5], seed: 100, validationImages: 2000 },
  smoke: { dataset: "generated:cifar-10", testImages: 20 }
})
