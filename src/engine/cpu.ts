import "@tensorflow/tfjs-backend-cpu"
import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { BackendUnavailable, type Start } from "./Engine.ts"
import { maxPoolOfVolumesGradient } from "./wasm/volumes.ts"

/** Stock kernels that are wrong are replaced: the gradient of pooled volumes goes astray where windows are no cubes. */
const repair = (): void => {
  const { name, run } = maxPoolOfVolumesGradient
  const kernelFunc = run as unknown as tf.KernelFunc
  if (tf.getKernel(name, "cpu").kernelFunc === kernelFunc) return
  tf.unregisterKernel(name, "cpu")
  tf.registerKernel({ kernelName: name, backendName: "cpu", kernelFunc })
}

/** Plain JavaScript: slow, and everywhere. */
export const cpu: Start = Effect.flatMap(
  Effect.promise(() => tf.setBackend("cpu")),
  (ready) =>
    ready
      ? Effect.sync(() => {
        repair()
        return { name: "cpu", engine: "cpu", device: "CPU, plain JavaScript", version: tf.version_core } as const
      })
      : Effect.fail(
        new BackendUnavailable({
          backend: "cpu",
          reason: "TensorFlow.js could not start it",
          remedy: "Reinstall @tensorflow/tfjs-backend-cpu@4.22.0."
        })
      )
)
