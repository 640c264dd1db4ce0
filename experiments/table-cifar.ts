import { Experiment } from "finegrain"

/**
 * The paper's comparison on CIFAR, for a machine with a GPU and the data: CIFAR-10 by its name, or a directory with its
 * binary version in the variable CIFAR, augmented as usual. A smoke run generates a few images in the same files, and
 * trains smaller networks.
 */
export default Experiment.make({
  name: "table-cifar",
  about:
    "Rows like those of the poster, on CIFAR-10, with residual networks of constant and stochastic depth and with " +
    "squeeze-and-excitation. The networks are the paper's kind; the settings are those usual for them (200 epochs, " +
    "batches of 128, " +
    "pad-crop-flip, step schedule), chosen by us, and no published numbers stand beside: the poster has none for " +
    "CIFAR.",
  base: {
    dataset: process.env["CIFAR"] ?? "cifar-10",
    augment: "crop-flip",
    normalize: true,
    epochs: 200,
    batchSize: 128,
    learningRate: 0.1,
    schedule: "step-decay",
    momentum: 0.9,
    backend: "auto"
  },
  columns: [
    { name: "ResNet-110", settings: { model: "resnet-110" }, smoke: { model: "resnet-8" } },
    { name: "ResNet-110, stochastic depth", settings: { model: "resnet-110-sd" }, smoke: { model: "resnet-20-sd" } },
    { name: "SENet-56", settings: { model: "senet-56" }, smoke: { model: "senet-8" } }
  ],
  rows: [
    { name: "Euc", settings: { collection: "Euc" } },
    { name: "Sp", settings: { collection: "Sp" } },
    { name: "Ob", settings: { collection: "Ob" } },
    { name: "St", settings: { collection: "St" } },
    { name: "PI (Sp+Ob+St)", settings: { collection: "Sp+Ob+St", strategy: "PI" } },
    { name: "PO (Sp+Ob+St)", settings: { collection: "Sp+Ob+St", strategy: "PO" } },
    { name: "PIO (Sp+Ob+St)", settings: { collection: "Sp+Ob+St" } },
    { name: "PIO (Sp+Ob+St+Euc)", settings: { collection: "Sp+Ob+St+Euc" } }
  ],
  seeds: [1, 2, 3],
  baseline: "Euc",
  smoke: {
    dataset: "generated:cifar-10",
    trainImages: 16,
    testImages: 10,
    epochs: 1,
    batchSize: 8,
    backend: "wasm"
  }
})
