/** A dataset as a value, in memory or read as it is needed, and the checks that it is what it says of itself. */
import type * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { counted, noun } from "../choices/counted.ts"
import type * as Seed from "../numerics/Seed.ts"
import * as Shape from "../numerics/Shape.ts"
import { DatasetInvalid, type ImageCorrupt, shown } from "./DataError.ts"

export type { ImageCorrupt }

/** What is to be learnt of an image where that is not its class. */
export interface Targets {
  /** The shape of the target of one image. */
  readonly shape: ReadonlyArray<number>
  /** Numbers, as outputs of the same shape give them; or a class for each place, one of so many as the dataset has. */
  readonly of: "classes" | "numbers"
}

/** Images with labels, in memory. */
export interface Split {
  /**
   * Pixel values, `[count, height, width, channels]`, row by row: bytes from 0 to 255, which networks see as 0 to 1, or
   * floats, which they see as they are.
   */
  readonly images: Uint8Array | Float32Array
  /** Class numbers from 0, `[count]`. */
  readonly labels: Uint8Array
  readonly count: number
  /** The labels as they were before some of them were drawn anew; without it none were. */
  readonly original?: Uint8Array
  /** `[count, ...shape]`, where the dataset has targets; labels are zeros then. */
  readonly targets?: Float32Array
}

/** One whose pixels are bytes. */
export interface ByteSplit extends Split {
  readonly images: Uint8Array
}

/** Images with labels that are read when they are needed; no more of them are in memory than are asked for at once. */
export interface Stream {
  /** Class numbers from 0, `[count]`. */
  readonly labels: Uint16Array
  readonly count: number
  /** The labels as they were before some of them were drawn anew; without it none were. */
  readonly original?: Uint16Array
  /** `[count, ...shape]`, where the dataset has targets; labels are zeros then. */
  readonly targets?: Float32Array
  /**
   * The images of these numbers as a Split has them; with a seed each is varied, as a function of the seed and its
   * place.
   */
  readonly read: (
    indices: Int32Array,
    variation: Seed.Seed | undefined
  ) => Effect.Effect<Uint8Array | Float32Array, ImageCorrupt>
}

/** Where batches come from. */
export type ImageSource = Split | Stream

/**
 * Whether images are read when they are needed.
 *
 * @internal
 */
export const isStream = (source: ImageSource): source is Stream => "read" in source

/** What makes every channel of the training images have mean 0 and standard deviation 1. */
export interface ChannelStatistics {
  readonly mean: ReadonlyArray<number>
  readonly deviation: ReadonlyArray<number>
}

/** A labelled image dataset, with the checksum of its contents. */
export interface Dataset<S extends ImageSource = ImageSource> {
  readonly name: string
  readonly classes: number
  /** Names of the classes, in the order of their numbers; without them a class is called by its number. */
  readonly classNames?: ReadonlyArray<string>
  readonly height: number
  readonly width: number
  readonly channels: number
  readonly train: S
  readonly test: S
  /**
   * SHA-256 over train images, train labels, test images, test labels, decoded; of streams over the names and sizes of
   * all files.
   */
  readonly checksum: string
  /** What is to be learnt where that is no class of an image; `classes` is then the number of outputs of a place. */
  readonly targets?: Targets
  /** Known mean and deviation of the channels; without it they are measured, which streams do not allow. */
  readonly normalization?: ChannelStatistics
  /** What its reader left out, turned or renumbered, in words: for the manifest of a run, and the screen. */
  readonly notes?: ReadonlyArray<string>
}

const isSize = (n: number) => Number.isInteger(n) && n >= 1

/** The first pixel that is no byte, in words. */
const pixelProblem = (images: ArrayLike<number>, size: number, part: string): string => {
  for (let i = 0; i < images.length; i++) {
    const pixel = images[i]!
    if (!(Number.isInteger(pixel) && pixel >= 0 && pixel <= 255)) {
      return `${part} image ${
        Math.floor(i / size)
      } has a pixel of ${pixel}, but pixels are bytes, from 0 to 255, or floats in a Float32Array`
    }
  }
  return `the pixels of its ${part} images must be bytes, in a Uint8Array, or floats, in a Float32Array`
}

const numbered = (classes: number) =>
  `there ${noun(classes, "is", "are")} ${counted(classes, "class", "classes")}, numbered from 0`

const targetsProblem = (
  { count, targets: values }: ImageSource,
  { classes, targets }: Pick<Dataset, "classes" | "targets">,
  part: string
): string | undefined => {
  if (targets === undefined) {
    return values === undefined ? undefined : `its ${part} images have targets, of which it does not say what they are`
  }
  const size = Shape.size(targets.shape)
  if (targets.shape.length === 0) return "its targets have no shape: that of one number is [1]"
  if (values?.length !== count * size) {
    return `${counted(count, `${part} image has`, `${part} images have`)} ${
      counted(count * size, "target")
    }, but there are ${values?.length ?? "none"}`
  }
  const isTarget = (value: number) =>
    targets.of === "numbers" ? Number.isFinite(value) : Number.isInteger(value) && value >= 0 && value < classes
  const wrong = values.findIndex((value) => !isTarget(value))
  return wrong < 0 ?
    undefined :
    `${part} image ${Math.floor(wrong / size)} has a target of ${values[wrong]}, but ${
      targets.of === "numbers" ? "targets are finite" : numbered(classes)
    }`
}

/** The first float that is no number, in words. */
const floatProblem = (images: Float32Array, size: number, part: string): string | undefined => {
  const wrong = images.findIndex((value) => !Number.isFinite(value))
  return wrong < 0 ? undefined : `${part} image ${Math.floor(wrong / size)} has a value of ${images[wrong]}`
}

const isBytes = (images: unknown) => images instanceof Uint8Array || images instanceof Uint8ClampedArray

const labelProblem = (labels: ArrayLike<number>, classes: number, part: string): string | undefined => {
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!
    if (!(Number.isInteger(label) && label >= 0 && label < classes)) {
      return `${part} image ${i} has label ${label}, but ${numbered(classes)}`
    }
  }
  return undefined
}

/**
 * What is wrong with a part of a dataset, in words: labels beyond the classes, unequal numbers of images and labels,
 * pixels that are no bytes.
 *
 * @internal
 */
export const splitProblem = (
  source: ImageSource,
  dataset: Pick<Dataset, "channels" | "classes" | "height" | "targets" | "width">,
  part: string
): string | undefined => {
  const { channels, classes, height, width } = dataset
  const { count, labels } = source
  if (!isSize(count)) return `it has ${count} ${part} images`
  if (labels.length !== count) {
    return `it has ${counted(count, `${part} image`)}, but ${counted(labels.length, "label")} of ${
      noun(count, "it", "them")
    }`
  }
  const mistaught = targetsProblem(source, dataset, part)
  if (mistaught !== undefined) return mistaught
  if (isStream(source)) return labelProblem(labels, classes, part)
  const { images } = source
  const size = height * width * channels
  if (images.length !== count * size) {
    return `${counted(count, `${part} image`)} of ${height}×${width}×${channels} ${noun(count, "has", "have")} ` +
      `${counted(count * size, "pixel")}, but there ${noun(images.length, "is", "are")} ${images.length}`
  }
  if (!isBytes(images) && !(images instanceof Float32Array)) return pixelProblem(images, size, part)
  return (images instanceof Float32Array ? floatProblem(images, size, part) : undefined) ??
    labelProblem(labels, classes, part)
}

const normalizationProblem = ({ channels, normalization }: Dataset): string | undefined => {
  if (normalization === undefined) return undefined
  const { deviation, mean } = normalization
  return mean.length === channels && deviation.length === channels && mean.every(Number.isFinite) &&
      deviation.every((d) => Number.isFinite(d) && d > 0)
    ? undefined
    : `its normalization must have a finite mean and a positive deviation for each of ${counted(channels, "channel")}`
}

const namesProblem = ({ classNames, classes }: Dataset): string | undefined =>
  classNames === undefined || classNames.length === classes && new Set(classNames).size === classes
    ? undefined
    : `${counted(classes, "class needs", "classes need")} as many different names, but it has ${
      new Set(classNames).size
    }`

const problem = (dataset: Dataset): string | undefined => {
  const { channels, classes, height, targets, test, train, width } = dataset
  if (![channels, height, width].every(isSize)) return `its images are ${height}×${width}×${channels}`
  if (!Number.isInteger(classes) || classes < 1) return `it has ${classes} classes`
  if (classes === 1 && targets === undefined) return "it has a single class, and to tell classes apart takes two"
  return namesProblem(dataset) ?? normalizationProblem(dataset) ?? splitProblem(train, dataset, "training") ??
    splitProblem(test, dataset, "test")
}

/**
 * A dataset that is what it says: two classes at least, every label below their number, as many labels as images, every
 * pixel a byte.
 *
 * Whatever trains or takes a part of a dataset looks at it so, whoever made it; fails with DatasetInvalid.
 *
 * @example
 * ```ts
 * import * as Result from "effect/Result"
 * import { Dataset } from "finegrain"
 * const split = { images: Uint8Array.of(1, 2), labels: Uint8Array.of(0, 2), count: 2 }
 * const size = { height: 1, width: 1, channels: 1 }
 * const dataset = { name: "two", classes: 2, ...size, train: split, test: split, checksum: "" }
 * Result.isSuccess(Dataset.check({ ...dataset, classes: 3 })) // => true
 * const { reason } = Result.getOrThrow(Result.flip(Dataset.check(dataset)))
 * reason // => "training image 1 has label 2, but there are 2 classes, numbered from 0"
 * ```
 */
export const check = <S extends ImageSource>(dataset: Dataset<S>): Result.Result<Dataset<S>, DatasetInvalid> => {
  const reason = problem(dataset)
  return reason === undefined
    ? Result.succeed(dataset)
    : Result.fail(new DatasetInvalid({ dataset: dataset.name, reason }))
}

/** So many names are listed at most. */
const listed = 5

/**
 * Some names, and how many more there are.
 *
 * @internal
 */
export const listing = (names: ReadonlyArray<string>): string =>
  shown(names.slice(0, listed).join(", ")) + (names.length > listed ? ` and ${names.length - listed} more` : "")

/**
 * Names of classes, or their numbers.
 *
 * @internal
 */
export const classNamesOf = (
  { classNames, classes = 0 }: Partial<Pick<Dataset, "classNames" | "classes">>
): ReadonlyArray<string> => classNames ?? Array.from({ length: classes }, (_, label) => String(label))

/**
 * Classes without images in a part of a dataset, in words.
 *
 * @internal
 */
export const absent = (
  { labels }: Pick<ImageSource, "labels">,
  dataset: Pick<Dataset, "classNames" | "classes">,
  part: string
): ReadonlyArray<string> => {
  const present = new Set<number>(labels)
  const missing = classNamesOf(dataset).filter((_, label) => !present.has(label))
  if (missing.length === 0) return []
  return [
    `${missing.length} of ${counted(dataset.classes, "class", "classes")} ${
      noun(missing.length, "has", "have")
    } no ${part} images: ${listing(missing)}`
  ]
}
