import { Experiment } from "finegrain"

const rate = { learningRate: { from: 0.01, to: 0.3 } }
const decay = { weightDecay: { from: 1e-5, to: 1e-2 } }

/** The Euclidean rate, how many times as far the POMs of each manifold step, and weight decay of what is Euclidean. */
const poms = (...symbols: ReadonlyArray<string>) => ({
  ...rate,
  ...decay,
  ...Object.fromEntries(symbols.map((symbol) => [`rates.${symbol}`, { from: 1, to: 256 }]))
})

const smoke = { model: "resnet-8", trainImages: 16, epochs: 1 } as const
const all = ["Sp", "Ob", "St"] as const
const single = (symbol: string) => ({ name: symbol, settings: { collection: symbol }, search: poms(symbol) })

/**
 * The paper's rows on its own data, with an equal search for each of them, in the regimes where norms may matter, a
 * column each. It takes days on two cores, so run it in parts: `--columns "1000 images" --only Euc,St`, and go on with
 * `--resume`. A smoke run generates a few images in the same files.
 */
export default Experiment.make({
  name: "table-cifar",
  about:
    "Do mixtures of manifolds beat Euclidean kernels on CIFAR-10? Rows like those of the poster. Every row chooses " +
    "among sixteen candidates of a Latin hypercube over its own ranges, Euclidean rows over learning rate and weight " +
    "decay, rows of POMs over rates per manifold as well, by accuracy on 5,000 held-out images. No published numbers " +
    "stand beside: the poster has none for CIFAR.",
  base: {
    dataset: process.env["CIFAR"] ?? "cifar-10",
    normalize: true,
    batchSize: 128,
    schedule: "cosine",
    measureBounds: true,
    backend: "auto"
  },
  columns: [
    { name: "1000 images", settings: { model: "resnet-8", trainImages: 1000, epochs: 60 }, smoke },
    { name: "5000 images", settings: { model: "resnet-8", trainImages: 5000, epochs: 40 }, smoke },
    { name: "all images", settings: { model: "resnet-20", epochs: 20, augment: "crop-flip" }, smoke }
  ],
  rows: [
    { name: "Euc", settings: { collection: "Euc" }, search: { ...rate, ...decay } },
    ...all.map(single),
    { name: "PI (Sp+Ob+St)", settings: { collection: "Sp+Ob+St", strategy: "PI" }, search: poms(...all) },
    { name: "PO (Sp+Ob+St)", settings: { collection: "Sp+Ob+St", strategy: "PO" }, search: poms(...all) },
    { name: "PIO (Sp+Ob+St)", settings: { collection: "Sp+Ob+St" }, search: poms(...all) },
    { name: "PIO (Sp+Ob+St+Euc)", settings: { collection: "Sp+Ob+St+Euc" }, search: poms(...all) },
    {
      name: "PIO (Sp+Ob+St+Euc) without curvature term",
      settings: { collection: "Sp+Ob+St+Euc", rule: "plain" },
      search: poms(...all)
    },
    {
      name: "PIO (Sp+Ob+St+Euc) by the metric of weights",
      settings: { collection: "Sp+Ob+St+Euc", metric: "weights" },
      search: poms(...all)
    },
    {
      name: "PIO (Sp+Ob+St+Euc) by Riemannian Adam",
      settings: { collection: "Sp+Ob+St+Euc", optimizer: "riemannian-adam" },
      search: { ...poms(...all), learningRate: { from: 1e-4, to: 0.03 } }
    },
    {
      name: "AdamW",
      settings: { collection: "Euc", optimizer: "adamw" },
      search: { learningRate: { from: 1e-4, to: 0.03 }, weightDecay: { from: 1e-3, to: 1 } }
    },
    {
      name: "Muon",
      settings: { collection: "Euc", optimizer: "manifold-muon" },
      search: { learningRate: { from: 1e-3, to: 0.1 }, ...decay }
    }
  ],
  seeds: [1, 2, 3, 4, 5],
  also: ["trainLoss", "trainError", "gap"],
  selection: { candidates: 16, how: "latin-hypercube", seed: 100, validationImages: 5000 },
  baseline: "Euc",
  smoke: { dataset: "generated:cifar-10", testImages: 10, batchSize: 8, backend: "wasm" }
})
