/** Labels that are wrong on purpose. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { counted } from "../choices/counted.ts"
import * as Seed from "../numerics/Seed.ts"
import { DatasetInvalid } from "./DataError.ts"
import { absent, type Dataset, type ImageSource } from "./Dataset.ts"

/** A share that is none. */
export class LabelNoiseError extends Schema.TaggedError<LabelNoiseError>()("LabelNoiseError", {
  dataset: Schema.String,
  share: Schema.Number
}) {
  override get message() {
    return `Of the training labels of ${this.dataset} a share from 0 to 1 can be drawn anew, but not ${this.share}`
  }
}

/** How many labels are drawn anew, and from what. */
export interface LabelNoiseOptions {
  /** p, from 0 to 1. */
  readonly share: number
  readonly seed: Seed.Seed
}

const relabelled = <S extends ImageSource>(source: S, labels: (index: number) => number): S => ({
  ...source,
  labels: source.labels.map((_: number, index: number) => labels(index)),
  original: source.labels
})

/**
 * A dataset in which a share p of the training images, ⌊p·n + ½⌋ of n, has labels drawn uniformly from all classes, the
 * right one among them: of k classes p·(1 − 1/k) are wrong then, in expectation. Test images keep their labels, also
 * those that are held out of the training images.
 *
 * Who is drawn, and which label, are functions of the seed and of the number of images: with a larger share the same
 * images have the same new labels, and others beside them. The checksum stays that of the right labels, which
 * `original` of the training images keeps; `notes` say what was done.
 *
 * Fails with LabelNoiseError for a share that is none.
 *
 * Source: Zhang, Bengio, Hardt, Recht and Vinyals 2017, *Understanding deep learning requires rethinking
 * generalization*, section 2.1 (partially corrupted labels).
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { LabelNoise } from "finegrain"
 * const split = { images: new Uint8Array(100), labels: new Uint8Array(100), count: 100 }
 * const size = { height: 1, width: 1, channels: 1 }
 * const dataset = { name: "blank", classes: 2, ...size, train: split, test: split, checksum: "" }
 * const { test, train } = Effect.runSync(LabelNoise.apply(dataset, { share: 0.5, seed: 1 }))
 * const wrong = train.labels.filter((label) => label === 1).length
 * wrong > 0 && wrong <= 50 // => true
 * test.labels.includes(1) // => false
 * ```
 */
export const apply = <S extends ImageSource>(
  dataset: Dataset<S>,
  { seed, share }: LabelNoiseOptions
): Effect.Effect<Dataset<S>, LabelNoiseError | DatasetInvalid> => {
  if (share > 0 && dataset.targets !== undefined) {
    return Effect.fail(new DatasetInvalid({ dataset: dataset.name, reason: "its targets are no labels to draw anew" }))
  }
  if (!(share >= 0 && share <= 1)) return Effect.fail(new LabelNoiseError({ dataset: dataset.name, share }))
  return Effect.sync(() => noisy(dataset, share, Seed.split(seed, "label noise")))
}

const noisy = <S extends ImageSource>(dataset: Dataset<S>, share: number, seed: Seed.Seed): Dataset<S> => {
  const { classes, notes = [], train } = dataset
  const count = Math.round(share * train.count)
  if (count === 0) return dataset
  const drawn = new Set(Seed.permutation(Seed.split(seed, "images"), train.count).subarray(0, count))
  const draws = Seed.uniforms(Seed.split(seed, "labels"), train.count)
  const labelOf = (index: number) => drawn.has(index) ? Math.floor(classes * draws[index]!) : train.labels[index]!
  const noisyTrain = relabelled(train, labelOf)
  const wrong = Array.from(drawn).filter((index) => labelOf(index) !== train.labels[index]).length
  const lacking = absent(noisyTrain, dataset, "training").filter((note) => !notes.includes(note))
  const told =
    `the labels of ${count} of ${counted(train.count, "training image")} were drawn anew, uniformly from all ` +
    `${counted(classes, "class", "classes")}: ${counted(wrong, "is", "are")} wrong`
  return { ...dataset, train: noisyTrain, notes: [...notes, told, ...lacking] }
}
