/** Quantities that every epoch records: their figures follow from these entries. */
import type * as Catalogue from "../../choices/Catalogue.ts"
import type * as Norms from "../../numerics/Norms.ts"
import type { EpochDone } from "../TrainingEvent.ts"
import { type MeasureAxes, percent, type Reading } from "./MeasureAxes.ts"

/** A quantity that every epoch records, read from its event. */
export interface RecordedMeasure extends Catalogue.Entry, MeasureAxes {
  readonly readings: (epoch: EpochDone) => ReadonlyArray<Reading>
  /** Whether the table of a run shows it, so that its page needs no figure. */
  readonly isInTable?: boolean
}

/**
 * An accuracy between 0 and 1 as an error in percent.
 *
 * @example
 * ```ts
 * import { Measures } from "finegrain"
 * Measures.errorPercent(0.75) // => 25
 * ```
 */
export const errorPercent = (accuracy: number): number => 100 * (1 - accuracy)

const boundNames = { frobenius: "B1, Frobenius", rowSum: "B2, ‖·‖₂→₁", spectral: "B3, spectral" } as const
const scopes = { perPom: "of POMs", perLayer: "of layers" } as const
const normNames = { spectral: "spectral", frobenius: "Frobenius", rowSum: "‖·‖₂→₁" } as const satisfies Record<
  Norms.OfWeights,
  string
>

const keys = <K extends string>(record: Readonly<Record<K, string>>) =>
  Object.keys(record) as unknown as ReadonlyArray<K>

/**
 * What every epoch records, by name: figures of pages derive from it.
 *
 * @example
 * ```ts
 * import { Measures } from "finegrain"
 * Measures.recorded.gap.value // => "gap, %"
 * ```
 */
export const recorded = {
  "test-error": {
    about: "the test error",
    title: "Test error by epoch",
    caption: "",
    value: "test error, %",
    limits: percent,
    isInTable: true,
    readings: ({ testAccuracy }) => [{ value: errorPercent(testAccuracy) }]
  },
  accuracy: {
    about: "the accuracy, of the epoch's own steps and of the test images",
    title: "Accuracy by epoch",
    caption: "That of training is over the epoch's own steps.",
    value: "accuracy, %",
    limits: percent,
    readings: ({ testAccuracy, trainAccuracy }) => [
      { value: 100 * trainAccuracy, panel: ["training"] },
      { value: 100 * testAccuracy, panel: ["test"] }
    ]
  },
  "test-loss": {
    about: "the test loss",
    title: "Test loss by epoch",
    caption: "On a logarithmic scale.",
    value: "test loss",
    scale: "log",
    readings: ({ testLoss }) => [{ value: testLoss }]
  },
  "training-loss": {
    about: "the training loss",
    title: "Training loss by epoch",
    caption: "Over the epoch's own steps, on a logarithmic scale.",
    value: "training loss",
    scale: "log",
    isInTable: true,
    readings: ({ trainLoss }) => [{ value: trainLoss }]
  },
  gap: {
    about: "the empirical generalization gap: test error minus training error",
    title: "Generalization gap by epoch",
    caption: "Test error minus training error, in percent. Training error is that of the epoch's own steps.",
    value: "gap, %",
    isInTable: true,
    readings: ({ testAccuracy, trainAccuracy }) => [{ value: 100 * (trainAccuracy - testAccuracy) }]
  },
  norms: {
    about: "the largest norms of the weights, and the bounds that renormalization promises",
    title: "Norms of the weights, and their bounds",
    caption: "The largest over all component weights of a manifold; dashed: the bound that the policy promises.",
    value: "largest norm",
    zero: true,
    readings: ({ norms }) =>
      norms.map(({ bound, largest, manifold, norm }) => ({
        value: largest,
        bound,
        panel: [normNames[norm]],
        line: manifold
      }))
  },
  bounds: {
    about: "the six generalization bounds, with measureBounds",
    title: "Generalization bounds by epoch",
    caption: "log₁₀ of the six bounds, from norms of POMs and from norms of whole layers.",
    value: "log₁₀ bound",
    readings: ({ bounds }) =>
      bounds === undefined ? [] : keys(scopes).flatMap((scope) =>
        keys(boundNames).map((bound) => ({
          value: bounds[scope][bound] / Math.LN10,
          panel: [boundNames[bound], scopes[scope]]
        }))
      )
  }
} as const satisfies Catalogue.Catalogue<RecordedMeasure>
