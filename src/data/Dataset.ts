import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Seed from "../numerics/Seed.ts"

/** Images with labels, in memory. */
export interface Split {
  /** Pixel values 0–255, `[count, height, width, channels]`, row by row. */
  readonly images: Uint8Array
  /** Class numbers from 0, `[count]`. */
  readonly labels: Uint8Array
  readonly count: number
}

/** A file that is no image that can be read. */
export class ImageCorrupt extends Schema.TaggedError<ImageCorrupt>()("ImageCorrupt", {
  file: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.file} cannot be read as an image: ${this.reason}`
  }
}

/** Images with labels that are read when they are needed; no more of them are in memory than are asked for at once. */
export interface Stream {
  /** Class numbers from 0, `[count]`. */
  readonly labels: Uint16Array
  readonly count: number
  /** The images of these numbers as a Split has them; with a seed each is varied, as a function of the seed and its place. */
  readonly read: (
    indices: Int32Array,
    variation: Seed.Seed | undefined
  ) => Effect.Effect<Uint8Array, ImageCorrupt>
}

/** Where batches come from. */
export type Source = Split | Stream

/**
 * Whether images are read when they are needed.
 *
 * @internal
 */
export const isStream = (source: Source): source is Stream => "read" in source

/** What makes every channel of the training images have mean 0 and standard deviation 1. */
export interface Normalization {
  readonly mean: ReadonlyArray<number>
  readonly deviation: ReadonlyArray<number>
}

/** A labelled image dataset, with the checksum of its contents. */
export interface Dataset<S extends Source = Source> {
  readonly name: string
  readonly classes: number
  readonly height: number
  readonly width: number
  readonly channels: number
  readonly train: S
  readonly test: S
  /**
   * SHA-256 over train images, train labels, test images, test labels, decoded; of streams over the names and sizes of all files.
   */
  readonly checksum: string
  /** Known mean and deviation of the channels; without it they are measured, which streams do not allow. */
  readonly normalization?: Normalization
}
