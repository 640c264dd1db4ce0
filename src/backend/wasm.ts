import { type BackendWasm, version_wasm } from "@tensorflow/tfjs-backend-wasm"
import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { BackendUnavailable, type Start } from "./Engine.ts"
import { installTrainingKernels } from "./wasm/index.ts"

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

const unavailable = (reason: string) =>
  new BackendUnavailable({
    backend: "wasm",
    reason,
    remedy: "Reinstall @tensorflow/tfjs-backend-wasm@4.22.0, or use --backend cpu."
  })

/** WebAssembly, from npm alone, with the kernels that training needs. */
export const wasm: Start = Effect.gen(function*() {
  const ready = yield* Effect.tryPromise({
    try: () => withoutNewListeners(() => tf.setBackend("wasm")),
    catch: (cause) => unavailable(cause instanceof Error ? cause.message : String(cause))
  })
  if (!ready) return yield* unavailable("TensorFlow.js could not start it")
  const flavour = yield* Effect.try({
    try: () => installTrainingKernels(tf.backend() as BackendWasm),
    catch: (cause) => unavailable(cause instanceof Error ? cause.message : String(cause))
  })
  return {
    name: "wasm" as const,
    engine: "wasm",
    device: `CPU, WebAssembly ${flavour === "relaxed" ? "relaxed " : ""}SIMD, 1 thread`,
    version: version_wasm
  }
})
