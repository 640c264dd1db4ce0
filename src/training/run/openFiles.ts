/** The files of a run, as one process writes them. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as WholeFile from "../../data/WholeFile.ts"
import * as Checkpoint from "../Checkpoint.ts"
import { fileOf } from "../measures/ends.ts"
import * as RunFiles from "../RunFiles.ts"
import type * as RunLock from "../RunLock.ts"
import { RunDirectoryError, unwritten } from "./RunDirectoryError.ts"

/** The files of one run. */
export interface RunDirectory {
  readonly path: string
  /** Writes `manifest.json`. */
  readonly writeManifest: (value: unknown) => Effect.Effect<void, RunDirectoryError>
  /** Appends one line to `events.jsonl`. */
  readonly appendEvent: (value: unknown) => Effect.Effect<void, RunDirectoryError>
  /** Writes the file of a measure at the end, as `spectra.json`. */
  readonly writeMeasure: (name: string, value: unknown) => Effect.Effect<void, RunDirectoryError>
  /** Writes `summary.json`. */
  readonly writeSummary: (value: unknown) => Effect.Effect<void, RunDirectoryError>
  /** Writes any other file, whole or not at all. */
  readonly writeBytes: (name: string, bytes: Uint8Array) => Effect.Effect<void, RunDirectoryError>
  /**
   * Writes `checkpoint.bin`, whole or not at all, after every event so far; the one before becomes
   * `checkpoint.previous.bin`.
   */
  readonly writeCheckpoint: (snapshot: Checkpoint.Snapshot) => Effect.Effect<void, RunDirectoryError>
}

/** The log of a run, which is nobody else's: a link leads to another file. */
export const logIn = Effect.fnUntraced(function*(directory: string) {
  const path = yield* Path.Path
  const log = path.join(directory, "events.jsonl")
  return (yield* WholeFile.isLink(log))
    ? yield* new RunDirectoryError({
      path: log,
      reason: "it is a link to another file, which is not followed",
      remedy: "Put the file in its place, or choose another directory with --output."
    })
    : log
})

/** Where the latest checkpoint is. */
export const checkpointIn = (path: Path.Path, directory: string) => path.join(directory, "checkpoint.bin")

const encoder = new TextEncoder()

/** The files of a directory that is ours, with the log open for more, as long as the lock is held. */
export const openFiles = Effect.fnUntraced(function*(directory: string, { isOurs }: RunLock.Taken) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const log = yield* logIn(directory)
  const events = yield* Effect.mapError(fs.open(log, { flag: "a" }), unwritten(log))
  const ifOurs = Effect.flatMap(isOurs, (ours) =>
    ours
      ? Effect.void
      : Effect.fail(
        new RunDirectoryError({
          path: directory,
          reason: "another process has taken it over, since this one stood still for long",
          remedy: "Nothing more is written by this one; look at what the other does."
        })
      ))
  const writeBytes = (name: string, bytes: Uint8Array) =>
    WholeFile.write(path.join(directory, name), bytes).pipe(
      Effect.provideService(FileSystem.FileSystem, fs),
      Effect.mapError(unwritten(path.join(directory, name))),
      (writing) => Effect.andThen(ifOurs, writing)
    )
  // A line that was cut off by a failure is ended before the next one, which would be lost with it otherwise.
  let isCutOff = false
  const appendEvent = (value: unknown) =>
    Effect.suspend(() => events.writeAll(encoder.encode(`${isCutOff ? "\n" : ""}${RunFiles.toJson(value)}\n`))).pipe(
      Effect.tap(() => Effect.sync(() => (isCutOff = false))),
      Effect.tapError(() => Effect.sync(() => (isCutOff = true))),
      Effect.uninterruptible,
      Effect.mapError(unwritten(log)),
      (appending) => Effect.andThen(ifOurs, appending)
    )
  const writeJson = (name: string) => (value: unknown) =>
    writeBytes(name, encoder.encode(`${RunFiles.toJson(value, 2)}\n`))
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
      ).pipe(Effect.uninterruptible),
      unwritten(current)
    )
  })
  return {
    path: directory,
    writeManifest: writeJson("manifest.json"),
    writeMeasure: (name, value) => writeJson(fileOf(name))(value),
    writeSummary: writeJson("summary.json"),
    writeBytes,
    writeCheckpoint,
    appendEvent
  } satisfies RunDirectory
})
