/** The files of a run by their names: whose they are, and how they are read. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Result from "effect/Result"
import * as WholeFile from "../../data/WholeFile.ts"
import { atEnd, fileOf } from "../measures/ends.ts"
import * as RunFiles from "../RunFiles.ts"
import * as RunLock from "../RunLock.ts"
import { RunDirectoryError, unread, unwritten } from "./RunDirectoryError.ts"

/**
 * The files of a run that went to its end.
 *
 * @internal
 */
export const files = [
  "manifest.json",
  "events.jsonl",
  "summary.json",
  ...Object.keys(atEnd).map(fileOf),
  "model.json",
  "weights.bin",
  "checkpoint.bin",
  "report.html"
]

/** Files that are written whole, by their full names: nothing else aside is ours. */
export const wholeFiles = [
  ...files.filter((name) => name !== "events.jsonl" && name !== "checkpoint.bin"),
  "checkpoint.bin.new",
  "best.weights.bin",
  "best.model.json"
]

/**
 * A second process on one directory is refused.
 *
 * @internal
 */
export const lock = Effect.fnUntraced(function*(directory: string, name = "run.lock") {
  const path = yield* Path.Path
  const file = path.join(directory, name)
  const held = yield* Effect.mapError(RunLock.acquire(file), unwritten(file))
  if (held._tag === "Held") {
    return yield* new RunDirectoryError({
      path: directory,
      reason: `${held.by} is at work on it`,
      remedy: "Wait for it, or choose another directory with --output."
    })
  }
  return held
})

/**
 * Removes what earlier processes were writing of these files when they were killed.
 *
 * @internal
 */
export const tidy = Effect.fnUntraced(function*(directory: string, own: ReadonlyArray<string>) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const entries = yield* Effect.mapError(fs.readDirectory(directory), unread(directory))
  const parts = entries.filter((name) => WholeFile.isAside(name, own)).map((name) => path.join(directory, name))
  yield* Effect.forEach(parts, (part) => Effect.mapError(fs.remove(part, { force: true }), unwritten(part)))
})

/** What helps where a file is lost. */
export const anew = "Start the run anew in another directory."

/**
 * A file of a run by its schema; none where it is missing.
 *
 * @internal
 */
export const readOwn = Effect.fnUntraced(function*<A>(
  directory: string,
  name: string,
  decoding: (value: unknown) => Result.Result<A, string>,
  remedy = anew
) {
  const path = yield* Path.Path
  const file = path.join(directory, name)
  return yield* RunFiles.read(
    file,
    decoding,
    unread(file),
    (reason) => new RunDirectoryError({ path: file, reason, remedy })
  )
})

/**
 * A run's own file as it stands, checked by its schema: keys that the schema does not know are handed on.
 *
 * @internal
 */
export const readWhole = <A>(directory: string, name: string, decoding: (value: unknown) => Result.Result<A, string>) =>
  readOwn(directory, name, (value) => Result.map(decoding(value), () => value as A))
