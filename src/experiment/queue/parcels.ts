/** Files of a trial's directory on their way between machines: compressed, in chunks, held to their checksums. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { createHash, randomUUID } from "node:crypto"
import { type FileHandle, mkdir, open, readdir, rm, stat } from "node:fs/promises"
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
  chunks: Schema.Int,
  /** What was sent of it before, from its beginning on, where it has only grown since. */
  before: Schema.optionalKey(Schema.Array(Schema.Struct({ upload: Schema.String, chunks: Schema.Int })))
})

/** A file that was sent. */
export type Parcel = typeof Parcel.Type

/** Bytes of a chunk, at most, and of all files of a trial once they are compressed. */
const [chunkBytes, mostBytes] = [4 * 2 ** 20, 4 * 2 ** 30]

/** Pieces of which a file that grows may consist; then it is sent as a whole again. */
const mostPieces = 64

/**
 * The uploads of which files consist.
 *
 * @internal
 */
export const uploadsOf = (parcels: ReadonlyArray<Parcel>): ReadonlyArray<string> =>
  parcels.flatMap(({ before = [], upload }) => [...before.map((piece) => piece.upload), upload])

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

/** An open file, whatever takes its name in the meantime; undefined where it is gone. */
const opened = (file: string) =>
  Effect.acquireRelease(
    Effect.tryPromise({
      try: () =>
        open(file).catch((error: NodeJS.ErrnoException) => error.code === "ENOENT" ? undefined : rethrow(error)),
      catch: disk
    }),
    (handle) => Effect.promise(async () => handle?.close())
  )

const rethrow = (error: Error): never => {
  throw error
}

/** The digest of what a file was when it was sent, if it has only grown since. */
const grownFrom = (file: FileHandle, { before = [], bytes, name, sha256 }: Parcel) =>
  Effect.tryPromise({
    try: async () => {
      // A checkpoint is another one each time.
      if (bytes === 0 || name === "checkpoint.bin" || before.length + 1 >= mostPieces) return undefined
      const digest = createHash("sha256")
      let read = 0
      const source = file.createReadStream({ start: 0, end: bytes - 1, autoClose: false })
      for await (const part of source as AsyncIterable<Buffer>) {
        digest.update(part)
        read += part.length
      }
      return read === bytes && digest.copy().digest("hex") === sha256 ? digest : undefined
    },
    catch: disk
  })

/** Sends a file, or of one that has grown since it was sent what is new; undefined where it is gone. */
const send = Effect.fnUntraced(function*(
  chunks: Chunks,
  owner: Owner,
  directory: string,
  name: string,
  room: number,
  earlier: Parcel | undefined
) {
  const file = yield* opened(join(directory, name))
  if (file === undefined) return undefined
  const grown = earlier === undefined ? undefined : yield* grownFrom(file, earlier)
  const start = grown === undefined ? 0 : earlier!.bytes
  if (grown !== undefined && (yield* Effect.tryPromise({ try: () => file.stat(), catch: disk })).size === start) {
    return earlier
  }
  const upload = randomUUID()
  const digest = grown ?? createHash("sha256")
  let [bytes, number, sent] = [start, 0, 0]
  const source = file.createReadStream({ start, autoClose: false })
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
  const parcel: Parcel = { name, bytes, sha256: digest.digest("hex"), upload, chunks: number }
  if (grown === undefined) return parcel
  const { before = [] } = earlier!
  return { ...parcel, before: [...before, { upload: earlier!.upload, chunks: earlier!.chunks }] }
}, Effect.scoped)

/**
 * Sends what a run can go on from, or everything; of files that have grown since they were sent only what is new, and
 * nothing of those that are gone, as a checkpoint is while the next one takes its place.
 *
 * @internal
 */
export const pack = Effect.fnUntraced(function*(
  chunks: Chunks,
  owner: Owner,
  directory: string,
  which: "to go on" | "everything",
  earlier: ReadonlyArray<Parcel> = []
) {
  const there = yield* namesIn(directory)
  // The checkpoint before the log: what it knows of the log is there by then.
  const others = there.filter((name) => !toGoOn.includes(name))
  const names = [...toGoOn.filter((name) => there.includes(name)), ...(which === "everything" ? others : [])]
  const parcels: Array<Parcel> = []
  let room = mostBytes
  for (const name of names) {
    const parcel: Parcel | undefined = yield* send(
      chunks,
      owner,
      directory,
      name,
      room,
      earlier.find((one) => one.name === name)
    )
    if (parcel === undefined) continue
    for (const { chunks } of [...parcel.before ?? [], parcel]) room -= chunks * chunkBytes
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
    // Pieces are compressed one by one: as one text they unpack to the whole.
    for (const piece of [...parcel.before ?? [], parcel]) {
      for (let number = 0; number < piece.chunks; number++) {
        const chunk = yield* chunks.read(owner, piece.upload, number)
        if (chunk === undefined) return yield* lost("has lost a part")
        if (!unpacked.write(chunk)) {
          yield* Effect.callback<void>((resume) => void unpacked.once("drain", () => resume(Effect.void)))
        }
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
 * Removes a directory of files that were received, or are to be.
 *
 * @internal
 */
export const removed = (directory: string) =>
  Effect.tryPromise({ try: () => rm(directory, { recursive: true, force: true }), catch: disk })

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
