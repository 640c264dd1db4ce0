import { Experiment } from "finegrain"

/** What rows of Euclidean kernels search. */
export const search = { learningRate: { from: 0.01, to: 0.3 }, weightDecay: { from: 1e-4, to: 0.1 } }

/** Recommended rates, times one factor. */
export const searchOfPoms = { ...search, "rates.recommended": { from: 0.25, to: 4 } }

/** A row of POMs whose rates scale whatever the step rule leaves. */
export const poms = (name: string, settings: object) => ({
  name,
  settings: { ...settings, ratesAfterRule: true },
  search: searchOfPoms
})

/**
 * The paper's question on its own data, where bounds on norms should matter: few images, seen many times.
 * It takes an hour on two cores, `--jobs 2`. A smoke run generates a few images in the same files.
 */
const experiment = Experiment.make({
  name: "table-cifar",
  about:
    "Do mixtures of manifolds beat Euclidean kernels on few images of CIFAR-10? ResNet-8, 1,000 training images, 30 " +
    "epochs, no augmentation; tested on all 10,000 test images. Every row chooses among eight candidates of a Latin " +
    "hypercube over rate and weight decay, rows of POMs over a factor of their recommended rates as well, by " +
    "accuracy on 5,000 held-out images.",
  base: {
    dataset: process.env["CIFAR"] ?? "cifar-10",
    normalize: true,
    model: "resnet-8",
    trainImages: 1000,
    batchSize: 64,
    epochs: 30,
    testEvery: 30,
    schedule: "cosine",
    measureBounds: true,
    measuresEvery: 30,
    backend: "wasm",
    accelerator: "auto"
  },
  columns: [{ name: "1000 images", settings: {} }],
  rows: [
    { name: "Euc", settings: { collection: "Euc" }, search },
    // Below a normalization the length of a filter does not count, as in weight normalization.
    poms("spheres of filters", { collection: "Sp", matricization: "perFilter" }),
    // Spectral normalization as a constraint: σ₁ of a layer is at most 1, and may be less.
    poms("spectral balls", { collection: "Spec", matricization: "whole", policy: "none", measureLambda: false }),
    poms("PIO (St)", { collection: "St" }),
    poms("PIO (Sp+Ob+St)", { collection: "Sp+Ob+St" }),
    poms("PIO (Sp+Ob+St+Euc)", { collection: "Sp+Ob+St+Euc" })
  ],
  seeds: [1, 2, 3, 4, 5],
  also: ["trainLoss", "trainError", "gap"],
  selection: { candidates: 8, how: "latin-hypercube", seed: 100, validationImages: 5000 },
  baseline: "Euc",
  smoke: { dataset: "generated:cifar-10", trainImages: 16, testImages: 10, epochs: 1, batchSize: 8 }
})

export default experiment

/** Some of its rows, for experiments that ask the same elsewhere. */
export const rowsOf = (...names: ReadonlyArray<string>) => experiment.rows.filter(({ name }) => names.includes(name))
