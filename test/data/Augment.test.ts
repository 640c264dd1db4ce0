import fc from "fast-check"
import { Augment, Seed } from "finegrain"
import { describe, expect, it } from "vitest"

const batchOf = (count: number, size: Augment.Size, seed: number) => ({
  images: Float32Array.from(Seed.uniforms(seed, count * size.height * size.width * size.channels), (u) => 0.1 + u),
  labels: new Int32Array(count)
})

/** One image as rows of pixels of channels. */
const rows = (images: Float32Array, index: number, { channels, height, width }: Augment.Size) =>
  Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) =>
      Array.from(images.subarray(
        ((index * height + y) * width + x) * channels,
        ((index * height + y) * width + x + 1) * channels
      ))))

/** Every window of the padded image, and its mirror image, as text. */
const windows = (image: ReadonlyArray<ReadonlyArray<ReadonlyArray<number>>>, padding: number) => {
  const black = image[0]![0]!.map(() => 0)
  const at = (y: number, x: number) => image[y]?.[x] ?? black
  const shifts = Array.from({ length: 2 * padding + 1 }, (_, i) => i - padding)
  return shifts.flatMap((down) =>
    shifts.flatMap((right) => {
      const window = image.map((row, y) => row.map((_, x) => at(y + down, x + right)))
      return [JSON.stringify(window), JSON.stringify(window.map((row) => row.toReversed()))]
    })
  )
}

describe("crop and flip", () => {
  it("gives windows of the padded image, mirrored or not", () => {
    fc.assert(
      fc.property(
        fc.record({
          height: fc.integer({ min: 2, max: 5 }),
          width: fc.integer({ min: 2, max: 5 }),
          channels: fc.constantFrom(1, 3)
        }),
        fc.nat(9999),
        fc.integer({ min: 0, max: 2 }),
        (size, seed, padding) => {
          const batch = batchOf(3, size, seed)
          const { images } = Augment.cropFlip(batch, size, seed, padding)
          for (const i of [0, 1, 2]) {
            expect(windows(rows(batch.images, i, size), padding)).toContain(JSON.stringify(rows(images, i, size)))
          }
        }
      )
    )
  })

  it("takes every window and both mirrors about equally often", () => {
    const size = { height: 3, width: 3, channels: 1 }
    const one = batchOf(1, size, 1)
    const count = 3600
    const images = Float32Array.from({ length: count * 9 }, (_, i) => one.images[i % 9]!)
    const many = Augment.cropFlip({ images, labels: new Int32Array(count) }, size, 7, 1)
    const seen = Map.groupBy(
      Array.from({ length: count }, (_, i) => JSON.stringify(rows(many.images, i, size))),
      (text) => text
    )
    expect(seen.size).toBe(18)
    // 200 each; five standard deviations.
    for (const { length } of seen.values()) expect(Math.abs(length - 200)).toBeLessThan(5 * Math.sqrt(200))
  })

  it("is a function of the seed", () => {
    const size = { height: 4, width: 4, channels: 1 }
    const batch = batchOf(8, size, 1)
    const of = (seed: number) => [...Augment.cropFlip(batch, size, seed).images]
    expect(of(3)).toEqual(of(3))
    expect(of(3)).not.toEqual(of(4))
  })
})

it("normalized channels have mean 0 and deviation 1", () => {
  const channels = 3
  const pixels = Uint8Array.from(Seed.uniforms(1, 300 * channels), (u, i) => 40 * (i % channels) + 60 * u)
  const split = { images: pixels, labels: new Uint8Array(3), count: 3 }
  const batch = { images: Float32Array.from(pixels, (p) => p / 255), labels: new Int32Array(3) }
  const { images } = Augment.normalized(batch, Augment.normalization(split, channels))
  for (let c = 0; c < channels; c++) {
    const own = [...images].filter((_, i) => i % channels === c)
    const mean = own.reduce((a, b) => a + b, 0) / own.length
    const variance = own.reduce((sum, v) => sum + (v - mean) ** 2, 0) / own.length
    expect(Math.abs(mean)).toBeLessThan(1e-6)
    expect(Math.abs(variance - 1)).toBeLessThan(1e-5)
  }
})
