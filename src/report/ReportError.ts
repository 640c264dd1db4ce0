import * as Schema from "effect/Schema"

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
