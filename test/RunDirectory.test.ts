import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import { RunDirectory } from "finegrain"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, it } from "vitest"

const made: Array<string> = []
afterAll(() => {
  for (const directory of made) rmSync(directory, { recursive: true, force: true })
})
const fresh = () => {
  const path = mkdtempSync(join(tmpdir(), "finegrain-run-"))
  made.push(path)
  return path
}

const inRun = <A, E>(path: string, f: (run: RunDirectory.RunDirectory) => Effect.Effect<A, E>) =>
  Effect.scoped(Effect.flatMap(RunDirectory.open(path), f)).pipe(Effect.provide(NodeServices.layer))

it("holds a manifest, one line per event, a summary and files", async () => {
  const path = join(fresh(), "new", "run")
  await Effect.runPromise(inRun(path, (run) =>
    Effect.gen(function*() {
      yield* run.writeManifest({ seed: 1 })
      for (const step of [1, 2, 3]) yield* run.appendEvent({ step, loss: step === 3 ? Number.NaN : 0.5 })
      yield* run.writeSummary({ ok: true })
      yield* run.writeBytes("weights.bin", Uint8Array.of(1, 2, 3))
    })))
  expect(readdirSync(path).toSorted()).toEqual(["events.jsonl", "manifest.json", "summary.json", "weights.bin"])
  const lines = readFileSync(join(path, "events.jsonl"), "utf8").trim().split("\n").map((line) =>
    JSON.parse(line) as unknown
  )
  // A diverged loss is not mistaken for a missing one.
  expect(lines).toEqual([{ step: 1, loss: 0.5 }, { step: 2, loss: 0.5 }, { step: 3, loss: "NaN" }])
  expect(JSON.parse(readFileSync(join(path, "manifest.json"), "utf8"))).toEqual({ seed: 1 })
})

it("refuses a directory that holds something, and leaves it alone", async () => {
  const path = fresh()
  writeFileSync(join(path, "manifest.json"), "precious")
  const error = await Effect.runPromise(Effect.flip(inRun(path, () => Effect.void)))
  expect(error.message).toMatch(/already holds a run.*--output/)
  expect(readFileSync(join(path, "manifest.json"), "utf8")).toBe("precious")
})

it("says when it cannot be written", async () => {
  const file = join(fresh(), "file")
  writeFileSync(file, "")
  const error = await Effect.runPromise(Effect.flip(inRun(join(file, "run"), () => Effect.void)))
  expect(error._tag).toBe("RunDirectoryError")
  expect(error.message).toMatch(/--output/)
})

it("says that the disk is full, and keeps what was written before", async () => {
  const path = fresh()
  const error = await Effect.runPromise(Effect.flip(inRun(path, (run) =>
    Effect.gen(function*() {
      yield* run.writeSummary({ version: 1 })
      // The next version is written aside first; there the disk is full.
      symlinkSync("/dev/full", join(path, "summary.json.part"))
      yield* run.writeSummary({ version: 2 })
    }))))
  expect(error.message).toMatch(/disk is full/)
  expect(JSON.parse(readFileSync(join(path, "summary.json"), "utf8"))).toEqual({ version: 1 })
})

it("is not confused by an empty directory that exists", async () => {
  const path = join(fresh(), "empty")
  mkdirSync(path)
  await Effect.runPromise(inRun(path, (run) => run.writeSummary({})))
  expect(readdirSync(path).toSorted()).toEqual(["events.jsonl", "summary.json"])
})
