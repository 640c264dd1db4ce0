import { expect, it } from "vitest"
import { endLines, epochRow } from "../../cli/trainWords.ts"

it("shows of the norms those that are promised, with the bound that they are held to", () => {
  const epoch = {
    _tag: "EpochDone" as const,
    epoch: 1,
    trainLoss: 1,
    trainAccuracy: 0.5,
    testLoss: 1,
    testAccuracy: 0.5,
    seconds: 1,
    imagesPerSecond: 1,
    norms: [
      { manifold: "Mine", norm: "rowSum" as const, largest: 2.5, bound: undefined },
      { manifold: "Mine", norm: "frobenius" as const, largest: 0.75, bound: 1 },
      { manifold: "Euc", norm: "frobenius" as const, largest: 3, bound: undefined }
    ]
  } as unknown as Parameters<typeof epochRow>[0]
  expect(epochRow(epoch, false)).toMatch(/ 0\.7500 ≤ 1 +3\.0000$/)
})

it("ends with the accuracy or, of numbers, which have none, with the loss", () => {
  const ended = (testAccuracy: number) =>
    endLines(
      { status: "completed", testAccuracy, testLoss: 0.25, steps: 2, seconds: 1 } as Parameters<typeof endLines>[0]
    )
  expect(ended(0.5)).toMatch(/^Test accuracy 50\.00 % after 2 steps/)
  expect(ended(Number.NaN)).toMatch(/^Test loss 0\.2500 after 2 steps/)
})
