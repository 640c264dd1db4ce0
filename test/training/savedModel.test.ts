import * as NodeServices from "@effect/platform-node/NodeServices"
import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { Augment, Backend, Models, Network, Run, Schedule, Trainer } from "finegrain"
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { afterAll, expect, it } from "vitest"
import { tinyDataset } from "../tinyDataset.ts"

const scratch = mkdtempSync(join(tmpdir(), "finegrain-saved-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const { test, train } = tinyDataset

/** TensorFlow.js and nothing else: what a saved model says of raw images, whose pixels are bytes. */
const plain = `
import "@tensorflow/tfjs-backend-cpu"
import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import { readFileSync } from "node:fs"
tf.env().set("PROD", true)
const [folder, images] = process.argv.slice(1)
const { modelTopology, weightsManifest } = JSON.parse(readFileSync(folder + "/model.json", "utf8"))
const [{ paths, weights }] = weightsManifest
const weightData = Uint8Array.from(readFileSync(folder + "/" + paths[0])).buffer
const model = await tfl.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs: weights, weightData }))
const raw = tf.tensor4d(JSON.parse(readFileSync(images, "utf8")), [${test.count}, 8, 8, 1], "int32")
console.log(JSON.stringify(model.predict(raw).arraySync()))
`

/** Of each kind of network: a stack, and a graph with padded shortcuts and branches that are dropped in training. */
const networks = {
  "a stack": () => Models.smallCnn({ ...tinyDataset, filters: [2, 3], seed: 1 }),
  "a residual network": () =>
    Models.cifarResNet({ ...tinyDataset, depth: 8, filters: [2, 3, 5], survival: 0.5, seed: 1 })
}

it.each(Object.entries(networks))("of %s takes raw images in plain TensorFlow.js", async (name, make) => {
  const directory = join(scratch, name.replaceAll(" ", "-"))
  const program = Effect.gen(function*() {
    yield* Backend.Backend
    const network = yield* Network.make(make(), { specification: "Sp+Ob+St+Euc", seed: 2 })
    yield* Run.record({
      directory,
      settings: {},
      network,
      data: tinyDataset,
      training: (from) =>
        Trainer.make({
          network,
          dataset: tinyDataset,
          schedule: Schedule.constant(0.05),
          epochs: 1,
          batchSize: 32,
          seed: 3,
          normalize: true,
          from
        })
    })
    const images = Float32Array.from(test.images, (pixel) => pixel / 255)
    const seen = Augment.normalized(
      { images, labels: Int32Array.from(test.labels) },
      Augment.normalization(train, 1)
    )
    return tf.tidy(() =>
      (network.model.predict(tf.tensor4d(seen.images, [test.count, 8, 8, 1])) as tf.Tensor2D).arraySync()
    )
  })
  const expected = await Effect.runPromise(
    program.pipe(Effect.scoped, Effect.provide([NodeServices.layer, Backend.wasm]))
  )
  const raw = join(scratch, "images.json")
  writeFileSync(raw, JSON.stringify([...test.images]))
  const answer = execFileSync(process.execPath, ["--input-type=module", "--eval", plain, directory, raw], {
    cwd: resolve(import.meta.dirname, "../.."),
    encoding: "utf8"
  })
  const found = JSON.parse(answer) as ReadonlyArray<ReadonlyArray<number>>
  const classes = (logits: ReadonlyArray<ReadonlyArray<number>>) => logits.map((row) => row.indexOf(Math.max(...row)))
  expect(classes(found)).toEqual(classes(expected))
  // Pixels are multiplied by what they were divided by, and another engine sums in another order.
  const largest = Math.max(...expected.flat().map(Math.abs))
  expect(Math.max(...found.flatMap((row, i) => row.map((logit, c) => Math.abs(logit - expected[i]![c]!)))))
    .toBeLessThan(1e-4 * largest)
})
