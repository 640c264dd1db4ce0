/** NumPy's format of arrays, `.npy`: its bytes as values, and values as its bytes. */
import * as Result from "effect/Result"
import * as Shape from "../numerics/Shape.ts"

/** Numbers with the shape in which they stand, row by row. */
export interface NumberArray {
  readonly shape: ReadonlyArray<number>
  /** Bytes, whole numbers, or floats. */
  readonly values: Uint8Array | Int32Array | Float32Array
}

const magic = [0x93, ..."NUMPY"].map((part) => typeof part === "number" ? part : part.codePointAt(0)!)

/** Whole numbers as int32, where they are such. */
const whole = (values: ArrayLike<number | bigint>): Int32Array | string => {
  const result = new Int32Array(values.length)
  for (let i = 0; i < values.length; i++) {
    result[i] = Number(values[i])
    if (BigInt(result[i]!) !== BigInt(values[i]!)) return `number ${i}, ${values[i]}, needs more than 32 bits`
  }
  return result
}

/** Types of elements, by NumPy's name without the order of bytes: how many bytes, and what is made of them. */
const types: Readonly<
  Record<string, readonly [bytes: number, read: (buffer: ArrayBufferLike) => NumberArray["values"] | string]>
> = {
  b1: [1, (buffer) => new Uint8Array(buffer)],
  u1: [1, (buffer) => new Uint8Array(buffer)],
  i1: [1, (buffer) => Int32Array.from(new Int8Array(buffer))],
  u2: [2, (buffer) => Int32Array.from(new Uint16Array(buffer))],
  i2: [2, (buffer) => Int32Array.from(new Int16Array(buffer))],
  u4: [4, (buffer) => whole(new Uint32Array(buffer))],
  i4: [4, (buffer) => new Int32Array(buffer)],
  u8: [8, (buffer) => whole(new BigUint64Array(buffer))],
  i8: [8, (buffer) => whole(new BigInt64Array(buffer))],
  f4: [4, (buffer) => new Float32Array(buffer)],
  f8: [8, (buffer) => Float32Array.from(new Float64Array(buffer))]
}

interface Header {
  readonly type: string
  readonly isSwapped: boolean
  readonly shape: ReadonlyArray<number>
  readonly at: number
}

const header = (bytes: Uint8Array): Result.Result<Header, string> => {
  if (bytes.length < 12 || magic.some((byte, i) => bytes[i] !== byte)) return Result.fail("it is no .npy file")
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const from = bytes[6] === 1 ? 10 : 12
  const length = bytes[6] === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  const text = new TextDecoder("latin1").decode(bytes.subarray(from, from + length))
  const [, order, type] = /'descr':\s*'([<>|=])(\w+)'/.exec(text) ?? []
  const [, fortran] = /'fortran_order':\s*(True|False)/.exec(text) ?? []
  const [, shape] = /'shape':\s*\(([\d,\s]*)\)/.exec(text) ?? []
  if (type === undefined || fortran === undefined || shape === undefined) {
    return Result.fail("its header names no type of numbers, order and shape")
  }
  if (fortran === "True") return Result.fail("it stands column by column: save np.ascontiguousarray of it")
  const lengths = shape.split(",").map((part) => part.trim()).filter((part) => part !== "").map(Number)
  return Result.succeed({ type, isSwapped: order === ">", shape: lengths, at: from + length })
}

const swapped = (bytes: Uint8Array, size: number): Uint8Array => {
  for (let i = 0; i < bytes.length; i += size) bytes.subarray(i, i + size).reverse()
  return bytes
}

/**
 * The array in the bytes of a `.npy` file; floats of 64 bits are rounded to 32, whole numbers must fit into 32.
 *
 * Fails with a reason for what is no such file, ends early, stands column by column, or is of another type.
 *
 * Source: NumPy Enhancement Proposal 1, *A simple file format for NumPy arrays*.
 *
 * @example
 * ```ts
 * import * as Result from "effect/Result"
 * import { Npy } from "finegrain"
 * const bytes = Npy.encode({ shape: [2, 1], values: Float32Array.of(0.5, 2) })
 * [...Result.getOrThrow(Npy.decode(bytes)).values] // => [0.5, 2]
 * Result.getOrThrow(Result.flip(Npy.decode(bytes.subarray(0, 130)))) // => "it has 2 bytes of numbers, not 8"
 * ```
 */
export const decode = (bytes: Uint8Array): Result.Result<NumberArray, string> =>
  Result.flatMap(header(bytes), ({ at, isSwapped, shape, type }) => {
    const [size, read] = types[type] ??
      [0, () => `its numbers are of type ${type}, not ${Object.keys(types).join(", ")}`]
    const expected = Shape.size(shape) * size
    const found = bytes.length - at
    if (size > 0 && found !== expected) return Result.fail(`it has ${found} bytes of numbers, not ${expected}`)
    // A copy, because numbers may begin anywhere in the file.
    const own = Uint8Array.from(bytes.subarray(at))
    const values = read((isSwapped ? swapped(own, size) : own).buffer)
    return typeof values === "string" ? Result.fail(values) : Result.succeed({ shape, values })
  })

const typeOf = (values: NumberArray["values"]) =>
  values instanceof Uint8Array ? "|u1" : values instanceof Int32Array ? "<i4" : "<f4"

/**
 * An array as the bytes of a `.npy` file.
 *
 * @example
 * ```ts
 * import { Npy } from "finegrain"
 * Npy.encode({ shape: [3], values: Uint8Array.of(1, 2, 3) }).length // => 131
 * ```
 */
export const encode = ({ shape, values }: NumberArray): Uint8Array => {
  const lengths = shape.length === 1 ? `${shape[0]},` : shape.join(", ")
  const text = `{'descr': '${typeOf(values)}', 'fortran_order': False, 'shape': (${lengths}), }`
  const padded = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`
  const bytes = new Uint8Array(10 + padded.length + values.byteLength)
  bytes.set([...magic, 1, 0, padded.length & 255, padded.length >> 8])
  bytes.set(new TextEncoder().encode(padded), 10)
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 10 + padded.length)
  return bytes
}
