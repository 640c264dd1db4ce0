/** How much the images of a class count in a loss. */
import type * as Catalogue from "../choices/Catalogue.ts"
import { classNamesOf, type Dataset, listing } from "./Dataset.ts"

/** Weights of classes that follow from how many images they have. */
export interface Weighting extends Catalogue.Entry {
  /** By class, given the number of its training images. */
  readonly weights: (counts: ReadonlyArray<number>) => ReadonlyArray<number>
}

/**
 * Ways to weigh classes, by name.
 *
 * @example
 * ```ts
 * import { ClassWeights } from "finegrain"
 * ClassWeights.weightings.balanced.weights([1, 3]).map((w) => w.toFixed(2)) // => ["2.00", "0.67"]
 * ```
 */
export const weightings = {
  none: { about: "every class counts by its images", weights: (counts) => counts.map(() => 1) },
  balanced: {
    about: "n/(k·n_c): every one of k classes counts as much as any other, however few of the n images are its own",
    weights: (counts) => {
      const [classes, images] = [counts.filter((count) => count > 0).length, counts.reduce((a, b) => a + b, 0)]
      return counts.map((count) => count === 0 ? 1 : images / (classes * count))
    }
  }
} as const satisfies Catalogue.Catalogue<Weighting>

/**
 * Weights of the classes of a dataset: those of a weighting, times those that are given by the names of classes.
 *
 * @throws RangeError for a name that is none of a class.
 *
 * @example
 * ```ts
 * import { ClassWeights } from "finegrain"
 * const train = { images: new Uint8Array(3), labels: Uint8Array.of(0, 0, 1), count: 3 }
 * const dataset = { name: "three", classes: 2, classNames: ["cat", "dog"], train }
 * ClassWeights.of(dataset, ClassWeights.weightings.none, { dog: 2 }) // => [1, 2]
 * ```
 */
export const of = (
  dataset: Pick<Dataset, "classNames" | "classes" | "name" | "train">,
  { weights }: Weighting,
  own: Readonly<Record<string, number>> = {}
): ReadonlyArray<number> => {
  const { classes, name, train: { labels } } = dataset
  const names = classNamesOf(dataset)
  const unknown = Object.keys(own).find((given) => !names.includes(given))
  if (unknown !== undefined) {
    throw new RangeError(`${name} has no class ${unknown}, only ${listing(names)}`)
  }
  const counts = Array.from({ length: classes }, () => 0)
  for (const label of labels) counts[label]!++
  return weights(counts).map((weight, label) => weight * (own[names[label]!] ?? 1))
}
