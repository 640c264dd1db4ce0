/** The IDX format, that of MNIST: its bytes as values, and values as its bytes. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { endianness } from "node:os"
import { counted } from "../choices/counted.ts"
import * as Shape from "../numerics/Shape.ts"

/**
 * The element types of the IDX format, by their code (LeCun et al., *The MNIST Database*).
 *
 * @example
 * ```ts
 * import { Idx } from "finegrain"
 * Idx.elementTypes[0x0d].name // => "float32"
 * ```
 */
export const elementTypes = {
  0x08: { name: "uint8", bytes: 1, array: Uint8Array },
  0x09: { name: "int8", bytes: 1, array: Int8Array },
  0x0b: { name: "int16", bytes: 2, array: Int16Array },
  0x0c: { name: "int32", bytes: 4, array: Int32Array },
  0x0d: { name: "float32", bytes: 4, array: Float32Array },
  0x0e: { name: "float64", bytes: 8, array: Float64Array }
} as const

/** Code of an element type. */
export type ElementCode = keyof typeof elementTypes

/** The contents of an IDX file. */
export interface Idx {
  readonly type: (typeof elementTypes)[ElementCode]["name"]
  readonly shape: ReadonlyArray<number>
  readonly values: Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array
}

/** A file that is no valid IDX file, with the reason. */
export class IdxCorrupt extends Schema.TaggedError<IdxCorrupt>()("IdxCorrupt", {
  file: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.file} is corrupt: ${this.reason}. Fetch it again.`
  }
}

const isElementCode = (code: number): code is ElementCode => code in elementTypes

/** What the beginning of an IDX file says of the rest. */
interface Header {
  readonly code: ElementCode
  readonly shape: ReadonlyArray<number>
  /** Bytes before the values. */
  readonly length: number
  /** Bytes of the whole file. */
  readonly total: number
}

const shown = (shape: ReadonlyArray<number>) =>
  `[${shape.slice(0, 8).join(", ")}${shape.length > 8 ? `, … of ${shape.length} lengths` : ""}]`

/** What a file that is no IDX file may be instead. */
const guess = (bytes: Uint8Array): string =>
  bytes[0] === 0x3c
    ? " (it looks like a web page)"
    : bytes[0] === 0x50 && bytes[1] === 0x4b
    ? " (it is a zip archive: unpack it)"
    : bytes[0] === 0x1f && bytes[1] === 0x8b
    ? " (it is gzip within gzip)"
    : ""

/**
 * The header of an IDX file from its first bytes: at most 1,024 are needed.
 *
 * @internal
 */
export const headerOf = (bytes: Uint8Array, file: string): Result.Result<Header, IdxCorrupt> => {
  const corrupt = (reason: string) => Result.fail(new IdxCorrupt({ file, reason }))
  if (bytes.length < 4) return corrupt(`it has ${counted(bytes.length, "byte")}, fewer than the 4 of the magic number`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const code = bytes[2]!
  const rank = bytes[3]!
  if (bytes[0] !== 0 || bytes[1] !== 0 || !isElementCode(code)) {
    const magic = view.getUint32(0).toString(16).padStart(8, "0")
    return corrupt(`its magic number 0x${magic} is not that of an IDX file${guess(bytes)}`)
  }
  const length = 4 + 4 * rank
  if (bytes.length < length) return corrupt(`it ends inside the header, after ${bytes.length} of ${length} bytes`)
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i))
  const count = shape.includes(0) ? 0 : Shape.size(shape)
  return Result.succeed({ code, shape, length, total: length + count * elementTypes[code].bytes })
}

/**
 * Decodes an IDX file: two zero bytes, element type, rank, big-endian dimensions, big-endian values.
 *
 * Fails with IdxCorrupt for another magic number, and for a byte more or less than the header says.
 *
 * Source: LeCun, Cortes and Burges, *The MNIST database*.
 *
 * @example
 * ```ts
 * import * as Result from "effect/Result"
 * import { Idx } from "finegrain"
 * const bytes = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 40, 50)
 * Result.getOrThrow(Idx.decode(bytes, "labels")).shape // => [2]
 * Result.isFailure(Idx.decode(bytes.subarray(0, 9), "labels")) // => true
 * ```
 */
export const decode = (bytes: Uint8Array, file: string): Result.Result<Idx, IdxCorrupt> =>
  Result.flatMap(headerOf(bytes, file), ({ code, length, shape, total }) => {
    const element = elementTypes[code]
    if (bytes.length !== total) {
      const reason = `shape ${shown(shape)} of ${element.name} needs ${total} bytes, but it has ${bytes.length}`
      return Result.fail(new IdxCorrupt({ file, reason }))
    }
    // Copied: the result keeps neither the file's buffer nor its alignment. (The slice of a Buffer would be a view.)
    const body = new Uint8Array(bytes.subarray(length))
    swapToNative(body, element.bytes)
    return Result.succeed({ type: element.name, shape, values: new element.array(body.buffer as ArrayBuffer) })
  })

/** Big-endian elements to those of this machine, or back. */
const swapToNative = (body: Uint8Array, size: number) => {
  if (endianness() === "BE") return
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  if (size === 2) buffer.swap16()
  if (size === 4) buffer.swap32()
  if (size === 8) buffer.swap64()
}

/**
 * Encodes values as an IDX file; the inverse of `decode`.
 *
 * @example
 * ```ts
 * import * as Result from "effect/Result"
 * import { Idx } from "finegrain"
 * const idx = { type: "int16", shape: [2], values: Int16Array.of(-1, 300) } as const
 * Result.getOrThrow(Idx.decode(Idx.encode(idx), "numbers")).values // => Int16Array.of(-1, 300)
 * ```
 */
export const encode = ({ shape, type, values }: Idx): Uint8Array => {
  const [code, element] = Object.entries(elementTypes).find(([, { name }]) => name === type)!
  const header = 4 + 4 * shape.length
  const bytes = new Uint8Array(header + values.length * element.bytes)
  const view = new DataView(bytes.buffer)
  bytes[2] = Number(code)
  bytes[3] = shape.length
  for (const [i, length] of shape.entries()) view.setUint32(4 + 4 * i, length)
  const body = new Uint8Array(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
  swapToNative(body, element.bytes)
  bytes.set(body, header)
  return bytes
}
