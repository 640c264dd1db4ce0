/** What the answers of a classifier tell: who was taken for whom, and whether it is as right as it is sure. */
import { classNamesOf, type Dataset, type ImageSource } from "../data/Dataset.ts"

/** Which of its models a run has in hand: that of the best epoch so far, where it keeps it, or the last one. */
export interface Kept {
  readonly model: "best" | "last"
  readonly epoch: number
}

/** Answers whose confidence is in (from, to]. */
export interface CalibrationBin {
  readonly from: number
  readonly to: number
  readonly images: number
  /** Means over the images of the bin. */
  readonly confidence: number
  readonly accuracy: number
}

/** How far from each other confidence and accuracy are, and where. */
export interface Calibration {
  readonly error: number
  /** Those that have images. */
  readonly bins: ReadonlyArray<CalibrationBin>
}

/** What a network makes of images: `evaluation.json` of a run, of its test images and the model that it keeps. */
export interface Evaluation {
  /** Of a run: which of its models it is. */
  readonly kept?: Kept
  readonly images: number
  readonly loss: number
  readonly accuracy: number
  readonly classes: ReadonlyArray<string>
  readonly confusion: ReadonlyArray<ReadonlyArray<number>>
  /** By class; NaN where a class has no images. */
  readonly classAccuracy: ReadonlyArray<number>
  /** Missing where a loss makes no probabilities of the outputs. */
  readonly calibration?: Calibration
}

/**
 * The confusion matrix: in row i and column j the number of images of class i that were taken for class j.
 *
 * @example
 * ```ts
 * import { Answers } from "finegrain"
 * Answers.confusion([0, 0, 1], [0, 1, 1], 2) // => [[1, 1], [0, 1]]
 * ```
 */
export const confusion = (
  labels: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number
): ReadonlyArray<ReadonlyArray<number>> => {
  const counts = Array.from({ length: classes }, () => Array.from({ length: classes }, () => 0))
  for (let i = 0; i < labels.length; i++) counts[labels[i]!]![predicted[i]!]!++
  return counts
}

/**
 * The accuracy over the images of every class, from a confusion matrix; NaN where a class has none.
 *
 * @example
 * ```ts
 * import { Answers } from "finegrain"
 * Answers.classAccuracy([[1, 1], [0, 1]]) // => [0.5, 1]
 * ```
 */
export const classAccuracy = (confusion: ReadonlyArray<ReadonlyArray<number>>): ReadonlyArray<number> =>
  confusion.map((row, i) => row[i]! / row.reduce((sum, count) => sum + count, 0))

/**
 * The expected calibration error Σ_b (n_b/n)·|accuracy_b − confidence_b| over bins of equal width of the confidence.
 *
 * NaN, and no bins, where a confidence is.
 *
 * Source: Guo, Pleiss, Sun and Weinberger 2017, *On calibration of modern neural networks*, section 2 (15 bins).
 *
 * @example
 * ```ts
 * import { Answers } from "finegrain"
 * // Sure by 0.75, and right in half of the cases.
 * Answers.calibration([0, 1], [0, 0], [0.75, 0.75]).error // => 0.25
 * ```
 */
export const calibration = (
  labels: ArrayLike<number>,
  predicted: ArrayLike<number>,
  confidence: ArrayLike<number>,
  bins = 15
): Calibration => {
  const sums = Array.from({ length: bins }, () => ({ images: 0, confidence: 0, right: 0 }))
  for (let i = 0; i < labels.length; i++) {
    if (Number.isNaN(confidence[i])) return { error: Number.NaN, bins: [] }
    const bin = sums[Math.min(Math.max(Math.ceil(confidence[i]! * bins) - 1, 0), bins - 1)]!
    bin.images++
    bin.confidence += confidence[i]!
    if (labels[i] === predicted[i]) bin.right++
  }
  const error = sums.reduce((sum, bin) => sum + Math.abs(bin.right - bin.confidence), 0) / labels.length
  const found = sums.map(({ confidence, images, right }, b): CalibrationBin => ({
    from: b / bins,
    to: (b + 1) / bins,
    images,
    confidence: confidence / images,
    accuracy: right / images
  }))
  return { error, bins: found.filter(({ images }) => images > 0) }
}

/**
 * Whose answers they are, where a run has several models.
 *
 * @internal
 */
export const byWhom = (kept: Evaluation["kept"]): string =>
  kept === undefined ? "" : ` by the ${kept.model} model, of epoch ${kept.epoch}`

/** The answers of a network to images of a dataset, and what it was evaluated with. */
interface Answered {
  readonly loss: number
  readonly accuracy: number
  readonly predicted: ArrayLike<number>
  readonly confidence: ArrayLike<number> | undefined
}

/**
 * All of it: what `Trainer.evaluate` found of images, by class and by confidence.
 *
 * @example
 * ```ts
 * import { Answers } from "finegrain"
 * const found = { loss: 1, accuracy: 0.5, predicted: [0, 0], confidence: undefined }
 * const of = { labels: Uint8Array.of(0, 1), images: Uint8Array.of(0, 0), count: 2 }
 * Answers.evaluation({ classes: 2 }, of, found).confusion // => [[1, 0], [1, 0]]
 * ```
 */
export const evaluation = (
  dataset: Pick<Dataset, "classNames" | "classes">,
  { count, labels }: ImageSource,
  { accuracy, confidence, loss, predicted }: Answered
): Evaluation => {
  const matrix = confusion(labels, predicted, dataset.classes)
  return {
    images: count,
    loss,
    accuracy,
    classes: classNamesOf(dataset),
    confusion: matrix,
    classAccuracy: classAccuracy(matrix),
    ...(confidence === undefined ? {} : { calibration: calibration(labels, predicted, confidence) })
  }
}
