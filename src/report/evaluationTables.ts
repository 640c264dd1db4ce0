/** The answers of a run to its test images, as tables. */
import type { Evaluation } from "../training/Answers.ts"
import type { Section } from "./Html.ts"

/** A confusion matrix of more classes is not read in a table. */
const mostClasses = 20

const percent = (share: number) => Number.isNaN(share) ? "–" : (100 * share).toFixed(2)

const confusion = ({ classAccuracy, classes, confusion }: Evaluation): Section => ({
  _tag: "Table",
  title: "Test images by their class, and what they were taken for",
  header: ["class", "right %", ...classes],
  rows: confusion.map((row, i) => [classes[i]!, percent(classAccuracy[i]!), ...row.map(String)])
})

const calibration = ({ bins, error }: NonNullable<Evaluation["calibration"]>): Section => ({
  _tag: "Table",
  title: `Confidence and accuracy: expected calibration error ${percent(error)} %`,
  header: ["confidence %", "images", "mean confidence %", "accuracy %"],
  rows: bins.map(({ accuracy, confidence, from, images, to }) => [
    `${percent(from)} to ${percent(to)}`,
    String(images),
    percent(confidence),
    percent(accuracy)
  ])
})

/** Who was taken for whom, where that can be read, and how far confidence is to be trusted. */
export const evaluationTables = (evaluation: Evaluation | undefined): ReadonlyArray<Section> =>
  evaluation === undefined ? [] : [
    ...(evaluation.classes.length > mostClasses ? [] : [confusion(evaluation)]),
    ...(evaluation.calibration === undefined ? [] : [calibration(evaluation.calibration)])
  ]
