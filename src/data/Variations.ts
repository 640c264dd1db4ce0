/** How the images of a training batch are varied beside cropping and mirroring: functions of a seed, an entry each. */
import * as Schema from "effect/Schema"
import * as Catalogue from "../choices/Catalogue.ts"
import * as Setting from "../choices/Setting.ts"
import * as Seed from "../numerics/Seed.ts"
import type { Size } from "./Augment.ts"
import type { Batch } from "./Batch.ts"
import * as Rows from "./rows.ts"

/** A batch varied: a function of the batch and the seed, which is that of a step. */
export type Vary = (batch: Batch, size: Size, seed: Seed.Seed) => Batch

/**
 * An entry of the catalogue of variations.
 *
 * @example
 * ```ts
 * import { Variations } from "finegrain"
 * const negative = Variations.entry({
 *   about: "the negative",
 *   make: () => (batch) => ({ ...batch, images: batch.images.map((pixel) => 1 - pixel) })
 * })
 * negative.about // => "the negative"
 * ```
 */
export const entry = Catalogue.entries<{}, Vary>()

/** A draw from Beta(α, α) for α ≤ 1 by Jöhnk's method, with logarithms since powers of 1/α underflow. */
const symmetricBeta = (alpha: number, seed: Seed.Seed): number => {
  for (let attempt = 0;; attempt++) {
    const [a, b] = Array.from(Seed.uniforms(Seed.split(seed, attempt), 2), (u) => Math.log(u) / alpha)
    const largest = Math.max(a!, b!)
    const sum = largest + Math.log(Math.exp(a! - largest) + Math.exp(b! - largest))
    // Half of all attempts at least.
    if (sum <= 0) return Math.exp(a! - sum)
  }
}

/**
 * Mixup: x ← λx + (1 − λ)x′ with another image x′ of the batch, and the loss λ·L(y) + (1 − λ)·L(y′), λ from Beta(α, α),
 * one for the batch.
 *
 * Source: Zhang, Cisse, Dauphin and Lopez-Paz 2018, *mixup: beyond empirical risk minimization*, section 2.
 *
 * @throws RangeError for a batch that is mixed already.
 *
 * @example
 * ```ts
 * import { Variations } from "finegrain"
 * const batch = { images: Float32Array.of(0, 1), labels: Int32Array.of(0, 1) }
 * const { mixed } = Variations.mixup(1)(batch, { height: 1, width: 1, channels: 1 }, 3)
 * mixed!.share >= 0 && mixed!.share <= 1 // => true
 * ```
 */
export const mixup = (alpha: number): Vary => ({ images, labels, mixed, targets }, _, seed) => {
  if (mixed !== undefined) throw new RangeError("a batch can be mixed once")
  const share = symmetricBeta(alpha, Seed.split(seed, "share"))
  const partners = Seed.permutation(Seed.split(seed, "partners"), labels.length)
  const size = images.length / labels.length
  return {
    images: images.map((pixel, p) =>
      share * pixel + (1 - share) * images[partners[Math.floor(p / size)]! * size + p % size]!
    ),
    labels,
    ...(targets === undefined ? {} : { targets }),
    mixed: {
      labels: Int32Array.from(partners, (partner) => labels[partner]!),
      share,
      ...(targets === undefined ? {} : { targets: Rows.pick(targets, labels.length, partners) })
    }
  }
}

interface Box {
  readonly top: number
  readonly left: number
  readonly bottom: number
  readonly right: number
}

/** Writes into a box of an image, which may reach beyond it. */
const fill = (
  images: Float32Array,
  image: number,
  { channels, height, width }: Size,
  { bottom, left, right, top }: Box,
  value: (pixel: number, channel: number) => number
): void => {
  for (let y = Math.max(top, 0); y < Math.min(bottom, height); y++) {
    for (let x = Math.max(left, 0); x < Math.min(right, width); x++) {
      const at = (y * width + x) * channels
      for (let c = 0; c < channels; c++) images[image * height * width * channels + at + c] = value(at + c, c)
    }
  }
}

const channelMeans = (images: Float32Array, channels: number): Float64Array => {
  const sums = new Float64Array(channels)
  for (let i = 0; i < images.length; i++) sums[i % channels]! += images[i]!
  return sums.map((sum) => sum * channels / images.length)
}

/**
 * Cutout: a square about a random pixel of every image, which may reach beyond it, becomes the mean of the batch.
 *
 * Source: DeVries and Taylor 2017, *Improved regularization of convolutional neural networks with cutout*, section 3
 * (zeros of normalized images, which are their mean).
 *
 * @throws RangeError for images of a line of pixels, where no side is given: half of 1 pixel is none.
 *
 * @example
 * ```ts
 * import { Variations } from "finegrain"
 * const batch = { images: Float32Array.of(0, 1), labels: Int32Array.of(0, 1) }
 * const { images } = Variations.cutout(1)(batch, { height: 1, width: 1, channels: 1 }, 3)
 * [...images] // => [0.5, 0.5]
 * ```
 */
export const cutout = (side?: number): Vary => (batch, size, seed) => {
  const { height, width } = size
  const length = side ?? Math.floor(Math.min(height, width) / 2)
  if (length < 1) {
    throw new RangeError(`half of the shorter side of ${height}×${width} images is no pixel: say how many (cutoutSide)`)
  }
  const images = batch.images.slice()
  const means = channelMeans(images, size.channels)
  const draws = Seed.uniforms(seed, 2 * batch.labels.length)
  for (let i = 0; i < batch.labels.length; i++) {
    const top = Math.floor(draws[2 * i]! * height) - Math.floor(length / 2)
    const left = Math.floor(draws[2 * i + 1]! * width) - Math.floor(length / 2)
    fill(images, i, size, { top, left, bottom: top + length, right: left + length }, (_, c) => means[c]!)
  }
  return { ...batch, images }
}

/** A box of 2 to 40 % of an image, 0.3 to 1/0.3 times as high as wide, that is within it; after ten attempts none. */
const boxIn = ({ height, width }: Size, seed: Seed.Seed): Box | undefined => {
  for (let attempt = 0; attempt < 10; attempt++) {
    const [area, aspect, down, right] = Seed.uniforms(Seed.split(seed, attempt), 4)
    const pixels = (0.02 + 0.38 * area!) * height * width
    const ratio = 0.3 + (1 / 0.3 - 0.3) * aspect!
    const [h, w] = [Math.round(Math.sqrt(pixels * ratio)), Math.round(Math.sqrt(pixels / ratio))]
    if (h < 1 || w < 1 || h > height || w > width) continue
    const [top, left] = [Math.floor(down! * (height - h + 1)), Math.floor(right! * (width - w + 1))]
    return { top, left, bottom: top + h, right: left + w }
  }
  return undefined
}

/**
 * Random erasing: with a probability, a box of an image becomes uniform noise from 0 to 1.
 *
 * Source: Zhong, Zheng, Kang, Li and Yang 2020, *Random erasing data augmentation*, algorithm 1.
 *
 * @example
 * ```ts
 * import { Variations } from "finegrain"
 * const batch = { images: new Float32Array(64).fill(7), labels: Int32Array.of(0) }
 * const { images } = Variations.erasing(1)(batch, { height: 8, width: 8, channels: 1 }, 3)
 * images.filter((pixel) => pixel < 1).length > 0 // => true
 * ```
 */
export const erasing = (probability = 0.5): Vary => (batch, size, seed) => {
  const images = batch.images.slice()
  const draws = Seed.uniforms(Seed.split(seed, "which"), batch.labels.length)
  for (let i = 0; i < batch.labels.length; i++) {
    const box = draws[i]! < probability ? boxIn(size, Seed.split(seed, i)) : undefined
    if (box === undefined) continue
    const noise = Seed.uniforms(Seed.split(seed, `noise/${i}`), size.height * size.width * size.channels)
    fill(images, i, size, box, (pixel) => noise[pixel]!)
  }
  return { ...batch, images }
}

const upToOne = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1, exclusiveMinimum: true }))

/**
 * All variations by name.
 *
 * @example
 * ```ts
 * import { Catalogue, Variations } from "finegrain"
 * Catalogue.names(Variations.variations) // => ["mixup", "cutout", "erasing"]
 * ```
 */
export const variations = {
  mixup: entry({
    about: "images and losses are mixed with those of other images of the batch",
    parameters: {
      mixupAlpha: Schema.optionalKey(upToOne).annotate({
        description: "α up to 1 of the distribution Beta(α, α) of the share that images keep (default 1)"
      })
    },
    make: ({ mixupAlpha = 1 }) => mixup(mixupAlpha)
  }),
  cutout: entry({
    about: "a square of every image becomes the mean",
    parameters: {
      cutoutSide: Schema.optionalKey(Setting.count).annotate({
        description: "pixels a side of that square (default half of the shorter side of an image)"
      })
    },
    make: ({ cutoutSide }) => cutout(cutoutSide)
  }),
  erasing: entry({
    about: "boxes of some images become noise",
    parameters: {
      erasingShare: Schema.optionalKey(upToOne).annotate({
        description: "share of the images that have such a box (default 0.5)"
      })
    },
    make: ({ erasingShare = 0.5 }) => erasing(erasingShare)
  })
} satisfies Catalogue.Catalogue

/** A variation by the name that tells its draws apart from those of others. */
export interface Named {
  readonly name: string
  readonly vary: Vary
}

/**
 * A batch varied in every way, one after the other, by the seed of a step.
 *
 * @internal
 */
export const varied = (all: ReadonlyArray<Named>, batch: Batch, size: Size, seed: Seed.Seed): Batch =>
  all.reduce((before, { name, vary }) => vary(before, size, Seed.split(seed, name)), batch)
