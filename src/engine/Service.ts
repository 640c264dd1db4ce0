import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import type { BackendUnavailable, Engine, Start } from "./Engine.ts"

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

/**
 * A layer that starts an engine. Not memoized: another layer may have changed the engine in between.
 *
 * @internal
 */
export const layerOf = (start: Start): Layer.Layer<Backend, BackendUnavailable> =>
  Layer.fresh(Layer.effect(Backend, start))
