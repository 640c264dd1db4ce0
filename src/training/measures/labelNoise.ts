/** What of labels that were drawn anew a network has learnt by heart. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Setting from "../../choices/Setting.ts"
import { type Dataset, type ImageSource, isStream } from "../../data/Dataset.ts"
import * as Subset from "../../data/Subset.ts"
import * as Seed from "../../numerics/Seed.ts"
import type { AskedMeasure, AtEpoch } from "./AtEpoch.ts"
import { percent } from "./MeasureAxes.ts"

const noiseImages = Schema.optionalKey(Setting.count).annotate({
  description: "so many training images with right labels and as many with wrong ones are looked at (default 1000)"
})

type Given = AtEpoch & { readonly noiseImages?: number }

/** Training images by whether their labels are right, in the order of a permutation that is always the same. */
const byLabel = ({ train: { count, labels, original = labels } }: Dataset, most: number) => {
  const order = Seed.permutation(0, count)
  const those = (isRight: boolean) => order.filter((i) => (labels[i] === original[i]) === isRight).subarray(0, most)
  return { right: those(true), wrong: those(false) }
}

/** Images with the labels that they had before some were drawn anew. */
const corrected = (source: ImageSource): ImageSource =>
  isStream(source)
    ? { ...source, labels: source.original ?? source.labels }
    : { ...source, labels: source.original ?? source.labels }

/**
 * Accuracies in percent over training images as they are, without augmentation: `clean` over those with right labels;
 * of those with wrong ones `changed` by the label that was drawn, which is learnt by heart, and `corrected` by the
 * right one.
 */
export const labelNoise: AskedMeasure<Given> & { readonly parameters: object } = {
  about: "accuracy over clean and over changed training labels, and over the right ones of those changed, %",
  title: "Training accuracy by the kind of label",
  caption: "Over training images as they are: those whose label is right (clean), and those whose label was changed, " +
    "by the changed label and by the right one (corrected).",
  value: "accuracy, %",
  zero: true,
  limits: percent,
  needs: "classes-of-images",
  parameters: { noiseImages },
  make: ({ dataset, evaluate, noiseImages = 1000 }) => {
    const { right, wrong } = byLabel(dataset, noiseImages)
    const parts = {
      clean: Subset.pick(dataset.train, right),
      changed: Subset.pick(dataset.train, wrong),
      corrected: corrected(Subset.pick(dataset.train, wrong))
    }
    return Effect.map(
      Effect.forEach(
        Object.entries(parts).filter(([, { count }]) => count > 0),
        ([name, part]) => Effect.map(evaluate(part), ({ accuracy }) => [name, 100 * accuracy] as const)
      ),
      (readings) => Object.fromEntries(readings)
    )
  }
}
