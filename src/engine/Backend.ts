/** The choice of an engine: a catalogue of them, and a layer for each. */
import * as tf from "@tensorflow/tfjs-core"
// For its side effect: it registers the gradients of all operations.
import "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Catalogue from "../choices/Catalogue.ts"
import { cpu as startCpu } from "./cpu.ts"
import { BackendUnavailable, EngineFailed, type Start } from "./Engine.ts"
import { native } from "./native.ts"
import { Backend, layerOf } from "./Service.ts"
import { mostThreads } from "./threads.ts"
import { wanted, wasm as startWasm } from "./wasm.ts"
import { type Accelerator, accelerators } from "./wasm/onednn/index.ts"
import { webgpu as startWebgpu } from "./webgpu.ts"

export { Backend, BackendUnavailable, EngineFailed }

// TensorFlow.js greets every Node program with an advertisement on stderr; this flag is what silences it.
tf.env().set("PROD", true)

/** How engines are to run, as far as one has a choice. */
export interface EngineOptions {
  /** Threads of the wasm engine; default FINEGRAIN_THREADS, or as many as the machine has cores. */
  readonly threads?: number | undefined
  /** What computes beside our kernels on the heap of the wasm engine; default: nothing. */
  readonly accelerator?: Accelerator | undefined
}

const engine = Catalogue.entries<EngineOptions, Start>()

/**
 * Every engine, in the order in which `auto` prefers them. A new one is a file beside this one, and an entry here.
 *
 * @example
 * ```ts
 * import { Backend, Catalogue } from "finegrain"
 * Catalogue.names(Backend.engines).includes("webgpu") // => true
 * ```
 */
export const engines = {
  nodeGpu: engine({ about: "TensorFlow on an NVIDIA GPU", make: () => native("nodeGpu") }),
  webgpu: engine({ about: "WebGPU", make: () => startWebgpu({ software: true }) }),
  node: engine({ about: "TensorFlow on the CPU", make: () => native("node") }),
  wasm: engine({
    about: "WebAssembly, from npm alone",
    parameters: {
      threads: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: mostThreads }))).annotate({
        description: "threads of the wasm backend; without it FINEGRAIN_THREADS, or as many as there are cores; " +
          "results do not depend on it"
      }),
      accelerator: Schema.optionalKey(Schema.Literals(accelerators)).annotate({
        description: "library that convolves on the heap of the wasm backend: none, oneDNN, or auto, which takes it " +
          "where it is found; results depend on it in their last bits"
      })
    },
    make: (options) => startWasm(options)
  }),
  cpu: engine({ about: "plain JavaScript, the reference", make: () => startCpu })
} satisfies Catalogue.Catalogue

/** Names of the engines. */
export type EngineName = keyof typeof engines

/**
 * What can be asked for: an engine, or the first that works.
 *
 * @example
 * ```ts
 * import { Backend } from "finegrain"
 * Backend.choices.auto.about // => "the first that works"
 * ```
 */
export const choices = { auto: { about: "the first that works" }, ...engines }

const start = (name: EngineName): Start => engines[name].make({})

/** The first that starts; a mistake in what was asked of one is told, not passed over. */
const firstSuccessOf = (starts: ReadonlyArray<Start>): Start =>
  starts.reduceRight((next, start) => Effect.catchIf(start, ({ mistaken }) => mistaken !== true, () => next))

const firstOf = (options: EngineOptions = {}): Start =>
  // A mistake in what was asked is told, whatever other engines there are.
  Effect.andThen(
    wanted(options.threads),
    // Software that plays a GPU is slower than any other engine: that one is asked for by name, or not at all.
    firstSuccessOf(
      Catalogue.names(engines).map((name) =>
        name === "webgpu" ? startWebgpu({ software: false }) : Catalogue.make(engines, name, options, {})
      )
    )
  )

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
export const wasm = layerOf(start("wasm"))

/**
 * The WebAssembly engine with a number of threads of its own, instead of as many as the variable FINEGRAIN_THREADS says
 * or the machine has cores, and with an accelerator if wished. The results have the same bits with any number of
 * threads, but not with an accelerator.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Backend } from "finegrain"
 * const { device } = await Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasmWith({ threads: 2 })))
 * device.endsWith("2 threads") // => true
 * ```
 */
export const wasmWith = (options: EngineOptions): Layer.Layer<Backend, BackendUnavailable> =>
  layerOf(startWasm(options))

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
export const cpu = layerOf(start("cpu"))

/**
 * TensorFlow on the CPU through the optional package `@tensorflow/tfjs-node`.
 *
 * @example
 * ```ts
 * import { Backend } from "finegrain"
 * Backend.layer("node") === Backend.node // => true
 * ```
 */
export const node = layerOf(start("node"))

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
export const nodeGpu = layerOf(start("nodeGpu"))

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
export const webgpu = layerOf(start("webgpu"))

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
export const auto = layerOf(firstOf())

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
  if (options.threads !== undefined || options.accelerator !== undefined) {
    if (name === "wasm") return wasmWith(options)
    if (name === "auto") return layerOf(firstOf(options))
  }
  const constants: Readonly<Record<string, Layer.Layer<Backend, BackendUnavailable>>> = {
    wasm,
    cpu,
    node,
    nodeGpu,
    webgpu,
    auto
  }
  return constants[name] ?? layerOf(start(name as EngineName))
}

/**
 * Looks at what variables and options ask of an engine, without starting it: a mistake that every start would meet.
 *
 * @internal
 */
export const asked = (
  name: EngineName | "auto",
  { threads }: EngineOptions = {}
): Effect.Effect<void, BackendUnavailable> =>
  name === "wasm" || name === "auto" ? Effect.asVoid(wanted(threads)) : Effect.void

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
  Catalogue.names(engines).toReversed(),
  (name) =>
    Effect.match(start(name), {
      onSuccess: ({ device }) => ({ name, available: true, device, reason: "", remedy: "" }),
      onFailure: ({ reason, remedy }) => ({ name, available: false, device: "", reason, remedy })
    })
).pipe(
  // What was tried last need not be what `auto` would take.
  Effect.tap(Effect.ignore(firstOf())),
  Effect.map((reports) => reports.toReversed())
)
