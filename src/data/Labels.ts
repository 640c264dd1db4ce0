/** From labels as files have them to class numbers from 0, and to names. */
import * as Result from "effect/Result"
import { listing } from "./Dataset.ts"

/** Labels as a file has them: any numbers. */
export interface Raw {
  readonly file: string
  readonly values: ArrayLike<number>
}

/** What labels stand for, where that is known beforehand; the order is that of the classes. */
export type Meaning = ReadonlyMap<number, string>

/** Labels as class numbers from 0. */
export interface Numbered {
  readonly train: Uint8Array
  readonly test: Uint8Array
  readonly classNames: ReadonlyArray<string>
  readonly notes: ReadonlyArray<string>
}

const most = 256

/**
 * Class names for labels 0, 1, 2, …
 *
 * @internal
 */
export const meaningOf = (names: ReadonlyArray<string>, first = 0): Meaning =>
  new Map(names.map((name, i) => [first + i, name]))

const countsOf = (values: ArrayLike<number>): ReadonlyMap<number, number> => {
  const counts = new Map<number, number>()
  for (let i = 0; i < values.length; i++) counts.set(values[i]!, (counts.get(values[i]!) ?? 0) + 1)
  return counts
}

/** The first label that is none of a class. */
const unlike = ({ file, values }: Raw, isLabel: (value: number) => boolean, otherwise: string) => {
  for (let i = 0; i < values.length; i++) {
    if (!isLabel(values[i]!)) return `label ${values[i]} of image ${i} in ${file} ${otherwise}`
  }
  return undefined
}

const isWhole = (value: number) => Number.isInteger(value) && value >= 0

const isContiguous = (labels: ReadonlyArray<number>, first = 0) => labels.every((label, i) => label === first + i)

const median = (counts: ReadonlyArray<number>) => counts.toSorted((a, b) => a - b)[counts.length >> 1]!

/** What the labels themselves say of their classes, or why that cannot be trusted. */
const found = (train: Raw, test: Raw): Result.Result<Meaning, string> => {
  const [training, testing] = [countsOf(train.values), countsOf(test.values)]
  const labels = [...training.keys()].toSorted((a, b) => a - b)
  const strange = [...testing.keys()].find((label) => !training.has(label))
  if (strange !== undefined) {
    return Result.fail(
      isContiguous(labels)
        ? `there is a test label ${strange}, but training labels end at ${labels.length - 1}`
        : `there is a test label ${strange}, but training labels are ${listing(labels.map(String))}`
    )
  }
  const untested = labels.filter((label) => !testing.has(label))
  // One wrong byte in a file of labels makes such a class, and nothing else tells it from a right one.
  const lonely = median([...training.values()]) > 1 ? untested.find((label) => training.get(label) === 1) : undefined
  if (lonely !== undefined) {
    return Result.fail(
      `label ${lonely} is on one training image and on no test image: a damaged file would look like this`
    )
  }
  if (untested.length > 0 && !isContiguous(labels, labels[0])) {
    return Result.fail(
      `labels ${listing(labels.map(String))} leave numbers out, and ${untested[0]} is on no test image: ` +
        "a damaged file would look like this"
    )
  }
  return Result.succeed(new Map(labels.map((label) => [label, String(label)])))
}

const renumbered = ({ values }: Raw, numbers: ReadonlyMap<number, number>, isSame: boolean): Uint8Array =>
  isSame && values instanceof Uint8Array ? values : Uint8Array.from(values, (value) => numbers.get(value)!)

/**
 * Class numbers from 0 for labels as they are: where labels leave numbers out (0, 1, 5, or 1 to 26), classes are
 * numbered in their order, and are called by their labels, so that there are as many classes as labels. With a meaning
 * there are as many as it has.
 *
 * Fails with a reason for a label that is no whole number from 0 or stands for nothing, a test label that is not
 * trained, a single class, more than 256, and for what a damaged byte looks like: a label on one training image and no
 * test image where others are on many, or one that no test image has where labels leave numbers out.
 *
 * @example
 * ```ts
 * import * as Result from "effect/Result"
 * import { Labels } from "finegrain"
 * const labels = { file: "labels", values: Uint8Array.of(5, 0, 1, 5) }
 * const { classNames, train } = Result.getOrThrow(Labels.numbered(labels, labels))
 * classNames // => ["0", "1", "5"]
 * [...train] // => [2, 0, 1, 2]
 * ```
 */
export const numbered = (train: Raw, test: Raw, meaning?: Meaning): Result.Result<Numbered, string> => {
  const wrong = [train, test].map((raw) =>
    unlike(raw, isWhole, "is no whole number from 0 upwards") ??
      (meaning === undefined
        ? undefined
        : unlike(raw, (value) => meaning.has(value), `is none of ${ofMeaning(meaning)}`))
  ).find((reason) => reason !== undefined)
  if (wrong !== undefined) return Result.fail(wrong)
  return Result.flatMap(meaning === undefined ? found(train, test) : Result.succeed(meaning), (known) => {
    const classNames = [...known.values()]
    if (classNames.length < 2) return Result.fail(`every training label is ${[...known.keys()].join()}: one class`)
    if (classNames.length > most) return Result.fail(`${classNames.length} classes are too many: ${most} is the limit`)
    const labels = [...known.keys()]
    const numbers = new Map(labels.map((label, i) => [label, i]))
    const isSame = isContiguous(labels)
    return Result.succeed({
      train: renumbered(train, numbers, isSame),
      test: renumbered(test, numbers, isSame),
      classNames,
      notes: isSame ? [] : [`labels ${listing(labels.map(String))} are classes 0 to ${labels.length - 1}`]
    })
  })
}

const ofMeaning = (meaning: Meaning) => {
  const labels = [...meaning.keys()]
  return `the ${labels.length} labels there are, ${labels[0]} to ${labels.at(-1)}`
}
