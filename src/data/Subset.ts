import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Seed from "../numerics/Seed.ts"
import { type Dataset, isStream, type Source, type Split, type Stream } from "./Dataset.ts"

/** More images asked for than there are. */
export class SubsetError extends Schema.TaggedError<SubsetError>()("SubsetError", {
  dataset: Schema.String,
  asked: Schema.Int,
  available: Schema.Int
}) {
  override get message() {
    return `${this.dataset} has ${this.available} training images, but ${this.asked} are asked for, to train and to validate`
  }
}

/** What to take of a dataset. */
export interface Options {
  /** Default: all that are not held out. */
  readonly trainImages?: number | undefined
  /** Default 0. */
  readonly validationImages?: number | undefined
  /** Default: all. */
  readonly testImages?: number | undefined
}

const pickImages = (split: Split, indices: Int32Array): Split => {
  const size = split.images.length / split.count
  const images = new Uint8Array(indices.length * size)
  for (const [i, index] of indices.entries()) {
    images.set(split.images.subarray(index * size, (index + 1) * size), i * size)
  }
  return { images, labels: Uint8Array.from(indices, (index) => split.labels[index]!), count: indices.length }
}

const pickStream = ({ labels, read }: Stream, indices: Int32Array): Stream => ({
  labels: Uint16Array.from(indices, (index) => labels[index]!),
  count: indices.length,
  read: (own, variation) => read(own.map((i) => indices[i]!), variation)
})

const pick = <S extends Source>(source: S, indices: Int32Array): S =>
  (isStream(source) ? pickStream(source, indices) : pickImages(source as Split, indices)) as S

/** One order for every run: what is held out is never trained on, by any of them. */
const order = (count: number) => Seed.permutation(0, count)

/**
 * A part of a dataset: the first `trainImages` and `testImages` of a fixed random order; with `validationImages` the last ones of that order
 * stand in the place of the test set.
 *
 * Fails with SubsetError where there are not so many.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Subset } from "finegrain"
 * const split = { images: Uint8Array.of(1, 2, 3, 4), labels: Uint8Array.of(1, 2, 3, 4), count: 4 }
 * const dataset = { name: "four", classes: 5, height: 1, width: 1, channels: 1, train: split, test: split, checksum: "" }
 * const { test, train } = Effect.runSync(Subset.take(dataset, { validationImages: 1 }))
 * [...train.labels, ...test.labels].sort() // => [1, 2, 3, 4]
 * train.count // => 3
 * ```
 */
export const take = <S extends Source>(
  dataset: Dataset<S>,
  { testImages = Infinity, trainImages, validationImages = 0 }: Options
): Effect.Effect<Dataset<S>, SubsetError> => {
  const test = testImages < dataset.test.count
    ? pick(dataset.test, order(dataset.test.count).subarray(0, testImages))
    : dataset.test
  if (trainImages === undefined && validationImages === 0) return Effect.succeed({ ...dataset, test })
  const { count } = dataset.train
  const asked = (trainImages ?? 1) + validationImages
  if (asked > count) return Effect.fail(new SubsetError({ dataset: dataset.name, asked, available: count }))
  const shuffled = order(count)
  return Effect.succeed({
    ...dataset,
    train: pick(dataset.train, shuffled.subarray(0, trainImages ?? count - validationImages)),
    test: validationImages === 0 ? test : pick(dataset.train, shuffled.subarray(count - validationImages))
  })
}
