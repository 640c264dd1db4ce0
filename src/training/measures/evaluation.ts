/** What a network makes of the test images: who was taken for whom, and how far confidence is to be trusted. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { byWhom, type Evaluation } from "../Answers.ts"
import { count, Num } from "../RunFiles.ts"
import { endMeasure, type MeasureTable } from "./EndMeasure.ts"

/** `evaluation.json`. */
const schema = Schema.Struct({
  kept: Schema.optionalKey(Schema.Struct({ model: Schema.Literals(["best", "last"]), epoch: count })),
  images: count,
  loss: Num,
  accuracy: Num,
  classes: Schema.Array(Schema.String),
  confusion: Schema.Array(Schema.Array(count)),
  classAccuracy: Schema.Array(Num),
  calibration: Schema.optionalKey(Schema.Struct({
    error: Num,
    bins: Schema.Array(Schema.Struct({ from: Num, to: Num, images: count, confidence: Num, accuracy: Num }))
  }))
})

/** A confusion matrix of more classes is not read in a table. */
const mostClasses = 20

const percent = (share: number) => Number.isNaN(share) ? "–" : (100 * share).toFixed(2)

const confusion = ({ classAccuracy, classes, confusion, kept }: Evaluation): MeasureTable => ({
  title: `Images by their class, and what they were taken for${byWhom(kept)}`,
  header: ["class", "right %", ...classes],
  rows: confusion.map((row, i) => [classes[i]!, percent(classAccuracy[i]!), ...row.map(String)])
})

const calibration = ({ bins, error }: NonNullable<Evaluation["calibration"]>): MeasureTable => ({
  title: `Confidence and accuracy: expected calibration error ${percent(error)} %`,
  header: ["confidence %", "images", "mean confidence %", "accuracy %"],
  rows: bins.map(({ accuracy, confidence, from, images, to }) => [
    `${percent(from)} to ${percent(to)}`,
    String(images),
    percent(confidence),
    percent(accuracy)
  ])
})

/** Of the test images at the end. */
export const evaluation = endMeasure<Evaluation>({
  about: "confusion matrix, accuracy by class and calibration, of the test images",
  schema,
  isOfBest: true,
  make: ({ evaluation, kept }) => evaluation && Effect.map(evaluation, (found) => ({ kept, ...found })),
  tables: (found) => [
    ...(found.classes.length > mostClasses ? [] : [confusion(found)]),
    ...(found.calibration === undefined ? [] : [calibration(found.calibration)])
  ]
})
