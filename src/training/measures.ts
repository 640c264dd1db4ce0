/**
 * Quantities that reports show by epoch, an entry each: most are recorded of every epoch; others are measured at its
 * end where the setting `measures` names them. Figures follow from the entries.
 */
import * as Effect from "effect/Effect"
import type * as Catalogue from "../choices/Catalogue.ts"
import * as NetworkSpectra from "../network/NetworkSpectra.ts"
import { type AskedMeasure, type AtEpoch, type MeasureAxes, MeasureFailed } from "./measures/AtEpoch.ts"
import { corruption } from "./measures/corruptions.ts"
import { labelNoise } from "./measures/labelNoise.ts"
import type { EvaluationError } from "./trainer/evaluate.ts"
import type { EpochDone, MeasureRecord } from "./TrainingEvent.ts"

export type { AskedMeasure, AtEpoch, MeasureAxes, Measured } from "./measures/AtEpoch.ts"
export { MeasureFailed } from "./measures/AtEpoch.ts"

/** A value of one epoch, and where it stands in a figure: a panel, by column and row, and a line in it. */
export interface Reading {
  readonly value: number
  /** What it is promised not to exceed. */
  readonly bound?: number | undefined
  readonly panel?: readonly [across: string, down?: string]
  readonly line?: string
}

/** A quantity that every epoch records, read from its event. */
export interface RecordedMeasure extends Catalogue.Entry, MeasureAxes {
  readonly readings: (epoch: EpochDone) => ReadonlyArray<Reading>
  /** Whether the table of a run shows it, so that its page needs no figure. */
  readonly isInTable?: boolean
}

/** A measure that a run was asked for, with what it is given. */
export interface Asked {
  readonly name: string
  readonly axes: MeasureAxes
  readonly measure: (at: AtEpoch) => Effect.Effect<MeasureRecord["readings"], EvaluationError | MeasureFailed>
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
const normNames = { spectral: "spectral", frobenius: "Frobenius", rowSum: "‖·‖₂→₁" } as const

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
    isInTable: true,
    readings: ({ testAccuracy }) => [{ value: errorPercent(testAccuracy) }]
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

/**
 * What is measured at the end of an epoch where it is asked for, by name.
 *
 * @example
 * ```ts
 * import { Catalogue, Measures } from "finegrain"
 * Catalogue.names(Measures.measures).includes("stable-rank") // => true
 * ```
 */
export const measures = {
  "stable-rank": {
    about: "‖W‖²_F/‖W‖²₂ of every layer as a matrix",
    title: "Stable ranks of the layers",
    value: "stable rank",
    make: ({ network }: AtEpoch) =>
      Effect.map(
        NetworkSpectra.measure(network),
        (layers) =>
          Object.fromEntries(layers.flatMap(({ layer, singularValues: values = [] }) => {
            const [largest = 0] = values
            return largest === 0 ? [] : [[layer, values.reduce((sum, s) => sum + (s / largest) ** 2, 0)]]
          }))
      )
  },
  "label-noise": labelNoise,
  corruptions: corruption
} as const satisfies Catalogue.Catalogue<AskedMeasure<never>>

const numbersIn = (measured: unknown): Readonly<Record<string, number>> | undefined => {
  const all = typeof measured === "number" ? { "": measured } : measured
  return typeof all === "object" && all !== null && Object.values(all).every((value) => typeof value === "number")
    ? all as Readonly<Record<string, number>>
    : undefined
}

const reasonOf = (error: unknown) => error instanceof Error ? error.message : String(error)

/**
 * An entry, which may be a user's own, as a run measures it: given its settings, at once, by a promise or by an Effect.
 *
 * @internal
 */
export const asked = (
  name: string,
  { about, caption = about, make, scale, title = name, value = name, zero }: AskedMeasure<never>,
  settings: object
): Asked => {
  const failed = (error: unknown) => new MeasureFailed({ name, reason: reasonOf(error) })
  return {
    name,
    axes: {
      title,
      caption,
      value,
      ...(scale === undefined ? {} : { scale }),
      ...(zero === undefined ? {} : { zero })
    },
    measure: Effect.fnUntraced(function*(at) {
      const given = yield* Effect.try({ try: (): unknown => make({ ...settings, ...at } as never), catch: failed })
      const found: unknown = Effect.isEffect(given)
        ? yield* given as Effect.Effect<unknown, EvaluationError>
        : yield* Effect.tryPromise({ try: () => Promise.resolve(given), catch: failed })
      const numbers = numbersIn(found)
      return numbers ?? (yield* failed("it gives neither a number nor numbers by name"))
    })
  }
}
