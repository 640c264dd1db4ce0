/** Whether Keras reads what finegrain saves, by the lines that docs/using-a-trained-model.md tells: python FOLDER. */
import "@tensorflow/tfjs-backend-cpu"
import * as tf from "@tensorflow/tfjs-core"
import { Models } from "finegrain"
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"

const [python = "python3"] = process.argv.slice(2)
const guide = readFileSync(resolve(import.meta.dirname, "../docs/using-a-trained-model.md"), "utf8")
const [, lines] = /^```python\n([\s\S]*?)^```/m.exec(guide)!
const images = [4, 8, 8, 1] as [number, number, number, number]
const [scale, mean, deviation] = [1 / 255, 0.4, 0.3]
const fit = { height: 8, width: 8, channels: 1, classes: 3, seed: 1 }
const models = {
  stack: Models.smallCnn,
  graph: () => Models.cifarResNet({ ...fit, depth: 8, filters: [2, 3, 5], survival: 0.5, squeeze: 1 })
}

const scratch = mkdtempSync(join(tmpdir(), "finegrain-keras-"))
try {
  await tf.setBackend("cpu")
  for (const [name, make] of Object.entries(models)) {
    const model = make(fit)
    const { modelTopology, weightData, weightSpecs } = await Models.portable(model, {
      scale,
      mean: [mean],
      deviation: [deviation]
    })
    const folder = join(scratch, name)
    mkdirSync(folder)
    writeFileSync(join(folder, "weights.bin"), new Uint8Array(weightData as ArrayBuffer))
    const weightsManifest = [{ paths: ["weights.bin"], weights: weightSpecs }]
    writeFileSync(join(folder, "model.json"), JSON.stringify({ modelTopology, weightsManifest }))
    const pixels = Int32Array.from({ length: 4 * 64 }, (_, i) => (i * 37) % 256)
    const seen = tf.div(tf.sub(tf.mul(tf.tensor4d(pixels, images), scale), mean), deviation)
    const expected = (model.predict(seen) as tf.Tensor).arraySync()
    const program = `${lines}
images = np.array(${JSON.stringify([...pixels])}).reshape(${JSON.stringify(images)})
np.testing.assert_allclose(load(${JSON.stringify(folder)}).predict(images, verbose=0), ${JSON.stringify(expected)},
                           rtol=1e-4, atol=1e-5)
`
    execFileSync(python, ["-c", program], { stdio: "inherit", env: { ...process.env, KERAS_BACKEND: "jax" } })
    process.stdout.write(`Keras reads ${name}, and says the same\n`)
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
