/** The directory of a run: opened or reopened for one process, its files written whole, its log appended. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as WholeFile from "../data/WholeFile.ts"
import * as Checkpoint from "./Checkpoint.ts"
import { atEnd, fileOf } from "./measures/ends.ts"
import { checkpointIn, logIn, openFiles, type RunDirectory } from "./run/openFiles.ts"
import { RunDirectoryError, unread, unwritten } from "./run/RunDirectoryError.ts"
import * as RunFiles from "./RunFiles.ts"
import * as RunLock from "./RunLock.ts"

export type { RunDirectory } from "./run/openFiles.ts"
export { RunDirectoryError, unwritten } from "./run/RunDirectoryError.ts"

/** A run that was started before. */
export interface ResumedDirectory extends RunDirectory {
  readonly manifest: unknown
  readonly summary: Option.Option<unknown>
  /** Where it stood, if it got so far as to write that. Events after that moment have been cut off. */
  readonly checkpoint: Option.Option<Checkpoint.Snapshot>
}

/** A run that was started before, of which everything has been read and nothing has been changed. */
export interface Examined {
  readonly checkpoint: Option.Option<Checkpoint.Snapshot>
  /**
   * Cuts off what the log holds beyond the checkpoint, and opens it for more: to be run once nothing is left to refuse.
   */
  readonly proceed: Effect.Effect<RunDirectory, RunDirectoryError, Scope.Scope>
}

/**
 * Numbers that JSON has no word for keep their names, so that a diverged loss is not read as missing.
 *
 * @internal
 */
export const toJson = RunFiles.toJson

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
const wholeFiles = [
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
  yield* Effect.mapError(WholeFile.makeDirectory(directory), unwritten(directory))
  const entries = yield* Effect.mapError(fs.readDirectory(directory), unread(directory))
  const isForeign = yield* Effect.forEach(entries, (name) => isBeforeManifest(directory, name))
  if (isForeign.includes(false)) {
    return yield* new RunDirectoryError({
      path: directory,
      reason: entries.includes("manifest.json") ? "it already holds a run" : "it is not empty",
      remedy: entries.includes("manifest.json")
        ? "Choose a new directory with --output, or go on with that run with --resume."
        : "Choose a new directory with --output."
    })
  }
  const held = yield* lock(directory)
  yield* tidy(directory, wholeFiles)
  return yield* openFiles(directory, held)
})

/** What a run that was killed before it began leaves behind: a log without a line, at most. */
const isBeforeManifest = Effect.fnUntraced(function*(directory: string, name: string) {
  if (/^run\.lock(\.taking)?$/.test(name) || WholeFile.isAside(name, ["manifest.json"])) return true
  if (name !== "events.jsonl") return false
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const log = path.join(directory, name)
  if (yield* WholeFile.isLink(log)) return false
  return yield* Effect.match(fs.stat(log), {
    onFailure: () => false,
    onSuccess: ({ size, type }) => type === "File" && Number(size) === 0
  })
})

const anew = "Start the run anew in another directory."

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

/** The newest checkpoint; killed between two renames, a run has only the one before. */
const readCheckpoint = Effect.fnUntraced(function*(directory: string) {
  const path = yield* Path.Path
  const previous = path.join(directory, "checkpoint.previous.bin")
  for (const file of [checkpointIn(path, directory), previous]) {
    const bytes = yield* Effect.mapError(WholeFile.read(file), unread(file))
    if (Option.isNone(bytes)) continue
    const remedy = file === previous ? anew : `Delete it to go on from ${previous}.`
    return Option.some({ file, ...(yield* Effect.fromResult(Checkpoint.decode(bytes.value, file, remedy))) })
  }
  return Option.none()
})

/** The last byte of the part of a log that a checkpoint knows ends a line. */
const endsLine = Effect.fnUntraced(function*(log: string, known: number) {
  const fs = yield* FileSystem.FileSystem
  if (known === 0) return true
  return yield* Effect.scoped(Effect.gen(function*() {
    const file = yield* fs.open(log, { flag: "r" })
    yield* file.seek(BigInt(known - 1), "start")
    const byte = yield* file.readAlloc(1)
    return Option.isSome(byte) && byte.value[0] === 10
  }))
})

/** A log without a checkpoint is begun anew; one that tells of whole epochs is work, and kept under another name. */
const restart = Effect.fnUntraced(function*(directory: string, log: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const text = yield* fs.readFileString(log)
  if (!text.includes(`"EpochDone"`)) return yield* fs.truncate(log, 0)
  const entries = yield* fs.readDirectory(directory)
  const numbers = entries.flatMap((name) => /^events\.before\.(\d+)\.jsonl$/.exec(name)?.[1] ?? [])
  yield* fs.rename(log, path.join(directory, `events.before.${1 + Math.max(0, ...numbers.map(Number))}.jsonl`))
})

/**
 * Takes the directory of a run that was started before for this process alone, reads how far it got, and changes
 * nothing yet.
 *
 * Fails with RunDirectoryError where another process is at work on it, or a file of it is damaged, and with
 * CheckpointCorrupt.
 *
 * @internal
 */
export const examine = Effect.fnUntraced(function*(
  directory: string
): Effect.fn.Return<
  Examined,
  RunDirectoryError | Checkpoint.CheckpointCorrupt,
  FileSystem.FileSystem | Path.Path | Scope.Scope
> {
  const services = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  const fs = yield* FileSystem.FileSystem
  const held = yield* lock(directory)
  const found = yield* readCheckpoint(directory)
  const log = yield* logIn(directory)
  const written = yield* fs.stat(log).pipe(
    Effect.map(({ size }) => Number(size)),
    Effect.catchIf((error) => error.reason._tag === "NotFound", () => Effect.succeed(0)),
    Effect.mapError(unread(log))
  )
  const known = Option.match(found, { onNone: () => 0, onSome: ({ extra }) => extra["eventBytes"] ?? 0 })
  if (written < known) {
    return yield* new RunDirectoryError({
      path: log,
      reason: `it has lost events: ${written} bytes are there, and there were ${known} at the checkpoint`,
      remedy: "Restore it, or start the run anew in another directory."
    })
  }
  if (!Number.isInteger(known) || known < 0 || !(yield* Effect.mapError(endsLine(log, known), unread(log)))) {
    return yield* new RunDirectoryError({
      path: log,
      reason: `it is not the log that the checkpoint was written beside: no line of it ends after ${known} bytes`,
      remedy: "Restore it, or start the run anew in another directory."
    })
  }
  const cut = written === known
    ? Effect.void
    : Option.isSome(found)
    ? fs.truncate(log, known)
    : restart(directory, log)
  const proceed = Effect.gen(function*() {
    yield* tidy(directory, wholeFiles)
    yield* Effect.mapError(cut, unwritten(log))
    return yield* openFiles(directory, held)
  })
  return {
    checkpoint: Option.map(found, ({ snapshot }) => snapshot),
    proceed: Effect.provideContext(proceed, services)
  }
})

const anything = (value: unknown): Result.Result<unknown, string> => Result.succeed(value)

/**
 * Opens the directory of a run that was started before, for this process alone; what its log holds beyond the
 * checkpoint is cut off. None where there is no run yet.
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
  Option.Option<ResumedDirectory>,
  RunDirectoryError | Checkpoint.CheckpointCorrupt,
  FileSystem.FileSystem | Path.Path | Scope.Scope
> {
  const manifest = yield* readOwn(directory, "manifest.json", anything)
  if (Option.isNone(manifest)) return Option.none()
  const { checkpoint, proceed } = yield* examine(directory)
  const summary = yield* readOwn(directory, "summary.json", anything)
  return Option.some({ ...(yield* proceed), manifest: manifest.value, summary, checkpoint })
})
