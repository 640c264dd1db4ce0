/**
 * What a table can show beside test errors: an entry each, numbers of the summaries of runs, of the last epoch; and
 * what runs were asked to measure.
 */
import type * as Catalogue from "../choices/Catalogue.ts"
import { errorPercent, ofSteps, type StepMeasure } from "../training/measures.ts"
import { perStep } from "../training/measures/steps.ts"
import type * as Run from "../training/Run.ts"

/** A number that the summary of a run gives. */
export type SummaryQuantity = (summary: Omit<Run.RunSummary, "output">) => number | undefined

/** A column of a table. */
export interface SummaryMeasure extends Catalogue.Entry {
  readonly title: string
  readonly text: (value: number) => string
  readonly of: SummaryQuantity
}

/** Whether there is an accuracy: outputs that are no classes have none, which is NaN. */
const isKnown = (accuracy: number | undefined): accuracy is number => accuracy !== undefined && !Number.isNaN(accuracy)

const percentWrong = (accuracy: number | undefined) => isKnown(accuracy) ? errorPercent(accuracy) : undefined

/**
 * A percentage.
 */
export const percentText = (value: number) => value.toFixed(2)

/** Of quantities that may become very small. */
const threeDigits = (value: number) => value.toPrecision(3)

/** The test error in percent; undefined where there is none. */
export const testError: SummaryQuantity = ({ testAccuracy }) => percentWrong(testAccuracy)

/** Quantities of a run's summary that tables show, by name. */
export const summaryMeasures = {
  trainLoss: {
    about: "mean training loss over the steps of the last epoch",
    title: "training loss",
    text: threeDigits,
    of: ({ trainLoss }) => trainLoss
  },
  trainError: {
    about: "training error over the steps of the last epoch",
    title: "training error %",
    text: percentText,
    of: ({ trainAccuracy }) => percentWrong(trainAccuracy)
  },
  testLoss: { about: "mean test loss", title: "test loss", text: threeDigits, of: ({ testLoss }) => testLoss },
  gap: {
    about: "test error minus training error",
    title: "test minus training error %",
    text: percentText,
    of: ({ testAccuracy, trainAccuracy }) =>
      isKnown(testAccuracy) && isKnown(trainAccuracy) ? 100 * (trainAccuracy - testAccuracy) : undefined
  },
  ...perStep((name): SummaryMeasure => {
    const { about, value }: StepMeasure = ofSteps[name]
    return {
      about: `mean over the steps of the last epoch: ${about}`,
      title: value,
      text: threeDigits,
      of: (summary) => summary[name]
    }
  })
} as const satisfies Catalogue.Catalogue<SummaryMeasure>

/** A measure that runs are asked for, and a line of it: "label-noise/clean". */
export const partsOf = (name: string): readonly [measure: string, line?: string] => {
  const at = name.indexOf("/")
  return at < 0 ? [name] : [name.slice(0, at), name.slice(at + 1)]
}

/** The number of a line, or the mean over all of them. */
const asked = (name: string): SummaryMeasure => {
  const [measure, line] = partsOf(name)
  return {
    about: `what the measure ${measure} gave at last`,
    title: name,
    text: (value) => value.toPrecision(4),
    of: ({ measured }) => {
      const readings = measured?.[measure] ?? {}
      if (line !== undefined) return readings[line]
      const values = Object.values(readings)
      return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length
    }
  }
}

/** What a table can show, by name. */
export const summaryMeasure = (name: string): SummaryMeasure =>
  Object.hasOwn(summaryMeasures, name) ? summaryMeasures[name as keyof typeof summaryMeasures] : asked(name)
