/** The wasm engine: the stock backend with kernels of this library's own, on as many threads as were asked for. */
import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { BackendUnavailable, type Start } from "./Engine.ts"
import { threadsWanted } from "./threads.ts"
import { flavourWanted, Mistaken } from "./wasm/flavour.ts"
import { accelerated, type Accelerator } from "./wasm/onednn/index.ts"
import { NoLibrary } from "./wasm/onednn/library.ts"
import { described, start } from "./wasm/start.ts"
import { make as makePool } from "./wasm/threads/pool.ts"
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

const remedyOf = (cause: unknown) => {
  if (cause instanceof Mistaken) {
    return `${cause.cause instanceof NoLibrary ? `${cause.cause.remedy} ` : ""}Correct it, or leave it away.`
  }
  return cause instanceof NoLibrary
    ? `${cause.remedy} The accelerator auto goes on without it.`
    : "Reinstall @tensorflow/tfjs-backend-wasm@4.22.0, or use --backend cpu."
}

const unavailable = (cause: unknown) =>
  new BackendUnavailable({
    backend: "wasm",
    reason: cause instanceof Error ? cause.message : String(cause),
    remedy: remedyOf(cause),
    ...(cause instanceof Mistaken ? { mistaken: true } : {})
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

/** WebAssembly, from npm alone, with the kernels that training needs, run by threads where they can share the heap. */
export const wasm = (
  options: { readonly threads?: number | undefined; readonly accelerator?: Accelerator | undefined } = {},
  load = onSharedHeap
): Start =>
  Effect.gen(function*() {
    const asked = yield* wanted(options.threads)
    const running = yield* Effect.tryPromise({
      try: () => start(() => started(load), asked.threads, makePool),
      catch: (cause) => unavailable(cause)
    })
    const library = yield* Effect.try({
      try: () => accelerated(options.accelerator ?? "none", running.threads),
      catch: (cause) => unavailable(cause)
    })
    return described(running, library)
  })
