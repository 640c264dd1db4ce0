import * as Result from "effect/Result"
import fc from "fast-check"
import { Idx } from "finegrain"
import { expect, it } from "vitest"

const types = Object.values(Idx.elementTypes)

const idx = fc.record({
  element: fc.constantFrom(...types),
  shape: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 }),
  seed: fc.nat()
}).map(({ element, seed, shape }) => {
  const count = shape.reduce((a, b) => a * b, 1)
  const values = new element.array(count)
  for (let i = 0; i < count; i++) values[i] = Math.round(Math.sin(seed + i) * 100)
  return { type: element.name, shape, values } satisfies Idx.Idx
})

const decode = (bytes: Uint8Array) => Idx.decode(bytes, "some-file")
const reason = (bytes: Uint8Array) => Result.getOrThrow(Result.flip(decode(bytes))).message

it("decodes what it encodes, every element type", () => {
  fc.assert(fc.property(idx, (contents) => {
    expect(Result.getOrThrow(decode(Idx.encode(contents)))).toEqual(contents)
    // From the middle of another buffer, as files are often read.
    const shifted = new Uint8Array([9, 9, 9, ...Idx.encode(contents)]).subarray(3)
    expect(Result.getOrThrow(decode(shifted))).toEqual(contents)
    expect(Result.getOrThrow(decode(Buffer.from(Idx.encode(contents))))).toEqual(contents)
  }))
})

it("refuses a file cut anywhere, or with bytes too many", () => {
  fc.assert(fc.property(idx, fc.nat(), (contents, at) => {
    const bytes = Idx.encode(contents)
    const cut = bytes.subarray(0, at % bytes.length)
    expect(Result.isFailure(decode(cut))).toBe(true)
    expect(reason(cut)).toContain("some-file is corrupt")
    expect(Result.isFailure(decode(new Uint8Array([...bytes, 0])))).toBe(true)
  }))
})

it("refuses what is no IDX file, and says why", () => {
  expect(reason(Uint8Array.of(1, 2))).toMatch(/2 bytes, fewer than the 4/)
  expect(reason(Uint8Array.of(0, 0, 7, 1, 0, 0, 0, 0))).toMatch(/magic number 0x00000701/)
  expect(reason(Uint8Array.of(0x89, 0x50, 0x4e, 0x47))).toMatch(/is not that of an IDX file/)
  expect(reason(Uint8Array.of(0, 0, 8, 1, 255, 255, 255, 255))).toMatch(/needs 4294967303 bytes, but it has 8/)
})
