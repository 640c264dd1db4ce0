import "@tensorflow/tfjs-backend-cpu"
import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { BackendUnavailable, type Start } from "./Engine.ts"

/** Plain JavaScript: slow, and everywhere. */
export const cpu: Start = Effect.flatMap(
  Effect.promise(() => tf.setBackend("cpu")),
  (ready) =>
    ready
      ? Effect.succeed({ name: "cpu", engine: "cpu", device: "CPU, plain JavaScript", version: tf.version_core })
      : Effect.fail(
        new BackendUnavailable({
          backend: "cpu",
          reason: "TensorFlow.js could not start it",
          remedy: "Reinstall @tensorflow/tfjs-backend-cpu@4.22.0."
        })
      )
)
