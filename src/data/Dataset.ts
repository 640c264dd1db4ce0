/** Images with labels. */
export interface Split {
  /** Pixel values 0–255, `[count, height, width, channels]`, row by row. */
  readonly images: Uint8Array
  /** Class numbers from 0, `[count]`. */
  readonly labels: Uint8Array
  readonly count: number
}

/** A labelled image dataset in memory, with the checksum of its contents. */
export interface Dataset {
  readonly name: string
  readonly classes: number
  readonly height: number
  readonly width: number
  readonly channels: number
  readonly train: Split
  readonly test: Split
  /** SHA-256 over train images, train labels, test images, test labels, decoded. */
  readonly checksum: string
}
