import type * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import * as Models from "../../network/models/index.ts"
import type * as Network from "../../network/Network.ts"
import * as Tensors from "../../numerics/Tensors.ts"
import type * as RunDirectory from "../RunDirectory.ts"
import type { Training } from "../Training.ts"
import type { RecordedData } from "./manifest.ts"

/**
 * The trained model in the format of TensorFlow.js (`model.json`, `weights.bin`), for raw images where the training
 * tells what it does to them, and the checksum of its weights.
 */
export const saveModel = Effect.fnUntraced(function*<E, R>(
  network: Network.Network,
  training: Training<E, R>,
  directory: RunDirectory.RunDirectory,
  { classNames }: RecordedData,
  prefix: "" | "best." = ""
) {
  const preprocessing = training.preprocessing === undefined ? undefined : yield* training.preprocessing
  const artifacts: tf.io.ModelArtifacts = yield* Tensors.engineFailures(
    Effect.promise(() => Models.portable(network.model, preprocessing))
  )
  const weights = new Uint8Array(artifacts.weightData as ArrayBuffer)
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
