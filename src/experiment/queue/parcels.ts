/** Files of a trial's directory on their way between machines: compressed, in chunks, held to their checksums. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { createHash, randomUUID } from "node:crypto"
import { createReadStream } from "node:fs"
import { mkdir, open, readdir, stat } from "node:fs/promises"
import { join } from "node:path"
import { createGunzip, createGzip } from "node:zlib"
import type { Chunks, Owner } from "./chunks.ts"
import { DatabaseError } from "./database.ts"

/** A file that was sent. */
export const Parcel = Schema.Struct({
  name: Schema.String,
  bytes: Schema.Int,
  sha256: Schema.String,
  upload: Schema.String,
  chunks: Schema.Int
})

/** A file that was sent. */
export type Parcel = typeof Parcel.Type

/** Bytes of a chunk, at most, and of all files of a trial once they are compressed. */
const [chunkBytes, mostBytes] = [4 * 2 ** 20, 4 * 2 ** 30]

const failed = (reason: string, remedy: string) => new DatabaseError({ reason, remedy })

const disk = (error: unknown) =>
  new DatabaseError({ reason: (error as Error).message, remedy: "Make room, or name another --scratch.", isDisk: true })

/** What stays where it is: locks, what is being written, what is drawn anew. */
const isOwn = (name: string) =>
  /^[\w.-]+$/.test(name) && !/^run\.lock|\.part$|\.new$|^report\.html$|\.previous\./.test(name)

/** What a run goes on from: the log after the checkpoint, which knows how much of it belongs to it. */
const toGoOn = ["manifest.json", "checkpoint.bin", "events.jsonl"]

const namesIn = (directory: string) =>
  Effect.promise(() => readdir(directory, { withFileTypes: true }).catch(() => [])).pipe(
    Effect.map((entries) => entries.filter((entry) => entry.isFile() && isOwn(entry.name)).map(({ name }) => name))
  )

/** Sends a file; undefined where it is gone. */
const send = Effect.fnUntraced(function*(chunks: Chunks, owner: Owner, directory: string, name: string, room: number) {
  const upload = randomUUID()
  const digest = createHash("sha256")
  let [bytes, number, sent] = [0, 0, 0]
  const source = createReadStream(join(directory, name))
  const packed = source.on("data", (part: Buffer | string) => {
    digest.update(part)
    bytes += part.length
  }).pipe(createGzip({ level: 1 }))
  source.once("error", (error) => packed.destroy(error))
  const pieces = packed[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  const next = Effect.tryPromise({
    try: () => pieces.next(),
    catch: disk
  })
  let held: Array<Buffer> = []
  let size = 0
  const flush = Effect.suspend(() => {
    const all = Buffer.concat(held)
    ;[held, size] = [[], 0]
    sent += all.length
    return chunks.write(owner, upload, number++, all)
  })
  for (let piece = yield* next; piece.done !== true; piece = yield* next) {
    held.push(piece.value)
    size += piece.value.length
    if (sent + size > room) {
      packed.destroy()
      return yield* failed(
        `${name} is more than the ${mostBytes / 2 ** 30} GiB that a trial may have`,
        "Checkpoint a smaller model, or use a shared file system with the launcher local."
      )
    }
    if (size >= chunkBytes) yield* flush
  }
  if (size > 0) yield* flush
  return { name, bytes, sha256: digest.digest("hex"), upload, chunks: number } satisfies Parcel
})

/**
 * Sends what a run can go on from, or everything.
 *
 * @internal
 */
export const pack = Effect.fnUntraced(function*(
  chunks: Chunks,
  owner: Owner,
  directory: string,
  which: "to go on" | "everything"
) {
  const there = yield* namesIn(directory)
  // The checkpoint before the log: what it knows of the log is there by then.
  const others = there.filter((name) => !toGoOn.includes(name))
  const names = [...toGoOn.filter((name) => there.includes(name)), ...(which === "everything" ? others : [])]
  const parcels: Array<Parcel> = []
  let room = mostBytes
  for (const name of names) {
    const parcel = yield* send(chunks, owner, directory, name, room)
    room -= parcel.chunks * chunkBytes
    parcels.push(parcel)
  }
  return parcels
})

/** Receives a file, which is as it was sent, or not there. */
const receive = Effect.fnUntraced(function*(chunks: Chunks, owner: Owner, directory: string, parcel: Parcel) {
  const lost = (what: string) =>
    failed(`${parcel.name} of ${owner.trial} ${what}`, "Offer the trial anew: finegrain queue retry.")
  if (!isOwn(parcel.name)) return yield* lost("is no file of a run")
  const unpacked = createGunzip()
  const digest = createHash("sha256")
  let bytes = 0
  const writing = Effect.tryPromise({
    try: async () => {
      const file = await open(join(directory, parcel.name), "w")
      try {
        for await (const part of unpacked as AsyncIterable<Buffer>) {
          bytes += part.length
          // A few bytes can unpack to any number.
          if (bytes > parcel.bytes) throw new Error("it is longer than it was")
          digest.update(part)
          await file.writeFile(part)
        }
        await file.sync()
      } finally {
        await file.close()
      }
    },
    catch: (error) =>
      typeof (error as NodeJS.ErrnoException).syscall === "string" ? disk(error) : lost(`is damaged (${String(error)})`)
  })
  const reading = Effect.gen(function*() {
    for (let number = 0; number < parcel.chunks; number++) {
      const chunk = yield* chunks.read(owner, parcel.upload, number)
      if (chunk === undefined) return yield* lost("has lost a part")
      if (!unpacked.write(chunk)) {
        yield* Effect.callback<void>((resume) => void unpacked.once("drain", () => resume(Effect.void)))
      }
    }
    unpacked.end()
  })
  yield* Effect.all([writing, Effect.tapError(reading, (error) => Effect.sync(() => unpacked.destroy(error)))], {
    concurrency: 2
  })
  if (bytes !== parcel.bytes || digest.digest("hex") !== parcel.sha256) return yield* lost("is not what was sent")
})

/**
 * Receives files into a directory, which is made.
 *
 * @internal
 */
export const unpack = Effect.fnUntraced(function*(
  chunks: Chunks,
  owner: Owner,
  directory: string,
  parcels: ReadonlyArray<Parcel>
) {
  yield* Effect.tryPromise({
    try: () => mkdir(directory, { recursive: true }),
    catch: disk
  })
  yield* Effect.forEach(parcels, (parcel) => receive(chunks, owner, directory, parcel), { discard: true })
})

/**
 * By which a newer checkpoint is told from an older one; undefined where there is none.
 *
 * @internal
 */
export const stampOf = (directory: string) =>
  Effect.promise(() =>
    stat(join(directory, "checkpoint.bin")).then(
      ({ ino, mtimeMs, size }) => `${ino} ${mtimeMs} ${size}`,
      () => undefined
    )
  )
