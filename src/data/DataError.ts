/** The ways in which data fails: missing, inconsistent, invalid, or unreadable, each with what to do. */
import * as Schema from "effect/Schema"

/**
 * Names that others have given, on one line, so that they cannot steer a terminal.
 *
 * @internal
 */
export const shown = (text: string) => text.replaceAll(/\p{Cc}/gu, "\ufffd")

/** Files that are not there or cannot be read, with what would bring them. */
export class DatasetMissing extends Schema.TaggedError<DatasetMissing>()("DatasetMissing", {
  what: Schema.String,
  remedy: Schema.String
}) {
  override get message() {
    return shown(`${this.what}. ${this.remedy}`)
  }
}

/** Files that are each in order but do not belong together. */
export class DatasetInconsistent extends Schema.TaggedError<DatasetInconsistent>()("DatasetInconsistent", {
  directory: Schema.String,
  reason: Schema.String,
  remedy: Schema.optionalKey(Schema.String)
}) {
  override get message() {
    const { directory, reason, remedy } = this
    return shown(
      `The dataset in ${directory} is inconsistent: ${reason}${remedy === undefined ? "" : `. ${remedy}`}`
    )
  }
}

/** A dataset in memory that says of itself what is not so, or that cannot be trained on. */
export class DatasetInvalid extends Schema.TaggedError<DatasetInvalid>()("DatasetInvalid", {
  dataset: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return shown(`The dataset ${this.dataset} cannot be trained on: ${this.reason}`)
  }
}

/** A file that is no image that can be read. */
export class ImageCorrupt extends Schema.TaggedError<ImageCorrupt>()("ImageCorrupt", {
  file: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return shown(`${this.file} cannot be read as an image: ${this.reason}`)
  }
}
