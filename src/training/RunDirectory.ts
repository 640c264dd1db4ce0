import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import type * as PlatformError from "effect/PlatformError"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Checkpoint from "./Checkpoint.ts"
import * as RunLock from "./RunLock.ts"
import * as WholeFile from "./WholeFile.ts"

/** A run directory that cannot be used, or a file in it that cannot be written. */
export class RunDirectoryError extends Schema.TaggedError<RunDirectoryError>()("RunDirectoryError", {
  path: Schema.String,
  reason: Schema.String,
  remedy: Schema.String,
  /** Where the file system refused to write: whatever else is written there will fail alike. */
  isDisk: Schema.optionalKey(Schema.Boolean)
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
  /** Writes `spectra.json`. */
  readonly writeSpectra: (value: unknown) => Effect.Effect<void, RunDirectoryError>
  /** Writes `summary.json`. */
  readonly writeSummary: (value: unknown) => Effect.Effect<void, RunDirectoryError>
  /** Writes any other file, whole or not at all. */
  readonly writeBytes: (name: string, bytes: Uint8Array) => Effect.Effect<void, RunDirectoryError>
  /** Writes `checkpoint.bin`, whole or not at all, after every event so far; the one before becomes `checkpoint.previous.bin`. */
  readonly writeCheckpoint: (snapshot: Checkpoint.Snapshot) => Effect.Effect<void, RunDirectoryError>
}

/** A run that was started before. */
export interface Resumed extends RunDirectory {
  readonly manifest: unknown
  readonly summary: Option.Option<unknown>
  /** Where it stood, if it got so far as to write that. Events after that moment have been cut off. */
  readonly checkpoint: Option.Option<Checkpoint.Snapshot>
}

const remedyOf = (error: PlatformError.PlatformError, otherwise: string): string =>
  WholeFile.isDiskFull(error)
    ? "The disk is full: free some space, or choose another directory with --output; what was written before is intact."
    : otherwise

/**
 * A file or directory that could not be read, with what to do about it. Others may well be read.
 *
 * @internal
 */
export const unread = (path: string) => (error: PlatformError.PlatformError): RunDirectoryError =>
  new RunDirectoryError({
    path,
    reason: error.message,
    remedy: remedyOf(error, "Make it readable, or choose another directory with --output."),
    isDisk: WholeFile.takesNothing(error)
  })

/**
 * One that could not be written, likewise.
 *
 * @internal
 */
export const unwritten = (path: string) => (error: PlatformError.PlatformError): RunDirectoryError =>
  new RunDirectoryError({
    path,
    reason: error.message,
    remedy: remedyOf(error, "Choose a directory that you may write to with --output."),
    isDisk: error.reason._tag !== "NotFound"
  })

/**
 * Numbers that JSON has no word for keep their names, so that a diverged loss is not read as missing.
 *
 * @internal
 */
export const toJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, (_, v: unknown) => typeof v === "number" && !Number.isFinite(v) ? String(v) : v, indent)

/**
 * The inverse of `toJson`.
 *
 * @internal
 */
export const fromJson = (text: string): unknown =>
  JSON.parse(
    text,
    (_, value: unknown) => value === "NaN" || value === "Infinity" || value === "-Infinity" ? Number(value) : value
  )

const encoder = new TextEncoder()

/**
 * A file of JSON as `toJson` writes it; none where it is missing. What cannot be read, and what is no JSON, the caller tells in its own words.
 *
 * @internal
 */
export const readJson = <E>(
  file: string,
  unread: (error: PlatformError.PlatformError) => E,
  garbled: (reason: string) => E
): Effect.Effect<Option.Option<unknown>, E, FileSystem.FileSystem> =>
  Effect.flatMap(Effect.mapError(WholeFile.read(file), unread), (found) =>
    Effect.try({
      try: () => Option.map(found, (bytes) => fromJson(new TextDecoder().decode(bytes))),
      catch: (error) => garbled((error as Error).message)
    }))

/** The files of a directory that is ours, with the log open for more. */
const files = Effect.fnUntraced(function*(directory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const log = path.join(directory, "events.jsonl")
  const events = yield* Effect.mapError(fs.open(log, { flag: "a" }), unwritten(log))
  const writeBytes = (name: string, bytes: Uint8Array) =>
    WholeFile.write(path.join(directory, name), bytes).pipe(
      Effect.provideService(FileSystem.FileSystem, fs),
      Effect.mapError(unwritten(path.join(directory, name)))
    )
  // A line that was cut off by a failure is ended before the next one, which would be lost with it otherwise.
  let isCutOff = false
  const appendEvent = (value: unknown) =>
    Effect.suspend(() => events.writeAll(encoder.encode(`${isCutOff ? "\n" : ""}${toJson(value)}\n`))).pipe(
      Effect.tap(() => Effect.sync(() => (isCutOff = false))),
      Effect.tapError(() => Effect.sync(() => (isCutOff = true))),
      Effect.mapError(unwritten(log))
    )
  const writeJson = (name: string) => (value: unknown) => writeBytes(name, encoder.encode(`${toJson(value, 2)}\n`))
  const writeCheckpoint = Effect.fnUntraced(function*(snapshot: Checkpoint.Snapshot) {
    const [current, previous] = [checkpointIn(path, directory), path.join(directory, "checkpoint.previous.bin")]
    const eventBytes = yield* Effect.mapError(
      Effect.andThen(events.sync, Effect.map(events.stat, ({ size }) => Number(size))),
      unwritten(log)
    )
    const bytes = Checkpoint.encode(snapshot, { eventBytes })
    const aside = `${current}.new`
    yield* writeBytes("checkpoint.bin.new", bytes)
    yield* Effect.mapError(
      Effect.andThen(
        Effect.catchIf(fs.rename(current, previous), (error) => error.reason._tag === "NotFound", () => Effect.void),
        fs.rename(aside, current)
      ),
      unwritten(current)
    )
  })
  return {
    path: directory,
    writeManifest: writeJson("manifest.json"),
    writeSpectra: writeJson("spectra.json"),
    writeSummary: writeJson("summary.json"),
    writeBytes,
    writeCheckpoint,
    appendEvent
  } satisfies RunDirectory
})

const checkpointIn = (path: Path.Path, directory: string) => path.join(directory, "checkpoint.bin")

/**
 * A second process on one directory is refused; what an earlier one left half written is removed.
 *
 * @internal
 */
export const lock = Effect.fnUntraced(function*(directory: string, name = "run.lock") {
  const path = yield* Path.Path
  const file = path.join(directory, name)
  const held = yield* Effect.mapError(RunLock.acquire(file), unwritten(file))
  if (Option.isSome(held)) {
    return yield* new RunDirectoryError({
      path: directory,
      reason: `${held.value.by} is at work on it`,
      remedy: `Wait for it, or choose another directory with --output; if nothing is, delete ${file}.`
    })
  }
  // What an earlier process was writing when it was killed.
  const fs = yield* FileSystem.FileSystem
  const entries = yield* Effect.mapError(fs.readDirectory(directory), unread(directory))
  const parts = entries.filter((name) => name.endsWith(".part")).map((name) => path.join(directory, name))
  yield* Effect.forEach(parts, (part) => Effect.mapError(fs.remove(part, { force: true }), unwritten(part)))
})

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
  yield* Effect.mapError(fs.makeDirectory(directory, { recursive: true }), unwritten(directory))
  const entries = yield* Effect.mapError(fs.readDirectory(directory), unread(directory))
  if (entries.some((name) => !isBeforeManifest(name))) {
    return yield* new RunDirectoryError({
      path: directory,
      reason: entries.includes("manifest.json") ? "it already holds a run" : "it is not empty",
      remedy: entries.includes("manifest.json")
        ? "Choose a new directory with --output, or go on with that run with --resume."
        : "Choose a new directory with --output."
    })
  }
  yield* lock(directory)
  return yield* files(directory)
})

/** What a run that was killed before it began leaves behind. */
const isBeforeManifest = (name: string) => /^(run\.lock|events\.jsonl|manifest\.json\.\d+\.part)$/.test(name)

const readOwn = (file: string) =>
  readJson(file, unread(file), (reason) =>
    new RunDirectoryError({
      path: file,
      reason: `it is not JSON (${reason})`,
      remedy: "Start the run anew in another directory."
    }))

/** The newest checkpoint; killed between two renames, a run has only the one before. */
const readCheckpoint = Effect.fnUntraced(function*(directory: string) {
  const path = yield* Path.Path
  const previous = path.join(directory, "checkpoint.previous.bin")
  for (const file of [checkpointIn(path, directory), previous]) {
    const bytes = yield* Effect.mapError(WholeFile.read(file), unread(file))
    if (Option.isNone(bytes)) continue
    const remedy = file === previous
      ? "Start the run anew in another directory."
      : `Delete it to go on from ${previous}.`
    return Option.some(yield* Effect.fromResult(Checkpoint.decode(bytes.value, file, remedy)))
  }
  return Option.none()
})

/**
 * Opens the directory of a run that was started before, for this process alone; what its log holds beyond the checkpoint is cut off.
 * None where there is no run yet.
 *
 * Fails with RunDirectoryError where another process is at work on it, and with CheckpointCorrupt.
 *
 * @example
 * ```ts
 * import * as NodeServices from "@effect/platform-node/NodeServices"
 * import * as Effect from "effect/Effect"
 * import { RunDirectory } from "finegrain"
 * const none = Effect.scoped(RunDirectory.reopen("/nowhere"))
 * const found = await Effect.runPromise(none.pipe(Effect.provide(NodeServices.layer)))
 * found._tag // => "None"
 * ```
 */
export const reopen = Effect.fnUntraced(function*(
  directory: string
): Effect.fn.Return<
  Option.Option<Resumed>,
  RunDirectoryError | Checkpoint.CheckpointCorrupt,
  FileSystem.FileSystem | Path.Path | Scope.Scope
> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const manifest = yield* readOwn(path.join(directory, "manifest.json"))
  if (Option.isNone(manifest)) return Option.none()
  yield* lock(directory)
  const summary = yield* readOwn(path.join(directory, "summary.json"))
  const found = yield* readCheckpoint(directory)
  const log = path.join(directory, "events.jsonl")
  const written = yield* Effect.mapError(Effect.map(fs.stat(log), ({ size }) => Number(size)), unread(log))
  const known = Option.match(found, { onNone: () => 0, onSome: ({ extra }) => extra["eventBytes"] ?? 0 })
  if (written < known) {
    return yield* new RunDirectoryError({
      path: log,
      reason: `it has lost events: ${written} bytes are there, and there were ${known} at the checkpoint`,
      remedy: "Restore it, or start the run anew in another directory."
    })
  }
  yield* Effect.mapError(fs.truncate(log, known), unwritten(log))
  return Option.some({
    ...(yield* files(directory)),
    manifest: manifest.value,
    summary,
    checkpoint: Option.map(found, ({ snapshot }) => snapshot)
  })
})
