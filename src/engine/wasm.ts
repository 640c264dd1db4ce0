/** The wasm engine: the stock backend with kernels of this library's own, on as many threads as were asked for. */
import { type BackendWasm, version_wasm } from "@tensorflow/tfjs-backend-wasm"
import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { BackendUnavailable, type Start } from "./Engine.ts"
import { flavourWanted, Mistaken, threadsWanted } from "./threads.ts"
import { installTrainingKernels } from "./wasm/index.ts"
import { accelerated, type Accelerator } from "./wasm/onednn/index.ts"
import { NoLibrary } from "./wasm/onednn/library.ts"
import { rounding } from "./wasm/simd/fused.ts"
import { onSharedHeap, register } from "./wasm/threads/sharedHeap.ts"

const signals = ["uncaughtException", "unhandledRejection"] as const

/** The module's own handlers rethrow every error of the program from one line of 50 kB, which Node then prints. */
const withoutNewListeners = async <A>(run: () => Promise<A>): Promise<A> => {
  const before = new Map(signals.map((signal) => [signal, new Set(process.listeners(signal as "uncaughtException"))]))
  const result = await run()
  for (const signal of signals) {
    for (const listener of process.listeners(signal as "uncaughtException")) {
      if (!before.get(signal)!.has(listener)) process.removeListener(signal, listener)
    }
  }
  return result
}

const unavailable = (cause: unknown) =>
  new BackendUnavailable({
    backend: "wasm",
    reason: cause instanceof Error ? cause.message : String(cause),
    remedy: cause instanceof Mistaken
      ? "Correct it, or leave it away."
      : cause instanceof NoLibrary
      ? `${cause.remedy} The accelerator auto goes on without it.`
      : "Reinstall @tensorflow/tfjs-backend-wasm@4.22.0, or use --backend cpu."
  })

/**
 * Looks at what the user asked of this engine, before it or any other is tried.
 *
 * @internal
 */
export const wanted = (threads: number | undefined) =>
  Effect.try({
    try: () => ({ threads: threadsWanted(threads), flavour: flavourWanted() }),
    catch: unavailable
  })

/**
 * The backend on a heap that threads can share, or the stock one where that does not start; chosen once in a process.
 */
const started = async (load: typeof onSharedHeap): Promise<boolean> => {
  if (tf.engine().registry["wasm"] !== undefined) return tf.setBackend("wasm")
  try {
    return await register(await load())
  } catch {
    return withoutNewListeners(() => tf.setBackend("wasm"))
  }
}

const startIt = async (wanted: number, load: typeof onSharedHeap) => {
  if (!await started(load)) throw new Error("TensorFlow.js could not start it")
  const backend = tf.backend() as BackendWasm
  try {
    return await installTrainingKernels(backend, wanted)
  } catch (error) {
    // Threads that do not start are no reason to do without the rest.
    if (wanted === 1) throw error
    return installTrainingKernels(backend, 1)
  }
}

/** WebAssembly, from npm alone, with the kernels that training needs, run by threads where they can share the heap. */
export const wasm = (
  options: { readonly threads?: number | undefined; readonly accelerator?: Accelerator | undefined } = {},
  load = onSharedHeap
): Start =>
  Effect.gen(function*() {
    const asked = yield* wanted(options.threads)
    const { flavour, threads } = yield* Effect.tryPromise({
      try: () => startIt(asked.threads, load),
      catch: (cause) => unavailable(cause)
    })
    const library = yield* Effect.try({
      try: () => accelerated(options.accelerator ?? "none", threads),
      catch: (cause) => unavailable(cause)
    })
    const simd = `${flavour === "relaxed" ? "relaxed " : ""}SIMD`
    const helper = library === undefined ? "" : ` and oneDNN ${library.version}`
    return {
      name: "wasm" as const,
      engine: "wasm",
      device: `CPU, WebAssembly ${simd}${helper}, ${threads} thread${threads === 1 ? "" : "s"}`,
      version: version_wasm,
      // The library's sums depend on how many threads share them.
      arithmetic: rounding(flavour) + (library === undefined ? "" : `, oneDNN ${library.version} with ${threads}`)
    }
  })
