/** The directory of a run: opened or reopened for one process, its files written whole, its log appended. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as WholeFile from "../data/WholeFile.ts"
import type * as Checkpoint from "./Checkpoint.ts"
import { examine } from "./run/examine.ts"
import { openFiles, type RunDirectory } from "./run/openFiles.ts"
import { lock, readOwn, tidy, wholeFiles } from "./run/ownFiles.ts"
import { RunDirectoryError, unread, unwritten } from "./run/RunDirectoryError.ts"

export type { RunDirectory } from "./run/openFiles.ts"
export { RunDirectoryError, unread, unwritten } from "./run/RunDirectoryError.ts"

/** A run that was started before. */
export interface ResumedDirectory extends RunDirectory {
  readonly manifest: unknown
  readonly summary: Option.Option<unknown>
  /** Where it stood, if it got so far as to write that. Events after that moment have been cut off. */
  readonly checkpoint: Option.Option<Checkpoint.Snapshot>
}

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
