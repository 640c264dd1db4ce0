/** The contract of an engine: what it says of itself, how it starts, and how it fails. */
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** A backend in use. */
export interface Engine {
  /** Its name among the engines. */
  readonly name: string
  /** Its name in TensorFlow.js. */
  readonly engine: string
  /** What computes, e.g. `CPU, WebAssembly SIMD, 1 thread`. */
  readonly device: string
  readonly version: string
  /** How it rounds, where that depends on more than the engine: two that differ in it give different bits. */
  readonly arithmetic?: string
}

/** A backend that cannot be used here, with the reason and what to do. */
export class BackendUnavailable extends Schema.TaggedError<BackendUnavailable>()("BackendUnavailable", {
  backend: Schema.String,
  reason: Schema.String,
  remedy: Schema.String,
  /** Whether a setting cannot be meant: no other engine is tried in its place. */
  mistaken: Schema.optionalKey(Schema.Boolean)
}) {
  override get message() {
    return `The backend ${this.backend} is not available: ${this.reason}. ${this.remedy}`
  }
}

/** How an engine can fail while it computes. */
export const failures = [
  "validation",
  "out of memory",
  "internal",
  "device lost",
  "thread lost",
  "synchronous read",
  "no read"
] as const

const afterwards: Readonly<Record<(typeof failures)[number], string>> = {
  validation: "What was computed since the last read cannot be trusted. An operation is at fault: please report it",
  "out of memory": "What was computed since the last read cannot be trusted. Use smaller batches, or another backend",
  internal: "What was computed since the last read cannot be trusted. Look at the driver, or use another backend",
  "device lost": "What was on the device is gone. Start the backend anew, which takes a new device",
  "thread lost":
    "What was on its heap cannot be trusted. Start the program anew, with more memory or fewer threads, or on " +
    "another backend",
  "no read": "Read a value every few thousand operations: only then is memory freed",
  "synchronous read": "Read with `await tensor.data()`, or use another backend"
}

/** An engine that failed after it had taken an operation on: asynchronous engines say so at the next read. */
export class EngineFailed extends Schema.TaggedError<EngineFailed>()("EngineFailed", {
  backend: Schema.String,
  kind: Schema.Literals(failures),
  reason: Schema.String
}) {
  override get message() {
    return `The backend ${this.backend} failed (${this.kind}): ${this.reason}. ${afterwards[this.kind]}.`
  }
}

/** Starts an engine and makes it the one that TensorFlow.js uses. */
export type Start = Effect.Effect<Engine, BackendUnavailable>
