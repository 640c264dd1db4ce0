import * as Result from "effect/Result"
import fc from "fast-check"
import { Npy } from "finegrain"
import { expect, it } from "vitest"

/** Bytes as NumPy 2 writes them; the header is padded to 64. */
const file = (descr: string, shape: string, numbers: ArrayLike<number> & { buffer: ArrayBufferLike }, major = 1) => {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`
  const head = major === 1 ? 10 : 12
  const padded = `${text.padEnd(128 - head - 1)}\n`
  const length = major === 1 ? [padded.length, 0] : [padded.length, 0, 0, 0]
  const bytes = [0x93, ...Buffer.from("NUMPY"), major, 0, ...length, ...Buffer.from(padded)]
  return Uint8Array.from([...bytes, ...new Uint8Array(numbers.buffer)])
}
const read = (bytes: Uint8Array) => Result.getOrThrow(Npy.decode(bytes))
const reason = (bytes: Uint8Array) => Result.getOrThrow(Result.flip(Npy.decode(bytes)))

it("what is encoded is decoded as it was, wherever it begins in memory", () => {
  const arrays = fc.oneof(
    fc.uint8Array().map((values) => ({ shape: [values.length], values })),
    fc.int32Array().map((values) => ({ shape: [1, values.length], values })),
    fc.float32Array({ noNaN: true }).map((values) => ({ shape: [values.length, 1, 1], values }))
  )
  fc.assert(fc.property(arrays, (array) => {
    const bytes = Npy.encode(array)
    expect((bytes.length - array.values.byteLength) % 64).toBe(0)
    expect(read(bytes)).toEqual(array)
    const shifted = new Uint8Array(bytes.length + 1)
    shifted.set(bytes, 1)
    expect(read(shifted.subarray(1))).toEqual(array)
  }))
})

it.each<readonly [string, Uint8Array, Npy.NumberArray]>([
  ["float64", file("<f8", "(2,)", Float64Array.of(0.5, 3)), { shape: [2], values: Float32Array.of(0.5, 3) }],
  ["int64", file("<i8", "(1, 2)", new BigInt64Array([5n, -7n]) as never), {
    shape: [1, 2],
    values: Int32Array.of(5, -7)
  }],
  ["uint16", file("<u2", "(1,)", Uint16Array.of(65535)), { shape: [1], values: Int32Array.of(65535) }],
  ["booleans", file("|b1", "(2,)", Uint8Array.of(1, 0)), { shape: [2], values: Uint8Array.of(1, 0) }],
  ["the other order of bytes", file(">i4", "(1,)", Int32Array.of(0x01000000)), {
    shape: [1],
    values: Int32Array.of(1)
  }],
  ["a scalar, in version 2", file("<f4", "()", Float32Array.of(2), 2), { shape: [], values: Float32Array.of(2) }]
])("reads %s", (_, bytes, array) => {
  expect(read(bytes)).toEqual(array)
})

it("tells what it cannot read", () => {
  expect(reason(Uint8Array.of(1, 2, 3))).toBe("it is no .npy file")
  expect(reason(file("<f4", "(3,)", Float32Array.of(1)))).toBe("it has 4 bytes of numbers, not 12")
  expect(reason(file("<c8", "(1,)", Float32Array.of(1, 2)))).toContain("its numbers are of type c8, not b1, u1")
  expect(reason(file("<i8", "(1,)", new BigInt64Array([2n ** 40n]) as never))).toContain("needs more than 32 bits")
  const turned = Buffer.from(file("<f4", "(1,)", Float32Array.of(1))).toString("latin1").replace("False", "True ")
  expect(reason(Buffer.from(turned, "latin1"))).toContain("np.ascontiguousarray")
})
