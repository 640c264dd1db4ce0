import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import type * as PlatformError from "effect/PlatformError"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"

/** A run directory that cannot be used, or a file in it that cannot be written. */
export class RunDirectoryError extends Schema.TaggedError<RunDirectoryError>()("RunDirectoryError", {
  path: Schema.String,
  reason: Schema.String,
  remedy: Schema.String
}) {
  override get message() {
    return `${this.path}: ${this.reason}. ${this.remedy}`
  }
}

/** The files of one run. */
export interface RunDirectory {
  readonly path: string
  /** Writes `manifest.json`. */
  readonly writeManifest: (value: unknown) => Effect.Effect<void, RunDirectoryError>
  /** Appends one line to `events.jsonl`. */
  readonly appendEvent: (value: unknown) => Effect.Effect<void, RunDirectoryError>
  /** Writes `summary.json`. */
  readonly writeSummary: (value: unknown) => Effect.Effect<void, RunDirectoryError>
  /** Writes any other file, whole or not at all. */
  readonly writeBytes: (name: string, bytes: Uint8Array) => Effect.Effect<void, RunDirectoryError>
}

const remedyOf = (text: string): string =>
  /ENOSPC/.test(text)
    ? "The disk is full: free some space, or choose another directory with --output; what was written before is intact."
    : "Choose a directory that you may write to with --output."

const failure = (path: string) => (error: PlatformError.PlatformError) => {
  const text = `${error.message} ${String((error.reason as { readonly cause?: unknown }).cause ?? "")}`
  return new RunDirectoryError({ path, reason: error.message, remedy: remedyOf(text) })
}

/** Numbers that JSON has no word for keep their names, so that a diverged loss is not read as missing. */
const toJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, (_, v: unknown) => typeof v === "number" && !Number.isFinite(v) ? String(v) : v, indent)

const encoder = new TextEncoder()

/**
 * Opens a new or empty directory for one run; the event log is closed with the scope.
 *
 * Whole files appear atomically (written aside, flushed, renamed). A directory that already holds something is refused.
 *
 * @example
 * ```ts
 * import * as NodeServices from "@effect/platform-node/NodeServices"
 * import * as Effect from "effect/Effect"
 * import { RunDirectory } from "finegrain"
 * const refused = Effect.scoped(RunDirectory.open("/dev/null/run"))
 * const error = await Effect.runPromise(Effect.flip(refused).pipe(Effect.provide(NodeServices.layer)))
 * error._tag // => "RunDirectoryError"
 * ```
 */
export const open = Effect.fnUntraced(function*(
  directory: string
): Effect.fn.Return<RunDirectory, RunDirectoryError, FileSystem.FileSystem | Path.Path | Scope.Scope> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  yield* Effect.mapError(fs.makeDirectory(directory, { recursive: true }), failure(directory))
  const entries = yield* Effect.mapError(fs.readDirectory(directory), failure(directory))
  if (entries.length > 0) {
    return yield* new RunDirectoryError({
      path: directory,
      reason: entries.includes("manifest.json") ? "it already holds a run" : "it is not empty",
      remedy: "Choose a new directory with --output."
    })
  }
  const log = path.join(directory, "events.jsonl")
  const events = yield* Effect.mapError(fs.open(log, { flag: "ax" }), failure(log))
  const writeBytes = (name: string, bytes: Uint8Array) => {
    const target = path.join(directory, name)
    const aside = `${target}.part`
    return Effect.scoped(Effect.gen(function*() {
      const file = yield* fs.open(aside, { flag: "w" })
      yield* file.writeAll(bytes)
      yield* file.sync
    })).pipe(
      Effect.andThen(fs.rename(aside, target)),
      Effect.tapError(() => Effect.ignore(fs.remove(aside))),
      Effect.mapError(failure(target))
    )
  }
  // A line that was cut off by a failure is ended before the next one, which would be lost with it otherwise.
  let isCutOff = false
  const appendEvent = (value: unknown) =>
    Effect.suspend(() => events.writeAll(encoder.encode(`${isCutOff ? "\n" : ""}${toJson(value)}\n`))).pipe(
      Effect.tap(() => Effect.sync(() => (isCutOff = false))),
      Effect.tapError(() => Effect.sync(() => (isCutOff = true))),
      Effect.mapError(failure(log))
    )
  const writeJson = (name: string) => (value: unknown) => writeBytes(name, encoder.encode(`${toJson(value, 2)}\n`))
  return {
    path: directory,
    writeManifest: writeJson("manifest.json"),
    writeSummary: writeJson("summary.json"),
    writeBytes,
    appendEvent
  }
})
