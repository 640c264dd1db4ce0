import { Experiment } from "finegrain"

const rows = (["curvatureAware", "plain"] as const).flatMap((rule) => [
  { name: `${rule}, constant`, settings: { rule, schedule: "constant" as const } },
  { name: `${rule}, a = 0.51`, settings: { rule, schedule: "power" as const, exponent: 0.51 } }
])

/**
 * A network whose critical points are global minima: its first layer is wider than there are images, and from the
 * second layer on its weights are orthonormal matrices, which have full rank (Nguyen and Hein 2017, theorem 3.4). The
 * cross-entropy has the infimum 0.
 */
export default Experiment.make({
  name: "pyramidal",
  about: "Does the training loss of a pyramidal network come to its global minimum, 0? Perceptron 256–128–64 on 200 " +
    "MNIST images, its second and third layer on Stiefel manifolds, the gradient of all images in every step, 400 " +
    "steps without momentum, a column for each r₀; with the curvature term of the step size and without, at a " +
    "constant rate and under r₀(1 + t)^(−.51). Nothing is chosen. Tested on 1,000 images.",
  base: {
    dataset: "mnist",
    model: "mlp",
    collection: "Sp+Ob+St",
    layers: { hidden2: { collection: "St" }, hidden3: { collection: "St" } },
    policy: "none",
    trainImages: 200,
    testImages: 1000,
    batchSize: 200,
    epochs: 400,
    testEvery: 400,
    momentum: 0,
    backend: "wasm"
  },
  rows,
  columns: [0.3, 1, 3].map((learningRate) => ({ name: `rate ${learningRate}`, settings: { learningRate } })),
  seeds: [1, 2],
  also: ["trainLoss", "gradientNorm"],
  baseline: rows[0]!.name,
  smoke: { dataset: "generated:cifar-10", trainImages: 16, testImages: 10, epochs: 1 }
})
