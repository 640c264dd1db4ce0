import * as tf from "@tensorflow/tfjs-core"
// For its side effect: it registers the gradients of all operations.
import "@tensorflow/tfjs-layers"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { cpu as startCpu } from "./cpu.ts"
import { BackendUnavailable, type Engine, EngineFailed, type EngineName, type Start } from "./Engine.ts"
import { native } from "./native.ts"
import { wanted, wasm as startWasm } from "./wasm.ts"
import { webgpu as startWebgpu } from "./webgpu.ts"

export { BackendUnavailable, EngineFailed, type EngineName }

// TensorFlow.js greets every Node program with an advertisement on stderr; this flag is what silences it.
tf.env().set("PROD", true)

/**
 * The engine that runs the tensors.
 *
 * TensorFlow.js has one engine at a time in a process: the layer that was built last decides.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Backend } from "finegrain"
 * const { name } = await Effect.runPromise(Effect.provide(Backend.Backend, Backend.cpu))
 * name // => "cpu"
 * ```
 */
export class Backend extends Context.Service<Backend, Engine>()("finegrain/Backend") {}

/** How engines are to run, as far as one has a choice. */
export interface EngineOptions {
  /** Threads of the wasm engine; default FINEGRAIN_THREADS, or as many as the machine has cores. */
  readonly threads?: number | undefined
}

/** Every engine, in the order in which `auto` prefers them. A new one is a file in `backend/` and a line here. */
const engines = (options: EngineOptions = {}): ReadonlyArray<readonly [EngineName, Start]> => [
  ["nodeGpu", native("nodeGpu")],
  ["webgpu", startWebgpu({ software: true })],
  ["node", native("node")],
  ["wasm", startWasm(options)],
  ["cpu", startCpu]
]

const start = (name: EngineName): Start => engines().find(([known]) => known === name)![1]

const firstOf = (options: EngineOptions = {}): Start =>
  // A mistake in what was asked is told, whatever other engines there are.
  Effect.andThen(
    wanted(options.threads),
    // Software that plays a GPU is slower than any other engine: that one is asked for by name, or not at all.
    Effect.firstSuccessOf(
      engines(options).map(([name, engine]) => name === "webgpu" ? startWebgpu({ software: false }) : engine)
    )
  )

const asLayer = (engine: Start): Layer.Layer<Backend, BackendUnavailable> =>
  // Not memoized: another layer may have changed the engine in between.
  Layer.fresh(Layer.effect(Backend, engine))

/**
 * WebAssembly with training kernels: the embedded default, from npm alone.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Backend } from "finegrain"
 * const { engine } = await Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasm))
 * engine // => "wasm"
 * ```
 */
export const wasm = asLayer(start("wasm"))

/**
 * The same with so many threads instead of as many as the variable FINEGRAIN_THREADS says, or the machine has cores.
 * The results have the same bits with any number of threads.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Backend } from "finegrain"
 * const { device } = await Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasmWith({ threads: 2 })))
 * device.endsWith("2 threads") // => true
 * ```
 */
export const wasmWith = (
  options: { readonly threads?: number | undefined }
): Layer.Layer<Backend, BackendUnavailable> => asLayer(startWasm(options))

/**
 * Plain JavaScript, the reference.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Backend } from "finegrain"
 * const { device } = await Effect.runPromise(Effect.provide(Backend.Backend, Backend.cpu))
 * device // => "CPU, plain JavaScript"
 * ```
 */
export const cpu = asLayer(start("cpu"))

/**
 * TensorFlow on the CPU through the optional package `@tensorflow/tfjs-node`.
 *
 * @example
 * ```ts
 * import { Backend } from "finegrain"
 * Backend.layer("node") === Backend.node // => true
 * ```
 */
export const node = asLayer(start("node"))

/**
 * TensorFlow on an NVIDIA GPU through the optional package `@tensorflow/tfjs-node-gpu`; fails where TensorFlow would
 * silently compute on the CPU.
 *
 * @example
 * ```ts
 * import { Backend } from "finegrain"
 * Backend.layer("nodeGpu") === Backend.nodeGpu // => true
 * ```
 */
export const nodeGpu = asLayer(start("nodeGpu"))

/**
 * WebGPU through the optional packages `webgpu` and `@tensorflow/tfjs-backend-webgpu`, on a GPU, or on software that
 * plays one, which the device then says. Failures on the GPU are those of the next read (`EngineFailed`); only
 * asynchronous reads are possible.
 *
 * @example
 * ```ts
 * import { Backend } from "finegrain"
 * Backend.layer("webgpu") === Backend.webgpu // => true
 * ```
 */
export const webgpu = asLayer(start("webgpu"))

/**
 * The first that works of nodeGpu, webgpu (on a GPU, not on software), node, wasm, cpu; the service says which.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Backend } from "finegrain"
 * const { name } = await Effect.runPromise(Effect.provide(Backend.Backend, Backend.auto))
 * ["nodeGpu", "webgpu", "node", "wasm", "cpu"].includes(name) // => true
 * ```
 */
export const auto = asLayer(firstOf())

/**
 * The layer of a name; options that an engine does not have are of no effect on it.
 *
 * @example
 * ```ts
 * import { Backend } from "finegrain"
 * Backend.layer("wasm") === Backend.wasm // => true
 * ```
 */
export const layer = (
  name: EngineName | "auto",
  options: EngineOptions = {}
): Layer.Layer<Backend, BackendUnavailable> => {
  if (options.threads !== undefined) {
    if (name === "wasm") return wasmWith(options)
    if (name === "auto") return asLayer(firstOf(options))
  }
  return { wasm, cpu, node, nodeGpu, webgpu, auto }[name]
}

/** Whether a backend can be used here, and why not. */
export interface Availability {
  readonly name: EngineName
  readonly available: boolean
  readonly device: string
  readonly reason: string
  readonly remedy: string
}

/**
 * Tries every backend; afterwards the one that `auto` would choose is in use.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Backend } from "finegrain"
 * const reports = await Effect.runPromise(Backend.inspect)
 * reports.filter(({ name }) => name === "wasm" || name === "cpu").every(({ available }) => available) // => true
 * ```
 */
export const inspect: Effect.Effect<ReadonlyArray<Availability>> = Effect.forEach(
  engines().toReversed(),
  ([name, engine]) =>
    Effect.match(engine, {
      onSuccess: ({ device }) => ({ name, available: true, device, reason: "", remedy: "" }),
      onFailure: ({ reason, remedy }) => ({ name, available: false, device: "", reason, remedy })
    })
).pipe(
  // What was tried last need not be what `auto` would take.
  Effect.tap(Effect.ignore(firstOf())),
  Effect.map((reports) => reports.toReversed())
)
