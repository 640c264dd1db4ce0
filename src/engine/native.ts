/** TensorFlow's C library as an engine, on the CPU or on NVIDIA GPUs. */
import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import util from "node:util"
import { BackendUnavailable, type Start } from "./Engine.ts"
import { visibleGpus } from "./gpus.ts"
import { helper } from "./native/helper.ts"
import { layers } from "./native/layers.ts"
import { install, type Library } from "./native/library.ts"
import { isNotInstalled } from "./notInstalled.ts"
import { processor } from "./processor.ts"
import { registerReluGradient } from "./reluGradient.ts"
import { rounding } from "./wasm/simd/fused.ts"

/** Loads a package by name; replaced in tests. */
export type Importer = (name: string) => Promise<unknown>

const importer: Importer = (name) => import(name)

const packages = {
  node: "@tensorflow/tfjs-node",
  nodeGpu: "@tensorflow/tfjs-node-gpu"
} as const

const version = "4.22.0"

const cuda = "The library that its install script downloads needs a driver newer than 450, CUDA 11.2 and cuDNN 8.1 " +
  "(CUDA 12 does not do); scripts/libtensorflow.sh in finegrain's repository builds the same package on a newer one."

/** Functions that Node 23 removed, or warns of, and the released packages still call on almost every operation. */
export const closeUtilGap = (): void => {
  const old = util as unknown as Record<string, unknown>
  old["isNullOrUndefined"] ??= (value: unknown) => value === null || value === undefined
  old["isArray"] = Array.isArray
}

const setDefault = (variable: string, value: string) => {
  process.env[variable] ??= value
}

const explain = (name: keyof typeof packages, cause: unknown): BackendUnavailable => {
  const text = cause instanceof Error ? cause.message : String(cause)
  const [headline = ""] = text.split("\n")
  const wanted = packages[name]
  if (isNotInstalled(wanted, cause)) {
    return new BackendUnavailable({
      backend: name,
      reason: `the package ${wanted} is not installed`,
      remedy:
        `Run: npm install ${wanted}@${version} (its install script downloads TensorFlow; allow it where npm asks).`
    })
  }
  if (/tfjs_binding|native addon|napi-v/.test(text)) {
    return new BackendUnavailable({
      backend: name,
      reason: `the native addon of ${wanted} is missing (${headline})`,
      remedy:
        `Its install script did not run or could not download: allow it (npm install-scripts approve ${wanted}) ` +
        `and run: npm rebuild ${wanted}`
    })
  }
  return new BackendUnavailable({
    backend: name,
    reason: `${wanted} does not load (${headline})`,
    remedy: name === "nodeGpu"
      ? cuda
      : "Check that the system's C library is recent enough for its TensorFlow."
  })
}

/**
 * What TensorFlow.js composes of many operations, and this library has in few. On a GPU nothing of it has run yet, and
 * copies of weights would go to and fro.
 */
const installed = async (): Promise<string> => {
  const { flavour, kernels } = await helper().catch(() => ({ flavour: undefined, kernels: [] }))
  install([...layers, ...kernels])
  registerReluGradient()
  return flavour === undefined ? "" : `, steps ${rounding(flavour)}`
}

const visible = "CUDA_VISIBLE_DEVICES"

/**
 * TensorFlow takes memory of every GPU that it sees and computes on the last: it is to see one, the first that it may
 * use. Where the driver does not tell which there are, as on Windows, that is number 0. Gives back how to undo it.
 */
const useFirstGpu = (gpus: ReadonlyArray<string>): () => void => {
  const before = process.env[visible]
  const unknown = gpus.length === 0 && before === undefined
  if (gpus.length > 1 || unknown) process.env[visible] = gpus[0] ?? "0"
  return () => {
    if (before === undefined) delete process.env[visible]
    else process.env[visible] = before
  }
}

const started = (name: keyof typeof packages, load: Importer): Start =>
  Effect.gen(function*() {
    yield* Effect.tryPromise({ try: () => load(packages[name]), catch: (cause) => explain(name, cause) })
    const ready = yield* Effect.tryPromise({
      try: () => tf.setBackend("tensorflow"),
      catch: (cause) => explain(name, cause)
    })
    if (!ready) return yield* explain(name, new Error("TensorFlow.js could not start it"))
    const library = tf.backend() as unknown as Partial<Library>
    const gpu = library.isUsingGpuDevice === true
    if (name === "nodeGpu" && !gpu) {
      return yield* new BackendUnavailable({
        backend: name,
        reason: "TensorFlow found no usable GPU and would silently compute on the CPU",
        remedy: `${cuda} Check nvidia-smi, LD_LIBRARY_PATH and CUDA_VISIBLE_DEVICES.`
      })
    }
    const steps = gpu ? "" : yield* Effect.promise(installed)
    return {
      name,
      engine: "tensorflow",
      device: gpu ? "GPU, TensorFlow with CUDA" : "CPU, TensorFlow",
      version,
      arithmetic: `TensorFlow ${library.binding?.TF_Version ?? "unknown"}${gpu ? "" : ` by ${processor()}`}${steps}`
    }
  })

/** TensorFlow's C library through its optional package, checked honestly. */
export const native = (
  name: keyof typeof packages,
  load: Importer = importer,
  gpus: () => ReadonlyArray<string> = visibleGpus
): Start =>
  Effect.suspend(() => {
    closeUtilGap()
    // The library reads its variables when it is loaded.
    setDefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    setDefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if (name === "node") return started(name, load)
    const undo = useFirstGpu(gpus())
    // Another engine, or another process, is to see what this one did.
    return Effect.onError(started(name, load), () => Effect.sync(undo))
  })
