import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import type * as Network from "../../network/Network.ts"
import * as Tensors from "../../numerics/Tensors.ts"
import type * as RunDirectory from "../RunDirectory.ts"
import type { RecordedData } from "./manifest.ts"

const weightBytes = (artifacts: tf.io.ModelArtifacts): Uint8Array => {
  const { weightData } = artifacts
  const buffers = weightData === undefined ? [] : Array.isArray(weightData) ? weightData : [weightData]
  return Buffer.concat(buffers.map((buffer) => Buffer.from(buffer)))
}

/** The trained model in the format of TensorFlow.js (`model.json`, `weights.bin`), and the checksum of its weights. */
export const saveModel = Effect.fnUntraced(function*(
  network: Network.Network,
  directory: RunDirectory.RunDirectory,
  { classNames }: RecordedData,
  prefix: "" | "best." = ""
) {
  const artifacts = yield* Tensors.engineFailures(
    Effect.promise(() =>
      new Promise<tf.io.ModelArtifacts>((resolve, reject) => {
        network.model.save(tf.io.withSaveHandler((artifacts) => {
          resolve(artifacts)
          return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } })
        })).catch(reject)
      })
    )
  )
  const weights = weightBytes(artifacts)
  yield* directory.writeBytes(`${prefix}weights.bin`, weights)
  yield* directory.writeBytes(
    `${prefix}model.json`,
    new TextEncoder().encode(JSON.stringify({
      format: "layers-model",
      modelTopology: artifacts.modelTopology,
      // Where TensorFlow.js keeps what it does not know: the names of the logits.
      ...(classNames === undefined ? {} : { userDefinedMetadata: { classes: classNames } }),
      weightsManifest: [{ paths: [`${prefix}weights.bin`], weights: artifacts.weightSpecs }]
    }))
  )
  return createHash("sha256").update(weights).digest("hex")
})
