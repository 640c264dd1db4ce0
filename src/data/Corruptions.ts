/** Images that are corrupted on purpose, to see what a network that never saw such ones makes of them. */
import * as Effect from "effect/Effect"
import type * as Catalogue from "../choices/Catalogue.ts"
import * as Seed from "../numerics/Seed.ts"
import type { Size } from "./Augment.ts"
import { type ImageSource, isStream, type Stream } from "./Dataset.ts"
import * as Rows from "./rows.ts"

/**
 * How strongly images are corrupted.
 *
 * @example
 * ```ts
 * import { Corruptions } from "finegrain"
 * Corruptions.strengths.length // => 3
 * ```
 */
export const strengths = [1, 2, 3] as const

/** How strongly images are corrupted. */
export type Strength = (typeof strengths)[number]

/** A way in which images can be corrupted. */
export interface Corruption extends Catalogue.Entry {
  /** One image of pixels in [0, 1], `[height, width, channels]`; what leaves that range is cut to it. */
  readonly corrupt: (
    image: Float64Array,
    size: Size,
    strength: Strength,
    seed: Seed.Seed
  ) => ArrayLike<number>
}

const corruption = (entry: Corruption): Corruption => entry

const noiseDeviations = { 1: 0.08, 2: 0.18, 3: 0.38 } as const
const blurDeviations = { 1: 0.4, 2: 0.7, 3: 1 } as const
const contrasts = { 1: 0.4, 2: 0.2, 3: 0.05 } as const

/** Weights of neighbours up to four deviations away, of sum 1. */
const gaussian = (deviation: number): ReadonlyArray<number> => {
  const radius = Math.ceil(4 * deviation)
  const weights = Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-(((i - radius) / deviation) ** 2) / 2))
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return weights.map((weight) => weight / sum)
}

/** A mean along one axis; beyond a border its pixels go on. */
const blurredAlong = (image: Float64Array, length: number, stride: number, weights: ReadonlyArray<number>) => {
  const radius = (weights.length - 1) / 2
  return image.map((_, i) => {
    const at = Math.floor(i / stride) % length
    return weights.reduce((sum, weight, w) => {
      const neighbour = Math.min(Math.max(at + w - radius, 0), length - 1)
      return sum + weight * image[i + (neighbour - at) * stride]!
    }, 0)
  })
}

/**
 * All corruptions by name. Strengths 1 to 3 are 1, 3 and 5 of those of ImageNet-C (noise and contrast) and of
 * CIFAR-10-C (blur, in pixels).
 *
 * Source: Hendrycks and Dietterich 2019, *Benchmarking neural network robustness to common corruptions and
 * perturbations*, section 3.
 *
 * @example
 * ```ts
 * import { Corruptions } from "finegrain"
 * const size = { height: 1, width: 2, channels: 1 }
 * const flat = Corruptions.corruptions.contrast.corrupt(Float64Array.of(0, 1), size, 2, 1)
 * Array.from(flat, (pixel) => pixel.toFixed(1)) // => ["0.4", "0.6"]
 * ```
 */
export const corruptions = {
  noise: corruption({
    about: "Gaussian noise of deviation 0.08, 0.18, 0.38 on pixels from 0 to 1",
    corrupt: (image, _, strength, seed) => {
      const noise = Seed.normals(seed, image.length)
      return image.map((pixel, i) => pixel + noiseDeviations[strength] * noise[i]!)
    }
  }),
  blur: corruption({
    about: "a Gaussian mean of deviation 0.4, 0.7, 1 pixels",
    corrupt: (image, { channels, height, width }, strength) => {
      const weights = gaussian(blurDeviations[strength])
      return blurredAlong(blurredAlong(image, width, channels, weights), height, width * channels, weights)
    }
  }),
  contrast: corruption({
    about: "0.4, 0.2, 0.05 of the differences from the mean of a channel",
    corrupt: (image, { channels }, strength) => {
      const sums = new Float64Array(channels)
      for (const [i, pixel] of image.entries()) sums[i % channels]! += pixel
      const means = sums.map((sum) => sum * channels / image.length)
      return image.map((pixel, i) => means[i % channels]! + contrasts[strength] * (pixel - means[i % channels]!))
    }
  })
} satisfies Catalogue.Catalogue

const pixelsOf = (source: ImageSource, indices: Int32Array) =>
  isStream(source)
    ? source.read(indices, undefined)
    : Effect.sync(() => Rows.pick(source.images, source.count, indices))

/**
 * Images that are corrupted as they are read, and rounded to bytes again where they are such; of floats, which should
 * be of a range from 0 to 1, nothing is cut. Each is a function of its number and the strength, the same for every seed
 * of a run.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Corruptions } from "finegrain"
 * const split = { images: Uint8Array.of(0, 255, 255, 0), labels: Uint8Array.of(0, 1), count: 2 }
 * const size = { height: 1, width: 2, channels: 1 }
 * const pale = Corruptions.corrupted(split, size, Corruptions.corruptions.contrast, 3)
 * [...Effect.runSync(pale.read(Int32Array.of(1), undefined))] // => [134, 121]
 * ```
 */
export const corrupted = (source: ImageSource, size: Size, { corrupt }: Corruption, strength: Strength): Stream => {
  const pixels = size.height * size.width * size.channels
  const one = (image: Float64Array, index: number) =>
    corrupt(image, size, strength, Seed.split(strength, `corrupted/${index}`))
  return {
    labels: Uint16Array.from(source.labels),
    count: source.count,
    ...(source.targets === undefined ? {} : { targets: source.targets }),
    read: (indices) =>
      Effect.map(pixelsOf(source, indices), (given) => {
        const [largest, result] = given instanceof Float32Array
          ? [1, new Float32Array(given.length)]
          : [255, new Uint8ClampedArray(given.length)]
        for (const [i, index] of indices.entries()) {
          const image = Float64Array.from(given.subarray(i * pixels, (i + 1) * pixels), (pixel) => pixel / largest)
          const other = one(image, index)
          for (let p = 0; p < pixels; p++) result[i * pixels + p] = largest * other[p]!
        }
        return result instanceof Float32Array ? result : new Uint8Array(result.buffer)
      })
  }
}
