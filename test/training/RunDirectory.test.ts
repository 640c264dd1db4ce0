import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as PlatformError from "effect/PlatformError"
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
      symlinkSync("/dev/full", join(path, `summary.json.${process.pid}.part`))
      yield* run.writeSummary({ version: 2 })
    }))))
  expect(error.message).toMatch(/disk is full/)
  expect(JSON.parse(readFileSync(join(path, "summary.json"), "utf8"))).toEqual({ version: 1 })
})

it("removes what a killed process left half written, and keeps the rest", async () => {
  const path = join(fresh(), "run")
  await Effect.runPromise(inRun(path, (run) => run.writeManifest({ seed: 1 })))
  writeFileSync(join(path, "summary.json.1.part"), "{")
  await Effect.runPromise(Effect.scoped(RunDirectory.reopen(path)).pipe(Effect.provide(NodeServices.layer)))
  expect(readdirSync(path).toSorted()).toEqual(["events.jsonl", "manifest.json"])
})

it("loses only the event whose writing failed", async () => {
  const path = join(fresh(), "run")
  let isFull = false
  /** Writes half a line, then says what Linux says of a full disk. */
  const full = FileSystem.FileSystem.use((real) =>
    Effect.succeed<FileSystem.FileSystem>({
      ...real,
      open: (file, options) =>
        Effect.map(real.open(file, options), (handle) => ({
          ...handle,
          writeAll: (bytes: Uint8Array) =>
            isFull
              ? Effect.andThen(
                handle.writeAll(bytes.subarray(0, 5)),
                Effect.fail(
                  PlatformError.systemError({
                    _tag: "Unknown",
                    module: "FileSystem",
                    method: "write",
                    description: "ENOSPC"
                  })
                )
              )
              : handle.writeAll(bytes)
        }))
    })
  )
  const program = Effect.scoped(Effect.gen(function*() {
    const run = yield* RunDirectory.open(path)
    yield* run.appendEvent({ step: 1 })
    isFull = true
    const error = yield* Effect.flip(run.appendEvent({ step: 2 }))
    isFull = false
    yield* run.appendEvent({ step: 3 })
    return error
  }))
  const error = await Effect.runPromise(
    program.pipe(Effect.provideServiceEffect(FileSystem.FileSystem, full), Effect.provide(NodeServices.layer))
  )
  expect(error.message).toMatch(/disk is full/)
  const lines = readFileSync(join(path, "events.jsonl"), "utf8").split("\n")
  expect([lines[0], lines[2]]).toEqual([`{"step":1}`, `{"step":3}`])
})

it("is not confused by an empty directory that exists", async () => {
  const path = join(fresh(), "empty")
  mkdirSync(path)
  await Effect.runPromise(inRun(path, (run) => run.writeSummary({})))
  expect(readdirSync(path).toSorted()).toEqual(["events.jsonl", "summary.json"])
})

it("that cannot be read fails alone; what cannot be written fails as all others would", async () => {
  const denied = (method: string) =>
    Effect.fail(PlatformError.systemError({ _tag: "PermissionDenied", module: "FileSystem", method }))
  const path = join(fresh(), "run")
  await Effect.runPromise(inRun(path, (run) => run.writeManifest({ seed: 1 })))
  const failing = (method: "makeDirectory" | "readFile", error: Effect.Effect<never, PlatformError.PlatformError>) => {
    const program = method === "readFile"
      ? Effect.asVoid(RunDirectory.reopen(path))
      : Effect.asVoid(RunDirectory.open(path))
    return Effect.runPromise(
      Effect.flip(Effect.scoped(program)).pipe(
        Effect.provideServiceEffect(
          FileSystem.FileSystem,
          Effect.map(FileSystem.FileSystem, (real) => FileSystem.FileSystem.of({ ...real, [method]: () => error }))
        ),
        Effect.provide(NodeServices.layer)
      )
    )
  }
  expect(await failing("readFile", denied("readFile"))).toMatchObject({
    isDisk: false,
    remedy: expect.stringContaining("readable") as string
  })
  expect(await failing("makeDirectory", denied("makeDirectory"))).toMatchObject({ isDisk: true })
  const none = PlatformError.systemError({
    _tag: "Unknown",
    module: "FileSystem",
    method: "readFile",
    description: "EROFS: read-only file system"
  })
  expect(await failing("readFile", Effect.fail(none))).toMatchObject({ isDisk: true })
})
