import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** Names of the backends. */
export type Name = "wasm" | "cpu" | "node" | "nodeGpu"

/** A backend in use. */
export interface Engine {
  readonly name: Name
  /** Its name in TensorFlow.js. */
  readonly engine: string
  /** What computes, e.g. `CPU, WebAssembly SIMD, 1 thread`. */
  readonly device: string
  readonly version: string
}

/** A backend that cannot be used here, with the reason and what to do. */
export class BackendUnavailable extends Schema.TaggedError<BackendUnavailable>()("BackendUnavailable", {
  backend: Schema.String,
  reason: Schema.String,
  remedy: Schema.String
}) {
  override get message() {
    return `The backend ${this.backend} is not available: ${this.reason}. ${this.remedy}`
  }
}

/** Starts an engine and makes it the one that TensorFlow.js uses. */
export type Start = Effect.Effect<Engine, BackendUnavailable>
