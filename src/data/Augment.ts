/** What happens to a batch of images before a step: normalization of channels, random crops and reflections. */
import type * as Catalogue from "../choices/Catalogue.ts"
import { counted } from "../choices/counted.ts"
import * as Seed from "../numerics/Seed.ts"
import type { Batch } from "./Batch.ts"
import type { ChannelStatistics, Split } from "./Dataset.ts"

/**
 * How training images can be varied.
 *
 * @example
 * ```ts
 * import { Augment, Catalogue } from "finegrain"
 * Catalogue.names(Augment.augmentations) // => ["none", "crop-flip"]
 * ```
 */
export const augmentations = {
  none: { about: "not at all" },
  "crop-flip": {
    about:
      "cropped and mirrored at random, padded by 4 pixels before; of class folders a random window of 8 to 100 % " +
      "of the area is brought to size"
  }
} as const satisfies Catalogue.Catalogue

/** The name of a way in which training images can be varied. */
export type Augmentation = keyof typeof augmentations

/** Size of every image of a batch. */
export interface Size {
  readonly height: number
  readonly width: number
  readonly channels: number
}

/**
 * Pads every image with zeros, cuts a random window of the old size out of it, and mirrors half of them: a function of
 * the seed.
 *
 * Source: He, Zhang, Ren and Sun 2016, section 4.2 (4 pixels on each side).
 *
 * @throws RangeError for images of another size, or a padding that is no whole number from 0.
 *
 * @example
 * ```ts
 * import { Augment } from "finegrain"
 * const batch = { images: Float32Array.of(1, 2, 3, 4), labels: Int32Array.of(0) }
 * const { images } = Augment.cropFlip(batch, { height: 2, width: 2, channels: 1 }, 1, 0)
 * images.length // => 4
 * const others = Augment.cropFlip(batch, { height: 2, width: 2, channels: 1 }, 2, 0).images
 * others.every((pixel) => [1, 2, 3, 4].includes(pixel)) // => true
 * ```
 */
export const cropFlip = (
  { images, labels, ...rest }: Batch,
  { channels, height, width }: Size,
  seed: Seed.Seed,
  padding = 4
): Batch => {
  if (images.length !== labels.length * height * width * channels) {
    throw new RangeError(
      `${counted(labels.length, "image")} of ${height}×${width}×${channels} cannot have ${
        counted(images.length, "pixel")
      }`
    )
  }
  if (!(Number.isInteger(padding) && padding >= 0)) throw new RangeError(`a padding of ${padding} pixels`)
  const draws = Seed.uniforms(seed, 3 * labels.length)
  const result = new Float32Array(images.length)
  const size = height * width * channels
  for (let i = 0; i < labels.length; i++) {
    const shift = (draw: number) => Math.floor((2 * padding + 1) * draws[3 * i + draw]!) - padding
    const [down, right] = [shift(0), shift(1)]
    const isMirrored = draws[3 * i + 2]! < 0.5
    for (let y = 0; y < height; y++) {
      const row = y + down
      if (row < 0 || row >= height) continue
      for (let x = 0; x < width; x++) {
        const column = right + (isMirrored ? width - 1 - x : x)
        if (column < 0 || column >= width) continue
        const from = i * size + (row * width + column) * channels
        const to = i * size + (y * width + x) * channels
        for (let c = 0; c < channels; c++) result[to + c] = images[from + c]!
      }
    }
  }
  return { images: result, labels, ...rest }
}

/**
 * Mean and standard deviation of every channel over a split, of pixels scaled to [0, 1] or floats as they are; a
 * channel without variation has deviation 1.
 *
 * @throws RangeError where there are no pixels, or no whole number of them a channel.
 *
 * @example
 * ```ts
 * import { Augment } from "finegrain"
 * const split = { images: Uint8Array.of(0, 7, 255, 7), labels: Uint8Array.of(0, 1), count: 2 }
 * Augment.normalization(split, 2).deviation // => [0.5, 1]
 * ```
 */
export const normalization = ({ images }: Split, channels: number): ChannelStatistics => {
  if (images.length === 0 || images.length % channels !== 0) {
    throw new RangeError(
      `${counted(images.length, "pixel is no pixel", "pixels are no pixels")} of ${counted(channels, "channel")}`
    )
  }
  const sums = new Float64Array(channels)
  const squares = new Float64Array(channels)
  const largest = images instanceof Float32Array ? 1 : 255
  for (let at = 0; at < images.length; at += channels) {
    for (let c = 0; c < channels; c++) {
      const pixel = images[at + c]! / largest
      sums[c]! += pixel
      squares[c]! += pixel * pixel
    }
  }
  const count = images.length / channels
  const mean = Array.from(sums, (sum) => sum / count)
  return {
    mean,
    deviation: mean.map((m, c) => {
      const variance = squares[c]! / count - m * m
      return variance > 1e-12 ? Math.sqrt(variance) : 1
    })
  }
}

/**
 * A batch with its channels normalized.
 *
 * @throws RangeError for a deviation of 0, or means and deviations of different numbers of channels.
 *
 * @example
 * ```ts
 * import { Augment } from "finegrain"
 * const batch = { images: Float32Array.of(0, 1), labels: Int32Array.of(0) }
 * [...Augment.normalized(batch, { mean: [0.5], deviation: [0.5] }).images] // => [-1, 1]
 * ```
 */
export const normalized = ({ images, labels, ...rest }: Batch, { deviation, mean }: ChannelStatistics): Batch => {
  if (mean.length !== deviation.length || !deviation.every((d) => d > 0) || images.length % mean.length !== 0) {
    throw new RangeError(`means ${mean.join(", ")} and deviations ${deviation.join(", ")} normalize no such images`)
  }
  const result = new Float32Array(images.length)
  for (const [c, own] of mean.entries()) {
    for (let i = c; i < images.length; i += mean.length) result[i] = (images[i]! - own) / deviation[c]!
  }
  return { images: result, labels, ...rest }
}
