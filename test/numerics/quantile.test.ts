import { expect, it } from "vitest"
import { quantile } from "../../src/numerics/quantile.ts"

it.each([
  [[5], [5, 5, 5]],
  [[1, 2], [1.25, 1.5, 1.75]],
  // As R's default and NumPy's have them.
  [[1, 2, 3, 4], [1.75, 2.5, 3.25]],
  [[1, 10, 100, 1000, 10_000], [10, 100, 1000]]
])("quartiles of %j are %j", (values, quartiles) => {
  expect([0.25, 0.5, 0.75].map((share) => quantile(values, share))).toEqual(quartiles)
})
