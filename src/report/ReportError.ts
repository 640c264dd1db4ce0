import type * as PlatformError from "effect/PlatformError"
import * as Schema from "effect/Schema"
import * as WholeFile from "../data/WholeFile.ts"

/**
 * A directory that is neither that of a run nor that of an experiment, or files in it that cannot be read or written.
 */
export class ReportError extends Schema.TaggedError<ReportError>()("ReportError", {
  path: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.path}: ${this.reason}`
  }
}

/**
 * What went wrong with a file, as a ReportError.
 *
 * @internal
 */
export const failing = (path: string) => (error: { readonly message: string }): ReportError =>
  new ReportError({ path, reason: error.message })

/**
 * A file that could not be written, as a ReportError.
 *
 * @internal
 */
export const unwritten = (path: string) => (error: PlatformError.PlatformError): ReportError =>
  new ReportError({
    path,
    reason: WholeFile.isDiskFull(error)
      ? "the disk is full; free some space and draw the report anew (finegrain report); " +
        "what was written before is intact"
      : WholeFile.inWords(error)
  })
