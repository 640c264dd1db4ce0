/** A part of a dataset, the same for every seed of a run, with images held out for validation. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Seed from "../numerics/Seed.ts"
import type { DatasetInvalid } from "./DataError.ts"
import { absent, check, type Dataset, type ImageSource, isStream, type Split, type Stream } from "./Dataset.ts"
import * as Rows from "./rows.ts"

/** Other images asked for than there are. */
export class SubsetError extends Schema.TaggedError<SubsetError>()("SubsetError", {
  dataset: Schema.String,
  /** Of what, and for what. */
  part: Schema.Literals(["training images, to train and to validate", "test images"]),
  asked: Schema.Number,
  available: Schema.Int
}) {
  override get message() {
    const { asked, available, dataset } = this
    const [part, ...purpose] = this.part.split(/(?=,)/)
    const wanted = Number.isInteger(asked) && asked >= 1
      ? `${asked} are asked for${purpose.join("")}`
      : `${asked} cannot be asked for${purpose.join("")}: a whole number from 1 upwards can`
    return `${dataset} has ${available} ${part}, but ${wanted}`
  }
}

/** What to take of a dataset. */
export interface SubsetOptions {
  /** Default: all that are not held out. */
  readonly trainImages?: number | undefined
  /** Default 0. */
  readonly validationImages?: number | undefined
  /** Default: all. */
  readonly testImages?: number | undefined
}

const pickImages = (split: Split, indices: Int32Array): Split => {
  const of = (labels: Uint8Array) => Uint8Array.from(indices, (index) => labels[index]!)
  return {
    images: Rows.pick(split.images, split.count, indices),
    labels: of(split.labels),
    count: indices.length,
    ...targetsOf(split, indices),
    ...originals(split.original, of)
  }
}

const targetsOf = ({ count, targets }: ImageSource, indices: Int32Array) =>
  targets === undefined ? {} : { targets: Rows.pick(targets, count, indices) }

const originals = <L>(original: L | undefined, of: (labels: L) => L) =>
  original === undefined ? {} : { original: of(original) }

const pickStream = ({ labels, original, read, ...rest }: Stream, indices: Int32Array): Stream => ({
  labels: Uint16Array.from(indices, (index) => labels[index]!),
  count: indices.length,
  ...targetsOf({ labels, read, ...rest }, indices),
  ...originals(original, (labels) => Uint16Array.from(indices, (index) => labels[index]!)),
  read: (own, variation) => read(own.map((i) => indices[i]!), variation)
})

/**
 * The images of these numbers, in this order.
 *
 * @internal
 */
export const pick = <S extends ImageSource>(source: S, indices: Int32Array): S =>
  (isStream(source) ? pickStream(source, indices) : pickImages(source as Split, indices)) as S

/** One order for every run: what is held out is never trained on, by any of them. */
const order = (count: number) => Seed.permutation(0, count)

/**
 * A part of a dataset: the first `trainImages` and `testImages` of a fixed random order; with `validationImages` the
 * last ones of that order stand in the place of the test set.
 *
 * Fails with SubsetError where there are not so many, or none are asked for, and with DatasetInvalid for a dataset that
 * is not what it says. Where a class has no images in the part, its `notes` say so.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Subset } from "finegrain"
 * const split = { images: Uint8Array.of(1, 2, 3, 4), labels: Uint8Array.of(1, 2, 3, 4), count: 4 }
 * const size = { height: 1, width: 1, channels: 1 }
 * const dataset = { name: "four", classes: 5, ...size, train: split, test: split, checksum: "" }
 * const { test, train } = Effect.runSync(Subset.take(dataset, { validationImages: 1 }))
 * [...train.labels, ...test.labels].sort() // => [1, 2, 3, 4]
 * train.count // => 3
 * ```
 */
export const take = <S extends ImageSource>(
  dataset: Dataset<S>,
  options: SubsetOptions
): Effect.Effect<Dataset<S>, SubsetError | DatasetInvalid> =>
  Effect.flatMap(Effect.fromResult(check(dataset)), (sound) => {
    const refused = problem(sound, options)
    return refused === undefined ? Effect.succeed(taken(sound, options)) : Effect.fail(refused)
  })

const isCount = (count: number, available: number) => Number.isInteger(count) && count >= 1 && count <= available

/** Held-out images stand in the place of the test set: how many of that were asked for has no effect then. */
const problem = (
  { name, test, train }: Dataset,
  { testImages, trainImages, validationImages }: SubsetOptions
): SubsetError | undefined => {
  const refuse = (part: SubsetError["part"], asked: number, available: number) =>
    new SubsetError({ dataset: name, part, asked, available })
  const training = "training images, to train and to validate"
  const own = [trainImages, validationImages].find((asked) => asked !== undefined && !isCount(asked, train.count))
  if (own !== undefined) return refuse(training, own, train.count)
  const asked = (trainImages ?? 1) + (validationImages ?? 0)
  if (asked > train.count) return refuse(training, asked, train.count)
  return validationImages === undefined && testImages !== undefined && !isCount(testImages, test.count)
    ? refuse("test images", testImages, test.count)
    : undefined
}

const taken = <S extends ImageSource>(
  dataset: Dataset<S>,
  { testImages, trainImages, validationImages = 0 }: SubsetOptions
): Dataset<S> => {
  const { count } = dataset.train
  const isWhole = trainImages === undefined && validationImages === 0
  const shuffled = isWhole ? new Int32Array(0) : order(count)
  const train = isWhole
    ? dataset.train
    : pick(dataset.train, shuffled.subarray(0, trainImages ?? count - validationImages))
  const test = validationImages > 0
    ? pick(dataset.train, shuffled.subarray(count - validationImages))
    : testImages !== undefined && testImages < dataset.test.count
    ? pick(dataset.test, order(dataset.test.count).subarray(0, testImages))
    : dataset.test
  const { notes = [] } = dataset
  // Of the whole dataset its reader has told already.
  const lacking = [
    ...(train === dataset.train ? [] : absent(train, dataset, "training")),
    ...(test === dataset.test ? [] : absent(test, dataset, "test"))
  ].filter((note) => !notes.includes(note))
  return { ...dataset, train, test, notes: [...notes, ...lacking] }
}
