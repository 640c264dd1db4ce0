import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it, onTestFinished } from "vitest"
import { isBeside } from "../../src/experiment/directory/files.ts"
import { arrive } from "../../src/experiment/queue/arrival.ts"
import type { Chunks } from "../../src/experiment/queue/chunks.ts"
import * as parcels from "../../src/experiment/queue/parcels.ts"

const scratchOf = () => {
  const scratch = mkdtempSync(join(tmpdir(), "finegrain-arrival-"))
  onTestFinished(() => rmSync(scratch, { recursive: true, force: true }))
  return scratch
}

/** A worker's files of an attempt, and how often anything of them was fetched. */
const sending = async (scratch: string, attempt: number) => {
  const held = new Map<string, Uint8Array>()
  let fetched = 0
  const store: Chunks = {
    write: (_, upload, number, bytes) => Effect.sync(() => void held.set(`${upload} ${number}`, bytes)),
    read: (_, upload, number) => Effect.sync(() => (fetched++, held.get(`${upload} ${number}`))),
    keep: () => Effect.void
  }
  const there = join(scratch, "worker", String(attempt))
  mkdirSync(there, { recursive: true })
  for (const name of ["manifest.json", "summary.json"]) writeFileSync(join(there, name), `{"attempt":${attempt}}`)
  const owner = { grid: "grid", trial: "Euc/mlp/seed-1", attempt }
  const files = await Effect.runPromise(parcels.pack(store, owner, there, "everything"))
  const row = { id: owner.trial, attempt, worker: "host/1/abc", files }
  return {
    fetched: () => fetched,
    arrive: (directory: string) =>
      Effect.runPromise(
        Effect.provide(Effect.result(arrive(store, row, "grid", directory)), NodeServices.layer)
      )
  }
}

it("what has come before is not fetched again, nor what was laid beside it taken away", async () => {
  const scratch = scratchOf()
  const directory = join(scratch, "trials", "Euc", "mlp", "seed-1")
  const first = await sending(scratch, 1)
  await first.arrive(directory)
  expect(readdirSync(directory)).toEqual(["attempt.json", "manifest.json", "summary.json"])
  const before = first.fetched()
  mkdirSync(join(directory, "export"))
  writeFileSync(join(directory, "notes.md"), "worth a look")
  await first.arrive(directory)
  expect([first.fetched(), existsSync(join(directory, "export"))]).toEqual([before, true])
  expect(readFileSync(join(directory, "notes.md"), "utf8")).toBe("worth a look")
  // Without its summary the table would not know it.
  rmSync(join(directory, "summary.json"))
  await first.arrive(directory)
  expect([first.fetched() > before, existsSync(join(directory, "summary.json"))]).toEqual([true, true])
})

it("another attempt takes the place of what was there, which is put aside, whole", async () => {
  const scratch = scratchOf()
  const cell = join(scratch, "trials", "Euc", "mlp")
  const directory = join(cell, "seed-1")
  await (await sending(scratch, 1)).arrive(directory)
  writeFileSync(join(directory, "notes.md"), "worth a look")
  await (await sending(scratch, 2)).arrive(directory)
  expect(readFileSync(join(directory, "attempt.json"), "utf8")).toContain("\"attempt\":2")
  expect(readdirSync(cell)).toEqual(["seed-1", "seed-1.replaced.1"])
  expect(readFileSync(join(cell, "seed-1.replaced.1", "notes.md"), "utf8")).toBe("worth a look")
  expect(["seed-1", "seed-1.replaced.1", "seed-1.diverged.2", "seed-1.arriving"].map(isBeside))
    .toEqual([false, true, true, true])
})

it("a directory that takes nothing is an error of the disk", async () => {
  const scratch = scratchOf()
  writeFileSync(join(scratch, "trials"), "")
  const result = await (await sending(scratch, 1)).arrive(join(scratch, "trials", "Euc", "mlp", "seed-1"))
  expect(result).toMatchObject({ _tag: "Failure", failure: { _tag: "DatabaseError", isDisk: true } })
})
