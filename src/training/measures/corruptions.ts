/** What a network makes of test images that are corrupted. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Catalogue from "../../choices/Catalogue.ts"
import * as Corruptions from "../../data/Corruptions.ts"
import type { Dataset, ImageSource } from "../../data/Dataset.ts"
import type { AskedMeasure, AtEpoch } from "./AtEpoch.ts"
import { percent } from "./MeasureAxes.ts"

type Name = keyof typeof Corruptions.corruptions

const corruptions = Schema.optionalKey(
  Schema.Array(Catalogue.schema(Corruptions.corruptions)).check(Schema.isUnique(), Schema.isMinLength(1))
).annotate({
  description: `how test images are corrupted (default: in every way): ${Catalogue.help(Corruptions.corruptions)}`
})

type Given = AtEpoch & { readonly corruptions?: ReadonlyArray<Name> }

/** Accuracies in percent over images that are corrupted, by corruption and strength. */
export const accuracies = (
  images: ImageSource,
  dataset: Dataset,
  names: ReadonlyArray<Name>,
  evaluate: AtEpoch["evaluate"]
) =>
  Effect.map(
    Effect.forEach(
      names.flatMap((name) => Corruptions.strengths.map((strength) => [name, strength] as const)),
      ([name, strength]) => {
        const source = Corruptions.corrupted(images, dataset, Corruptions.corruptions[name], strength)
        return Effect.map(evaluate(source), ({ accuracy }) => [`${name} ${strength}`, 100 * accuracy] as const)
      }
    ),
    (readings): Readonly<Record<string, number>> => Object.fromEntries(readings)
  )

/** Accuracies in percent over corrupted test images, by corruption and strength; they are the same in every epoch. */
export const corruption: AskedMeasure<Given> & { readonly parameters: object } = {
  about: "accuracy over test images with noise, blur and less contrast, at strengths 1 to 3, %",
  title: "Accuracy over corrupted test images",
  value: "accuracy, %",
  zero: true,
  limits: percent,
  needs: "classes",
  parameters: { corruptions },
  make: ({ corruptions = Catalogue.names(Corruptions.corruptions), dataset, evaluate }) =>
    accuracies(dataset.test, dataset, corruptions, evaluate)
}
