import * as Effect from "effect/Effect"
import { Corruptions, Seed } from "finegrain"
import { expect, it } from "vitest"

const size = { height: 5, width: 5, channels: 2 }
const images = Uint8Array.from(Seed.uniforms(1, 150), (u) => 256 * u)
const split = { images, labels: Uint8Array.of(0, 1, 0), count: 3 }
const { corruptions } = Corruptions
const read = (name: keyof typeof corruptions, strength: Corruptions.Strength, indices = [0, 1, 2], source = split) =>
  Effect.runSync(
    Corruptions.corrupted(source, size, corruptions[name], strength).read(Int32Array.from(indices), undefined)
  )
const distance = (a: ArrayLike<number>, b: Uint8Array) => Math.hypot(...Array.from(a, (value, i) => value - b[i]!))

it.each(Object.keys(corruptions) as Array<keyof typeof corruptions>)("%s grows with its strength", (name) => {
  const distances = Corruptions.strengths.map((strength) => distance(read(name, strength), images))
  expect(distances.toSorted((a, b) => a - b)).toEqual(distances)
  expect(distances[0]).toBeGreaterThan(0)
})

it("an image is corrupted by its number, whatever it is read with, also where it is itself read late", () => {
  const whole = read("noise", 2)
  expect(read("noise", 2, [2, 0])).toEqual(Uint8Array.from([...whole.slice(100), ...whole.slice(0, 50)]))
  const late = {
    labels: Uint16Array.from(split.labels),
    count: 3,
    read: (indices: Int32Array) =>
      Effect.succeed(
        Uint8Array.from({ length: 50 * indices.length }, (_, p) => images[50 * indices[p / 50 | 0]! + p % 50]!)
      )
  }
  const stream = Corruptions.corrupted(late, size, corruptions.noise, 2)
  expect(Effect.runSync(stream.read(Int32Array.of(1), undefined))).toEqual(whole.slice(50, 100))
})

it("noise has the deviation that it says", () => {
  const grey = new Float64Array(4000).fill(0.5)
  const noisy = Float64Array.from(corruptions.noise.corrupt(grey, size, 1, 3), (pixel) => pixel - 0.5)
  // Five deviations of the estimate, 0.08/√8000.
  expect(Math.abs(Math.hypot(...noisy) / Math.sqrt(4000) - 0.08)).toBeLessThan(5 * 0.08 / Math.sqrt(8000))
})

it("blur spreads a point alike in all directions, within its channel, and leaves the mean of a plane", () => {
  const point = new Float64Array(50)
  point[2 * (5 * 2 + 2)] = 1
  const spread = corruptions.blur.corrupt(point, size, 1, 0)
  const at = (y: number, x: number, c = 0) => spread[2 * (5 * y + x) + c]!
  expect(at(1, 2)).toBeCloseTo(at(2, 1), 12)
  expect(at(2, 3)).toBeCloseTo(at(3, 2), 12)
  // exp(−1/(2·0.4²)) of the middle.
  expect(at(2, 3) / at(2, 2)).toBeCloseTo(Math.exp(-1 / 0.32), 12)
  expect(at(2, 2, 1)).toBe(0)
  const flat = corruptions.blur.corrupt(new Float64Array(50).fill(0.3), size, 3, 0)
  for (let i = 0; i < 50; i++) expect(flat[i]).toBeCloseTo(0.3)
})
