/**
 * TensorBoard's event files: TFRecord's framing (length, masked CRC-32C of the length, data, masked CRC-32C of the
 * data) around messages `Event` of Protocol Buffers, of which scalars need few fields
 * (tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto).
 */
import { crc32c } from "./crc32c.ts"

/** Scalars by tag at a step. */
export interface ScalarEvent {
  readonly step: number
  /** Seconds since 1970. */
  readonly wallTime: number
  readonly scalars: Readonly<Record<string, number>>
}

/** Copied out of the pool that Node.js may share a small buffer with others in. */
const joined = (parts: ReadonlyArray<Uint8Array>): Uint8Array => new Uint8Array(Buffer.concat(parts))

const written = (bytes: number, write: (view: DataView) => void): Uint8Array => {
  const view = new DataView(new ArrayBuffer(bytes))
  write(view)
  return new Uint8Array(view.buffer)
}

const littleEndian = {
  float32: (value: number) => written(4, (view) => view.setFloat32(0, value, true)),
  float64: (value: number) => written(8, (view) => view.setFloat64(0, value, true)),
  uint32: (value: number) => written(4, (view) => view.setUint32(0, value, true)),
  uint64: (value: number) => written(8, (view) => view.setBigUint64(0, BigInt(value), true))
}

/** A natural number, seven bits a byte, the lowest first. */
const varint = (value: number): Uint8Array => {
  const bytes: Array<number> = []
  let rest = value
  while (rest >= 0x80) {
    bytes.push(rest % 0x80 + 0x80)
    rest = Math.floor(rest / 0x80)
  }
  return Uint8Array.from([...bytes, rest])
}

/** How a field's value is told apart on the wire. */
const wire = { varint: 0, fixed64: 1, delimited: 2, fixed32: 5 } as const

const field = (number: number, type: keyof typeof wire, value: Uint8Array): Uint8Array =>
  joined([varint(number * 8 + wire[type]), ...(type === "delimited" ? [varint(value.length)] : []), value])

const text = (number: number, value: string) => field(number, "delimited", new TextEncoder().encode(value))

const message = (number: number, ...fields: ReadonlyArray<Uint8Array>) => field(number, "delimited", joined(fields))

/** Numbers of the fields in those messages. */
const numbers = { wallTime: 1, step: 2, fileVersion: 3, summary: 5, value: 1, tag: 1, simpleValue: 2 } as const

const event = (wallTime: number, ...fields: ReadonlyArray<Uint8Array>) =>
  joined([field(numbers.wallTime, "fixed64", littleEndian.float64(wallTime)), ...fields])

const scalarEvent = ({ scalars, step, wallTime }: ScalarEvent) =>
  event(
    wallTime,
    field(numbers.step, "varint", varint(step)),
    message(
      numbers.summary,
      ...Object.entries(scalars).map(([tag, value]) =>
        message(
          numbers.value,
          text(numbers.tag, tag),
          field(numbers.simpleValue, "fixed32", littleEndian.float32(value))
        )
      )
    )
  )

/** A checksum as TFRecord stores it, so that that of data which hold checksums is no constant. */
const masked = (bytes: Uint8Array) => {
  const crc = crc32c(bytes)
  return littleEndian.uint32((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0)
}

const record = (data: Uint8Array): Uint8Array => {
  const length = littleEndian.uint64(data.length)
  return joined([length, masked(length), data, masked(data)])
}

/** An event file: its version, then the scalars. */
export const eventFile = (began: number, events: ReadonlyArray<ScalarEvent>): Uint8Array =>
  joined([event(began, text(numbers.fileVersion, "brain.Event:2")), ...events.map(scalarEvent)].map(record))
