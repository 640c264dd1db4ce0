/** Gzip around data files, expanded to no more than their headers promise. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { totalmem } from "node:os"
import { createGunzip } from "node:zlib"
import * as Idx from "./Idx.ts"

/** No deflated byte stands for more bytes than so many. */
const mostPerByte = 1032

/** Enough of a file to know its header. */
const headerBytes = 4 + 4 * 255

const gigabytes = (bytes: number) => `${(bytes / 1e9).toPrecision(2)} GB`

/** Room for the file that a header promises, or why there is none. */
const roomFor = (head: Uint8Array, packed: number, file: string): Result.Result<Uint8Array, Idx.IdxCorrupt> =>
  Result.flatMap(Idx.headerOf(head, file), ({ total }) => {
    const refuse = (reason: string) => Result.fail(new Idx.IdxCorrupt({ file, reason }))
    if (total > mostPerByte * packed + headerBytes) {
      return refuse(`its header promises ${total} bytes, more than ${packed} bytes of gzip can hold`)
    }
    if (total > totalmem()) {
      return refuse(`its ${gigabytes(total)} do not fit into the ${gigabytes(totalmem())} of memory`)
    }
    return Result.succeed(new Uint8Array(total))
  })

const inflate = async (packed: Uint8Array, file: string): Promise<Result.Result<Uint8Array, Idx.IdxCorrupt>> => {
  const stream = createGunzip({ chunkSize: 1 << 18 })
  stream.end(packed)
  let head: Uint8Array = new Uint8Array(0)
  let whole: Uint8Array | undefined
  let at = 0
  const keep = (bytes: Uint8Array, room: Uint8Array) => {
    if (at + bytes.length > room.length) return false
    room.set(bytes, at)
    at += bytes.length
    return true
  }
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    let bytes = chunk
    if (whole === undefined) {
      head = Buffer.concat([head, chunk])
      if (head.length < headerBytes) continue
      const room = roomFor(head, packed.length, file)
      if (Result.isFailure(room)) return Result.fail(room.failure)
      whole = room.success
      bytes = head
    }
    // Leaving the loop ends the stream: nothing more is inflated.
    if (!keep(bytes, whole)) {
      const reason = `it expands to more than the ${whole.length} bytes that its header promises`
      return Result.fail(new Idx.IdxCorrupt({ file, reason }))
    }
  }
  // Fewer bytes than promised are for the decoder to tell.
  return Result.succeed(whole === undefined ? head : whole.subarray(0, at))
}

/**
 * Whether bytes begin as gzip does, whatever their file is called: browsers unpack files without renaming them.
 *
 * @internal
 */
export const isGzip = (bytes: Uint8Array) => bytes[0] === 0x1f && bytes[1] === 0x8b

/**
 * An IDX file out of its gzip, of one member or several; no more of it is expanded than its own header promises.
 *
 * Fails with IdxCorrupt where the gzip ends early or is followed by something else, and where it would expand beyond
 * its header or the memory.
 *
 * @internal
 */
export const inflated = (packed: Uint8Array, file: string): Effect.Effect<Uint8Array, Idx.IdxCorrupt> =>
  Effect.tryPromise({
    try: () => inflate(packed, file),
    catch: (cause) =>
      new Idx.IdxCorrupt({
        file,
        reason: `it cannot be decompressed (${cause instanceof Error ? cause.message : "gzip"})`
      })
  }).pipe(Effect.flatMap(Effect.fromResult))
