import * as Effect from "effect/Effect"
import { ClassWeights, type Dataset, Losses, Models, Network, Schedule, Trainer } from "finegrain"
import { beforeAll, expect, it } from "vitest"
import { use } from "../backends.ts"
import { tinyDataset } from "../tinyDataset.ts"

beforeAll(() => use("cpu"))

const train: Dataset.Split = { images: new Uint8Array(4), labels: Uint8Array.of(0, 0, 0, 2), count: 4 }
const dataset = { name: "four", classes: 3, classNames: ["cat", "dog", "hen"], train }

it("balanced classes count alike, over all images as much as before, and factors by name on top", () => {
  const weights = ClassWeights.of(dataset, ClassWeights.weightings.balanced)
  expect(weights).toEqual([4 / 6, 1, 2])
  expect([...train.labels].reduce((sum, label) => sum + weights[label]!, 0)).toBeCloseTo(4, 12)
  expect(ClassWeights.of(dataset, ClassWeights.weightings.balanced, { hen: 3 })).toEqual([4 / 6, 1, 6])
  expect(() => ClassWeights.of(dataset, ClassWeights.weightings.none, { cow: 2 })).toThrow(
    "four has no class cow, only cat, dog, hen"
  )
})

it("weights that a loss does not heed, and others than one for each class, are refused", async () => {
  const refused = (classWeights: ReadonlyArray<number>, loss: Losses.Loss) =>
    Effect.runPromise(Effect.scoped(Effect.gen(function*() {
      const network = yield* Network.make(Models.smallCnn({ ...tinyDataset, filters: [2], seed: 1 }))
      const own = { network, dataset: tinyDataset, schedule: Schedule.constant(0.1), loss, classWeights }
      return (yield* Effect.flip(Trainer.make({ ...own, epochs: 1, batchSize: 32, seed: 3 }))).message
    })))
  const { weighs, ...heedless } = Losses.hinge
  expect(weighs).toBe(true)
  expect(await refused([1, 1, 1], heedless)).toBe(
    "classWeights must be left out, since the loss hinge loss heeds no weights, not given"
  )
  expect(await refused([1, 0, 1], Losses.hinge)).toBe("classWeights must be 3 positive numbers, not 1, 0, 1")
})
