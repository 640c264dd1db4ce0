import type * as PlatformError from "effect/PlatformError"
import * as Schema from "effect/Schema"
import * as WholeFile from "../../data/WholeFile.ts"

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

const remedyOf = (error: PlatformError.PlatformError, otherwise: string): string =>
  WholeFile.isDiskFull(error)
    ? "The disk is full: free some space, or choose another directory with --output; what was written before is intact."
    : otherwise

/**
 * A file or directory that could not be read, with what to do about it. Others may well be read.
 *
 * @example
 * ```ts
 * import * as PlatformError from "effect/PlatformError"
 * import { RunDirectory } from "finegrain"
 * const refused = { _tag: "PermissionDenied", module: "FileSystem", method: "readFile" } as const
 * RunDirectory.unread("runs/a")(PlatformError.systemError(refused)).path // => "runs/a"
 * ```
 */
export const unread = (path: string) => (error: PlatformError.PlatformError): RunDirectoryError =>
  new RunDirectoryError({
    path,
    reason: error.message,
    remedy: remedyOf(error, "Make it readable, or choose another directory with --output."),
    isDisk: WholeFile.takesNothing(error)
  })

/**
 * A file or directory that could not be written, with what to do about it: of a full disk, to free some space.
 *
 * @example
 * ```ts
 * import * as PlatformError from "effect/PlatformError"
 * import { RunDirectory } from "finegrain"
 * const refused = { _tag: "PermissionDenied", module: "FileSystem", method: "writeFile" } as const
 * RunDirectory.unwritten("runs/a")(PlatformError.systemError(refused)).path // => "runs/a"
 * ```
 */
export const unwritten = (path: string) => (error: PlatformError.PlatformError): RunDirectoryError =>
  new RunDirectoryError({
    path,
    reason: WholeFile.inWords(error),
    remedy: remedyOf(
      error,
      "Choose a directory that you may write to with --output, and leave it in its place while a run is at work."
    ),
    isDisk: error.reason._tag !== "NotFound"
  })
