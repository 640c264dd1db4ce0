import fc from "fast-check"
import { Seed, Variations } from "finegrain"
import { expect, it } from "vitest"
import { varied } from "../../src/data/Variations.ts"

const size = { height: 6, width: 4, channels: 2 }
const batch = {
  images: Float32Array.from(Seed.uniforms(1, 3 * 48)),
  labels: Int32Array.of(0, 1, 2)
}
const image = (images: Float32Array, i: number) => images.subarray(48 * i, 48 * (i + 1))
const changed = (images: Float32Array, i: number) =>
  [...image(images, i).keys()].filter((p) => image(images, i)[p] !== image(batch.images, i)[p])

it("mixup mixes every image with one of the batch, and says with whose label, by how much", () => {
  fc.assert(fc.property(fc.integer(), fc.double({ min: 0.01, max: 1, noNaN: true }), (seed, alpha) => {
    const { images, labels, mixed } = Variations.mixup(alpha)(batch, size, seed)
    expect(labels).toEqual(batch.labels)
    const { labels: others, share } = mixed!
    expect(share >= 0 && share <= 1).toBe(true)
    expect([...others].toSorted()).toEqual([0, 1, 2])
    for (let i = 0; i < 3; i++) {
      for (let p = 0; p < 48; p++) {
        const expected = share * image(batch.images, i)[p]! + (1 - share) * image(batch.images, others[i]!)[p]!
        expect(image(images, i)[p]).toBe(Math.fround(expected))
      }
    }
  }))
  expect(() =>
    varied([{ name: "a", vary: Variations.mixup(1) }, { name: "b", vary: Variations.mixup(1) }], batch, size, 1)
  )
    .toThrow("mixed once")
})

it("the share of mixup is drawn from Beta(α, α)", () => {
  for (const alpha of [0.2, 1]) {
    const shares = Array.from({ length: 2000 }, (_, seed) => Variations.mixup(alpha)(batch, size, seed).mixed!.share)
    const mean = shares.reduce((sum, share) => sum + share, 0) / 2000
    const variance = shares.reduce((sum, share) => sum + (share - 0.5) ** 2, 0) / 2000
    // The variance is 1/(4(2α + 1)); five deviations of both estimates, whose summands are at most 1/4 from their mean.
    expect(Math.abs(mean - 0.5)).toBeLessThan(5 * 0.5 / Math.sqrt(2000))
    expect(Math.abs(variance - 1 / (4 * (2 * alpha + 1)))).toBeLessThan(5 * 0.125 / Math.sqrt(2000))
  }
})

it("cutout replaces a square by the mean of the batch, cut off at the border", () => {
  const means = [0, 1].map((c) => batch.images.filter((_, p) => p % 2 === c).reduce((a, b) => a + b, 0) / 72)
  let largest = 0
  for (let seed = 0; seed < 30; seed++) {
    const { images } = Variations.cutout(3)(batch, size, seed)
    const pixels = changed(images, 1)
    largest = Math.max(largest, pixels.length)
    // The centre is within, so that a part of 2×2 is, too.
    expect(pixels.length).toBeGreaterThanOrEqual(2 * 4)
    for (const p of pixels) expect(image(images, 1)[p]).toBeCloseTo(means[p % 2]!, 6)
  }
  expect(largest).toBe(2 * 9)
})

it("cutout takes half of the shorter side, where that is a pixel at least", () => {
  const row = { height: 1, width: 48, channels: 1 }
  expect(() => Variations.cutout()(batch, row, 1)).toThrow("half of the shorter side of 1×48 images is no pixel")
  const { images } = Variations.cutout(1)(batch, row, 1)
  expect([0, 1, 2].map((i) => changed(images, i).length)).toEqual([1, 1, 1])
})

it("erasing leaves images alone or replaces a box of 2 to 40 % by noise, that of its seed", () => {
  const erase = (share: number, seed: number) => Variations.erasing(share)(batch, size, seed).images
  let erased = 0
  for (let seed = 0; seed < 100; seed++) {
    const pixels = changed(erase(0.5, seed), 0).map((p) => Math.floor(p / 2))
    if (pixels.length === 0) continue
    erased++
    const [rows, columns] = [new Set(pixels.map((p) => Math.floor(p / 4))), new Set(pixels.map((p) => p % 4))]
    // A box, all of it; its area is rounded to whole sides.
    expect(new Set(pixels).size).toBe(rows.size * columns.size)
    expect(rows.size * columns.size).toBeLessThanOrEqual(12)
  }
  // Five deviations of a binomial number.
  expect(Math.abs(erased - 50)).toBeLessThan(25)
  expect(erase(1, 7)).toEqual(erase(1, 7))
  expect(erase(1, 7)).not.toEqual(erase(1, 8))
})
