import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import fc from "fast-check"
import { type Dataset, LabelNoise, Seed, Subset } from "finegrain"
import { expect, it } from "vitest"

const blank = (count: number, classes: number) => {
  const labels = Uint8Array.from(Seed.uniforms(3, count), (u) => Math.floor(classes * u))
  const split = { images: new Uint8Array(count), labels, count }
  return { name: "blank", classes, height: 1, width: 1, channels: 1, train: split, test: split, checksum: "c" }
}
const apply = (dataset: Dataset.Dataset, share: number, seed: number) =>
  Effect.runSync(LabelNoise.apply(dataset, { share, seed }))
const changed = (dataset: Dataset.Dataset, share: number, seed: number) => {
  const { labels } = apply(dataset, share, seed).train
  return [...labels.keys()].filter((i) => labels[i] !== dataset.train.labels[i])
}

it("draws at most a share of the labels anew, the same ones and more of them with a larger share", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 80 }),
      fc.integer({ min: 2, max: 9 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer(),
      (count, classes, a, b, seed) => {
        const dataset = blank(count, classes)
        const [less, more] = [Math.min(a, b), Math.max(a, b)].map((share) => apply(dataset, share, seed))
        const wrong = changed(dataset, Math.min(a, b), seed)
        expect(wrong.length).toBeLessThanOrEqual(Math.round(Math.min(a, b) * count))
        for (const i of wrong) expect(more!.train.labels[i]).toBe(less!.train.labels[i])
        expect(more!.train.labels.every((label) => label < classes)).toBe(true)
        expect([more!.test, more!.checksum]).toEqual([dataset.test, "c"])
      }
    )
  )
})

it("draws uniformly from all classes, the right one among them", () => {
  const [count, classes, share] = [20_000, 4, 0.5]
  const dataset = blank(count, classes)
  const { notes, train } = apply(dataset, share, 7)
  const wrong = changed(dataset, share, 7)
  // Of a binomial number; 5 deviations are passed once in two million seeds, and this seed is fixed.
  const within = 5 * Math.sqrt(count * share * 3 / 16)
  expect(Math.abs(wrong.length - count * share * 3 / 4)).toBeLessThan(within)
  for (let label = 0; label < classes; label++) {
    const drawn = wrong.filter((i) => train.labels[i] === label).length
    expect(Math.abs(drawn - count * share * 3 / 16)).toBeLessThan(within)
  }
  expect(notes).toEqual([
    "the labels of 10000 of 20000 training images were drawn anew, uniformly from all 4 classes: " +
    `${wrong.length} are wrong`
  ])
})

it("follows from the seed, and leaves the dataset it was given as it was", () => {
  const dataset = blank(200, 5)
  const before = dataset.train.labels.slice()
  expect(changed(dataset, 0.5, 1)).toEqual(changed(dataset, 0.5, 1))
  expect(changed(dataset, 0.5, 1)).not.toEqual(changed(dataset, 0.5, 2))
  expect(dataset.train.labels).toEqual(before)
  expect(apply(dataset, 0.5, 1).train.original).toEqual(before)
  expect(apply(dataset, 0, 1)).toBe(dataset)
})

it("changes labels of streams, too, and none of held-out images", () => {
  const { labels } = blank(100, 3).train
  const stream = { labels: Uint16Array.from(labels), count: 100, read: () => Effect.succeed(new Uint8Array(0)) }
  const dataset = { ...blank(100, 3), train: stream, test: stream }
  const part = Effect.runSync(Subset.take(dataset, { validationImages: 40 }))
  const noisy = apply(part, 1, 1)
  expect(noisy.train.labels).toBeInstanceOf(Uint16Array)
  expect(noisy.train.labels).not.toEqual(part.train.labels)
  expect(noisy.test.labels).toEqual(part.test.labels)
  expect(noisy.train).toHaveProperty("read", part.train.read)
})

it.each([-0.1, 1.1, Number.NaN])("refuses a share of %d", (share) => {
  const refused = Effect.runSync(Effect.result(LabelNoise.apply(blank(2, 2), { share, seed: 1 })))
  expect(Result.getOrThrow(Result.flip(refused)).message).toBe(
    `Of the training labels of blank a share from 0 to 1 can be drawn anew, but not ${share}`
  )
})
