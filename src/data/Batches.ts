/** The way from a dataset to batches: the order of an epoch, and the images at some places of it. */
import * as Effect from "effect/Effect"
import { counted } from "../choices/counted.ts"
import * as Seed from "../numerics/Seed.ts"
import * as Augment from "./Augment.ts"
import type { Batch } from "./Batch.ts"
import type { ImageCorrupt } from "./DataError.ts"
import { type ImageSource, isStream, type Split } from "./Dataset.ts"
import * as Rows from "./rows.ts"

export type { Batch } from "./Batch.ts"

/**
 * The order in which an epoch visits the images: a permutation that depends on seed and epoch only.
 *
 * @example
 * ```ts
 * import { Batches } from "finegrain"
 * [...Batches.epochOrder(4, 1, 1)].sort() // => [0, 1, 2, 3]
 * ```
 */
export const epochOrder = (count: number, seed: Seed.Seed, epoch: number): Int32Array =>
  Seed.permutation(Seed.split(seed, epoch), count)

const checkPositions = (order: Int32Array, from: number, to: number, count: number): void => {
  if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to && to <= order.length)) {
    throw new RangeError(
      `a batch from ${from} to ${to} is not within the ${counted(order.length, "image")} of its order`
    )
  }
  const beyond = order.subarray(from, to).find((index) => index < 0 || index >= count)
  if (beyond !== undefined) throw new RangeError(`there is no image ${beyond} among ${count}`)
}

/**
 * The images at positions `from` … `to` − 1 of an order, scaled to [0, 1], with their labels.
 *
 * @throws RangeError for positions that the order does not have, and numbers of no image.
 *
 * @example
 * ```ts
 * import { Batches } from "finegrain"
 * const split = { images: Uint8Array.of(0, 51, 255), labels: Uint8Array.of(7, 8, 9), count: 3 }
 * const { images, labels } = Batches.gather(split, Int32Array.of(2, 0, 1), 0, 2)
 * [...images] // => [1, 0]
 * [...labels] // => [9, 7]
 * ```
 */
export const gather = (split: Split, order: Int32Array, from: number, to: number): Batch => {
  checkPositions(order, from, to, split.count)
  const size = split.images.length / split.count
  const largest = split.images instanceof Float32Array ? 1 : 255
  const images = new Float32Array((to - from) * size)
  const labels = new Int32Array(to - from)
  for (let i = 0; i < to - from; i++) {
    const index = order[from + i]!
    labels[i] = split.labels[index]!
    const source = index * size
    const target = i * size
    for (let p = 0; p < size; p++) images[target + p] = split.images[source + p]! / largest
  }
  return { images, labels, ...targetsOf(split, order.subarray(from, to)) }
}

const targetsOf = ({ count, targets }: ImageSource, indices: Int32Array): Pick<Batch, "targets"> =>
  targets === undefined ? {} : { targets: Rows.pick(targets, count, indices) }

/**
 * The images at positions `from` … `to` − 1 of an order, scaled to [0, 1], with their labels; with a seed varied:
 * padded, cropped and mirrored, or as a stream says.
 *
 * Fails with ImageCorrupt where a stream meets a file that it cannot read.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Batches } from "finegrain"
 * const split = { images: Uint8Array.of(0, 51, 255), labels: Uint8Array.of(7, 8, 9), count: 3 }
 * const size = { height: 1, width: 1, channels: 1 }
 * const { labels } = await Effect.runPromise(Batches.read(split, size, Int32Array.of(2, 0, 1), 0, 2))
 * [...labels] // => [9, 7]
 * ```
 */
export const read = (
  source: ImageSource,
  size: Augment.Size,
  order: Int32Array,
  from: number,
  to: number,
  variation?: Seed.Seed
): Effect.Effect<Batch, ImageCorrupt> => {
  if (!isStream(source)) {
    return Effect.sync(() => {
      const batch = gather(source, order, from, to)
      return variation === undefined ? batch : Augment.cropFlip(batch, size, variation)
    })
  }
  checkPositions(order, from, to, source.count)
  const indices = order.slice(from, to)
  return Effect.map(source.read(indices, variation), (pixels) => ({
    images: pixels instanceof Float32Array ? pixels : Float32Array.from(pixels, (pixel) => pixel / 255),
    labels: Int32Array.from(indices, (index) => source.labels[index]!),
    ...targetsOf(source, indices)
  }))
}
