import * as Effect from "effect/Effect"
import { randomBytes } from "node:crypto"
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it, onTestFinished } from "vitest"
import type { Chunks } from "../../src/experiment/queue/chunks.ts"
import * as parcels from "../../src/experiment/queue/parcels.ts"

const owner = { grid: "grid", trial: "trial", attempt: 1 }

/** Chunks of this process, and a directory to send from. */
const make = (written: (held: number) => unknown = () => undefined) => {
  const scratch = mkdtempSync(join(tmpdir(), "finegrain-parcels-"))
  onTestFinished(() => rmSync(scratch, { recursive: true, force: true }))
  const held = new Map<string, Uint8Array>()
  const store: Chunks = {
    write: (_, upload, number, bytes) => Effect.sync(() => void written(held.set(`${upload} ${number}`, bytes).size)),
    read: (_, upload, number) => Effect.sync(() => held.get(`${upload} ${number}`)),
    keep: (_, uploads) =>
      Effect.sync(() => {
        for (const key of held.keys()) if (!uploads.includes(key.split(" ")[0]!)) held.delete(key)
      })
  }
  let sent: ReadonlyArray<parcels.Parcel> = []
  const bytes = () => [...held.values()].reduce((sum, { length }) => sum + length, 0)
  return {
    directory: scratch,
    files: () => sent.map(({ name }) => name),
    log: join(scratch, "events.jsonl"),
    /** Sends what there is, and tells how many bytes that took. */
    send: async () => {
      const before = bytes()
      sent = await Effect.runPromise(parcels.pack(store, owner, scratch, "to go on", sent))
      const took = bytes() - before
      await Effect.runPromise(store.keep(owner, parcels.uploadsOf(sent)))
      return took
    },
    arrived: async () => {
      await Effect.runPromise(parcels.unpack(store, owner, join(scratch, "there"), sent))
      return readFileSync(join(scratch, "there", "events.jsonl"))
    },
    pieces: () => parcels.uploadsOf(sent).length
  }
}

/** Lines that no compression makes shorter. */
const lines = (count: number) => randomBytes(count)

it("of a log that grows, only what is new is sent, and it arrives whole", async () => {
  const { arrived, log, pieces, send } = make()
  writeFileSync(log, lines(100_000))
  expect(await send()).toBeGreaterThan(100_000)
  expect(await send()).toBe(0)
  for (let i = 0; i < 3; i++) {
    appendFileSync(log, lines(1000))
    // A header and a checksum of gzip come with it.
    expect(await send()).toBeLessThan(1100)
  }
  expect(pieces()).toBe(4)
  expect(await arrived()).toEqual(readFileSync(log))
})

it("a log that was cut and written anew is sent as a whole", async () => {
  const { arrived, log, pieces, send } = make()
  for (const content of [lines(5000), lines(5000), lines(6000), lines(100)]) {
    writeFileSync(log, content)
    await send()
    expect([pieces(), await arrived()]).toEqual([1, content])
  }
})

it("a checkpoint whose successor takes its place just now is left out", async () => {
  const { directory, files, send } = make((held) => held === 1 && rmSync(join(directory, "checkpoint.bin")))
  for (const name of ["manifest.json", "checkpoint.bin", "events.jsonl"]) writeFileSync(join(directory, name), "{}")
  await send()
  expect(files()).toEqual(["manifest.json", "events.jsonl"])
})

it("a log consists of a bounded number of pieces", async () => {
  const { arrived, log, pieces, send } = make()
  writeFileSync(log, "")
  let most = 0
  for (let i = 0; i < 150; i++) {
    appendFileSync(log, `line ${i}\n`)
    await send()
    most = Math.max(most, pieces())
  }
  expect(most).toBe(64)
  expect(await arrived()).toEqual(readFileSync(log))
})
