/** CIFAR-10 and CIFAR-100 in their binary version: which files there are, and what their bytes say. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { ByteSplit } from "./Dataset.ts"
import * as known from "./names.ts"

/** A file of CIFAR's binary version that is not what it should be. */
export class CifarCorrupt extends Schema.TaggedError<CifarCorrupt>()("CifarCorrupt", {
  file: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.file} is no file of CIFAR's binary version: ${this.reason}. Fetch it again.`
  }
}

/**
 * CIFAR-10 and CIFAR-100 in their binary version: their files, and what stands before the pixels of a record.
 *
 * @example
 * ```ts
 * import { Cifar } from "finegrain"
 * Cifar.formats["cifar-100"].labelBytes // => 2
 * ```
 */
export const formats = {
  "cifar-10": {
    directory: "cifar-10-batches-bin",
    train: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`),
    test: ["test_batch.bin"],
    /** Bytes of labels; the last of them is the class. */
    labelBytes: 1,
    classes: 10,
    classNames: known.cifar10,
    /** Where its archive names the classes, a line each. */
    namesIn: "batches.meta.txt"
  },
  "cifar-100": {
    directory: "cifar-100-binary",
    train: ["train.bin"],
    test: ["test.bin"],
    labelBytes: 2,
    classes: 100,
    classNames: known.cifar100,
    namesIn: "fine_label_names.txt"
  }
} as const

/** The name of one of the two formats. */
export type CifarFormat = keyof typeof formats

/** Coarse labels of CIFAR-100, which stand before the fine ones, go this far. */
const superclasses = 20

const side = 32
const channels = 3
const plane = side * side

/**
 * The images of one file: records of label bytes and three planes of 32×32 pixels, whose colours come to stand side by
 * side. The labels of CIFAR-100 are the fine ones.
 *
 * Fails with CifarCorrupt for a file that is empty, ends within a record, or has a label, fine or coarse, beyond the
 * classes.
 *
 * @example
 * ```ts
 * import * as Result from "effect/Result"
 * import { Cifar } from "finegrain"
 * const record = new Uint8Array(1 + 3072)
 * record.set([7, 10], 0)
 * record[1 + 1024] = 20
 * const { images, labels } = Result.getOrThrow(Cifar.decode(record, "cifar-10", "test_batch.bin"))
 * [labels[0], images[0], images[1]] // => [7, 10, 20]
 * Result.isFailure(Cifar.decode(record.subarray(1), "cifar-10", "test_batch.bin")) // => true
 * ```
 */
export const decode = (
  bytes: Uint8Array,
  format: CifarFormat,
  file: string
): Result.Result<ByteSplit, CifarCorrupt> => {
  const { classes, labelBytes } = formats[format]
  const record = labelBytes + channels * plane
  const refuse = (reason: string) => Result.fail(new CifarCorrupt({ file, reason }))
  if (bytes.length === 0) return refuse("it is empty")
  if (bytes.length % record !== 0) {
    return refuse(
      `it ends ${bytes.length % record} bytes into record ${Math.floor(bytes.length / record)}, of ${record} bytes each`
    )
  }
  const count = bytes.length / record
  const labels = new Uint8Array(count)
  const images = new Uint8Array(count * channels * plane)
  for (let i = 0; i < count; i++) {
    const label = bytes[i * record + labelBytes - 1]!
    if (label >= classes) return refuse(`record ${i} has label ${label}, but there are ${classes} classes`)
    const coarse = labelBytes === 2 ? bytes[i * record]! : 0
    if (coarse >= superclasses) {
      return refuse(`record ${i} has coarse label ${coarse}, but there are ${superclasses} superclasses`)
    }
    labels[i] = label
    const from = i * record + labelBytes
    const to = i * channels * plane
    for (let p = 0; p < plane; p++) {
      for (let c = 0; c < channels; c++) images[to + channels * p + c] = bytes[from + c * plane + p]!
    }
  }
  return Result.succeed({ images, labels, count })
}

/**
 * The names of the classes from the file of an archive that lists them.
 *
 * Fails with CifarCorrupt where there are not as many different names as classes.
 *
 * @internal
 */
export const decodeNames = (
  text: string,
  format: CifarFormat,
  file: string
): Result.Result<ReadonlyArray<string>, CifarCorrupt> => {
  const names = text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "")
  const { classes } = formats[format]
  return names.length === classes && new Set(names).size === classes
    ? Result.succeed(names)
    : Result.fail(
      new CifarCorrupt({ file, reason: `it has ${new Set(names).size} different names for ${classes} classes` })
    )
}

/**
 * Several splits as one.
 *
 * @internal
 */
export const joined = (splits: ReadonlyArray<ByteSplit>): ByteSplit => {
  const concat = (parts: ReadonlyArray<Uint8Array>) => {
    const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
    let at = 0
    for (const part of parts) {
      all.set(part, at)
      at += part.length
    }
    return all
  }
  return {
    images: concat(splits.map(({ images }) => images)),
    labels: concat(splits.map(({ labels }) => labels)),
    count: splits.reduce((sum, { count }) => sum + count, 0)
  }
}
