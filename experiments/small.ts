import { Experiment } from "finegrain"

/** A comparison of a minute, whose committed results every machine reproduces to the same bits: `npm run reproduce`. */
export default Experiment.make({
  name: "small",
  about:
    "Do the same seeds give the same bits on your machine? Small CNN, 500 MNIST images, one epoch; with SIMD that " +
    "rounds alike on " +
    "every processor (FINEGRAIN_SIMD=plain).",
  base: { dataset: "mnist", model: "small-cnn", backend: "wasm", trainImages: 500, epochs: 1, batchSize: 32 },
  rows: [
    { name: "Euc", settings: { collection: "Euc" } },
    { name: "PIO (Sp+Ob+St+Euc)", settings: { collection: "Sp+Ob+St+Euc" } }
  ],
  seeds: [1, 2, 3]
})
