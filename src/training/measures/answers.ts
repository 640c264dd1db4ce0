/** What the answers to the test images tell beside their accuracy. */
import { classNamesOf } from "../../data/Dataset.ts"
import * as Answers from "../Answers.ts"
import type { AskedMeasure } from "./AtEpoch.ts"
import { percent } from "./MeasureAxes.ts"

/** The accuracy in percent over the test images of every class. */
export const classAccuracy: AskedMeasure = {
  about: "accuracy over the test images of every class, %",
  title: "Accuracy by class",
  value: "accuracy, %",
  limits: percent,
  needs: "classes-of-images",
  make: ({ dataset, tested }) => {
    const found = Answers.classAccuracy(Answers.confusion(dataset.test.labels, tested.predicted, dataset.classes))
    return Object.fromEntries(
      classNamesOf(dataset).flatMap((name, i) => Number.isNaN(found[i]) ? [] : [[name, 100 * found[i]!]])
    )
  }
}

/** The expected calibration error in percent. */
export const calibration: AskedMeasure = {
  about: "the expected calibration error over test images, %: how far accuracy and confidence are from each other",
  title: "Expected calibration error",
  value: "calibration error, %",
  zero: true,
  limits: percent,
  needs: "confidence",
  make: ({ dataset, tested: { confidence, predicted } }) => {
    if (confidence === undefined) throw new RangeError("outputs that are no logits have no confidence")
    return 100 * Answers.calibration(dataset.test.labels, predicted, confidence).error
  }
}
