/** Engines in a browser: WebGPU where it is, WebAssembly with this library's kernels, plain JavaScript. */
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm"
import * as tf from "@tensorflow/tfjs-core"
// For its side effect: it registers the gradients of all operations.
import "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { cpu as startCpu } from "../src/engine/cpu.ts"
import { BackendUnavailable, EngineFailed, type Start } from "../src/engine/Engine.ts"
import { Backend, layerOf } from "../src/engine/Service.ts"
import { described, start as startKernels } from "../src/engine/wasm/start.ts"
import { type StockWebgpu, webgpu as startWebgpu } from "./webgpu.ts"

export { Backend, BackendUnavailable, EngineFailed }
export type { StockWebgpu }

/** Where `tfjs-backend-wasm-simd.wasm` is: the folder, with its slash, or the file itself, as a bundler names it. */
export type WasmPaths = string | { readonly simd: string }

/** TensorFlow.js asks where each of its binaries is; one is taken, since the kernels need SIMD. */
const everyBinary = (paths: WasmPaths) =>
  typeof paths === "string" ? paths : {
    "tfjs-backend-wasm.wasm": paths.simd,
    "tfjs-backend-wasm-simd.wasm": paths.simd,
    "tfjs-backend-wasm-threaded-simd.wasm": paths.simd
  }

const stockWasm = (paths: WasmPaths | undefined): Promise<boolean> => {
  if (tf.engine().registry["wasm"] === undefined) {
    // Threads of TensorFlow.js' own run a few operations only.
    tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false)
    if (paths !== undefined) setWasmPaths(everyBinary(paths))
  }
  return tf.setBackend("wasm")
}

const startWasm = (paths?: WasmPaths): Start =>
  Effect.tryPromise({
    try: async () => described(await startKernels(() => stockWasm(paths))),
    catch: (cause) =>
      new BackendUnavailable({
        backend: "wasm",
        reason: cause instanceof Error ? cause.message : String(cause),
        remedy: "Serve tfjs-backend-wasm-simd.wasm of @tensorflow/tfjs-backend-wasm@4.22.0, and say where: " +
          "Backend.wasm(\"/folder/\")."
      })
  })

/**
 * WebAssembly with training kernels, on one thread.
 *
 * @example
 * ```ts
 * import * as Layer from "effect/Layer"
 * import { Backend } from "finegrain/browser"
 * Layer.isLayer(Backend.wasm("/wasm/")) // => true
 * ```
 */
export const wasm = (paths?: WasmPaths): Layer.Layer<Backend, BackendUnavailable> => layerOf(startWasm(paths))

/**
 * WebGPU through the package `@tensorflow/tfjs-backend-webgpu`, which the page imports and hands over. Failures on the
 * GPU are those of the next read (`EngineFailed`); only asynchronous reads are possible.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Backend } from "finegrain/browser"
 * class WebGPUBackend {} // of @tensorflow/tfjs-backend-webgpu
 * const started = Effect.provide(Backend.Backend, Backend.webgpu({ WebGPUBackend }))
 * const error = await Effect.runPromise(Effect.flip(started))
 * error.backend // => "webgpu"
 * ```
 */
export const webgpu = (stock: StockWebgpu): Layer.Layer<Backend, BackendUnavailable> =>
  layerOf(startWebgpu(stock, { software: true }))

/**
 * Plain JavaScript: slow, and everywhere.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Backend } from "finegrain/browser"
 * const { device } = await Effect.runPromise(Effect.provide(Backend.Backend, Backend.cpu))
 * device // => "CPU, plain JavaScript"
 * ```
 */
export const cpu: Layer.Layer<Backend, BackendUnavailable> = layerOf(startCpu)

/** What engines need from the page. */
export interface Given {
  /** The package `@tensorflow/tfjs-backend-webgpu`; without it WebGPU is not tried. */
  readonly webgpu?: StockWebgpu
  /** Where the binary of the wasm engine is; default: beside the page. */
  readonly wasm?: WasmPaths
}

/**
 * The first that works of webgpu (on a GPU, not on software), wasm, cpu; the service says which.
 *
 * @example
 * ```ts
 * import * as Layer from "effect/Layer"
 * import { Backend } from "finegrain/browser"
 * Layer.isLayer(Backend.auto({ wasm: "/wasm/" })) // => true
 * ```
 */
export const auto = ({ webgpu: stock, wasm: paths }: Given = {}): Layer.Layer<Backend, BackendUnavailable> =>
  layerOf(Effect.firstSuccessOf([
    ...(stock === undefined ? [] : [startWebgpu(stock, { software: false })]),
    startWasm(paths),
    startCpu
  ]))
