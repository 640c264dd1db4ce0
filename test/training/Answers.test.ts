import { Answers } from "finegrain"
import { expect, it } from "vitest"

const labels = [0, 0, 1, 2]
const predicted = [0, 1, 1, 1]

it("a confusion matrix has the classes as rows and the answers as columns", () => {
  const matrix = Answers.confusion(labels, predicted, 4)
  expect(matrix).toEqual([[1, 1, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]])
  expect(Answers.classAccuracy(matrix)).toEqual([0.5, 1, 0, Number.NaN])
})

it("the calibration error weighs bins by their images", () => {
  // In (0.5, 1] three of mean 0.8 and one of them right; in (0, 0.5] one of 0.5, right.
  const { bins, error } = Answers.calibration([0, 0, 0, 0], [0, 1, 1, 0], [0.6, 0.8, 1, 0.5], 2)
  expect(error).toBeCloseTo((3 * (0.8 - 1 / 3) + 1 * 0.5) / 4, 12)
  expect(bins).toEqual([
    { from: 0, to: 0.5, images: 1, confidence: 0.5, accuracy: 1 },
    { from: 0.5, to: 1, images: 3, confidence: expect.closeTo(0.8, 12), accuracy: 1 / 3 }
  ])
  // A confidence of 0 has a bin, too.
  expect(Answers.calibration([0], [0], [0]).bins).toMatchObject([{ from: 0, images: 1 }])
  expect(Answers.calibration([0, 0], [0, 0], [1, Number.NaN])).toEqual({ error: Number.NaN, bins: [] })
})
