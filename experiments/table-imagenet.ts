import { Experiment } from "finegrain"

/**
 * The paper's comparison on ImageNet, for a machine with GPUs and the data: the directory that holds train/ and val/ in
 * the variable IMAGENET. A smoke run generates a few images in the same files, cuts them small, and trains smaller
 * networks.
 */
export default Experiment.make({
  name: "table-imagenet",
  about:
    "The poster's table: top-1 error on ImageNet of ResNet-101 and its squeeze-and-excitation version; 90 epochs, " +
    "batches of 256, random " +
    "windows mirrored at random, step schedule.",
  base: {
    dataset: process.env["IMAGENET"] ?? "imagenet",
    augment: "crop-flip",
    normalize: true,
    epochs: 90,
    batchSize: 256,
    learningRate: 0.1,
    schedule: "step-decay",
    momentum: 0.9,
    weightDecay: 1e-4,
    backend: "auto"
  },
  columns: [
    { name: "ResNet-101", settings: { model: "resnet-101" }, smoke: { model: "resnet-18" } },
    { name: "SENet-ResNet-101", settings: { model: "senet-101" }, smoke: { model: "senet-20" } }
  ],
  rows: [
    { name: "Euc", settings: { collection: "Euc" } },
    { name: "PIO (Sp+Ob+St)", settings: { collection: "Sp+Ob+St" } },
    { name: "PIO (Sp+Ob+St+Euc)", settings: { collection: "Sp+Ob+St+Euc" } }
  ],
  seeds: [1, 2, 3],
  baseline: "Euc",
  published: {
    source: "Ozay 2019, top-1 error on ImageNet",
    errors: {
      "Euc": {
        "ResNet-101": { mean: 23.15, deviation: 0.09 },
        "SENet-ResNet-101": { mean: 22.38, deviation: 0.3 }
      },
      "PIO (Sp+Ob+St)": {
        "ResNet-101": { mean: 22.83, deviation: 0.06 },
        "SENet-ResNet-101": { mean: 21.93, deviation: 0.12 }
      },
      "PIO (Sp+Ob+St+Euc)": {
        "ResNet-101": { mean: 22.75, deviation: 0.02 },
        "SENet-ResNet-101": { mean: 21.76, deviation: 0.09 }
      }
    }
  },
  smoke: {
    dataset: "generated:imagenet",
    imageSize: 32,
    trainImages: 8,
    testImages: 4,
    epochs: 1,
    batchSize: 4,
    backend: "wasm"
  }
})
