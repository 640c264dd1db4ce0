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

// Encoding and decoding share their byte order, so a round trip cannot tell a wrong one: DataView is the judge here.
it("reads and writes big-endian values, every element type", () => {
  const writers = {
    uint8: (view: DataView, at: number, value: number) => view.setUint8(at, value),
    int8: (view: DataView, at: number, value: number) => view.setInt8(at, value),
    int16: (view: DataView, at: number, value: number) => view.setInt16(at, value, false),
    int32: (view: DataView, at: number, value: number) => view.setInt32(at, value, false),
    float32: (view: DataView, at: number, value: number) => view.setFloat32(at, value, false),
    float64: (view: DataView, at: number, value: number) => view.setFloat64(at, value, false)
  }
  fc.assert(fc.property(idx, (contents) => {
    const { bytes: size } = types.find(({ name }) => name === contents.type)!
    const bytes = Idx.encode(contents)
    const header = 4 + 4 * contents.shape.length
    const judge = new Uint8Array(contents.values.length * size)
    const view = new DataView(judge.buffer)
    for (const [i, value] of contents.values.entries()) writers[contents.type](view, i * size, value)
    expect(bytes.subarray(header)).toEqual(judge)
    expect(Result.getOrThrow(decode(new Uint8Array([...bytes.subarray(0, header), ...judge])))).toEqual(contents)
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
