import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as PlatformError from "effect/PlatformError"
import { Experiment } from "finegrain"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join, relative } from "node:path"
import { afterAll, expect, it } from "vitest"
import * as ExperimentDirectory from "../../src/experiment/ExperimentDirectory.ts"
import * as Ledger from "../../src/experiment/Ledger.ts"

const made: Array<string> = []
afterAll(() => {
  for (const directory of made) rmSync(directory, { recursive: true, force: true })
})

const experiment: Experiment.Experiment = {
  name: "ledger",
  about: "",
  base: { model: "mlp" },
  rows: [{ name: "A", settings: {} }, { name: "B", settings: { collection: "Euc" } }],
  seeds: [1, 2, 3]
}

/** A directory that holds nothing but the experiment. */
const fresh = async () => {
  const directory = mkdtempSync(join(tmpdir(), "finegrain-ledger-"))
  made.push(directory)
  const opened = Effect.scoped(ExperimentDirectory.open(directory, { experiment, smoke: false }, false))
  await Effect.runPromise(opened.pipe(Effect.provide(NodeServices.layer)))
  return directory
}

/** What a trial would have left. */
const leave = (directory: string, id: string, status: string) => {
  const own = join(directory, "trials", id)
  mkdirSync(own, { recursive: true })
  writeFileSync(join(own, "manifest.json"), JSON.stringify({ backend: { name: "cpu" } }))
  writeFileSync(join(own, "summary.json"), JSON.stringify({ status, testAccuracy: 0.75 }))
}

const statuses = (directory: string) =>
  (JSON.parse(readFileSync(join(directory, "results.json"), "utf8")) as {
    readonly cells: ReadonlyArray<{ readonly finals: ReadonlyArray<{ readonly status: string }> }>
  }).cells.flatMap(({ finals }) => finals.map(({ status }) => status))

const ids = Effect.runSync(Experiment.plan(experiment)).flatMap(({ finals }) => finals(undefined)).map(({ id }) => id)

const failures = (directory: string) =>
  JSON.parse(readFileSync(join(directory, "failures.json"), "utf8")) as ExperimentDirectory.Failures

const run = <A, E>(effect: Effect.Effect<A, E, FileSystem.FileSystem | NodeServices.NodeServices>) =>
  Effect.runPromise(effect.pipe(Effect.provide(NodeServices.layer)))

it("forgets on disk how a trial failed before it is begun again, and tells failures in words", async () => {
  const directory = await fresh()
  const all = {
    [ids[0]!]: { error: "Diverged", reason: "" },
    [ids[1]!]: { error: "Crashed", reason: "" },
    [ids[2]!]: { error: "PlanError", reason: "" },
    [ids[3]!]: { error: "RunDirectoryError", reason: "", isDisk: true },
    [ids[4]!]: { error: "RunDirectoryError", reason: "" },
    [ids[5]!]: { error: "DatasetMissing", reason: "" }
  }
  writeFileSync(join(directory, "failures.json"), JSON.stringify(all))
  await run(Effect.gen(function*() {
    const ledger = yield* Ledger.make(directory)
    yield* ledger.write
    expect(statuses(directory)).toEqual([
      "diverged",
      "crashed",
      "failed (plan)",
      "failed (disk)",
      "failed (run directory)",
      "failed (dataset missing)"
    ])
    for (const id of ids.slice(0, 5)) yield* ledger.begun(id)
    expect(failures(directory)).toEqual({ [ids[5]!]: all[ids[5]!] })
    expect(yield* ledger.failure(ids[0]!)).toBeUndefined()
    leave(directory, ids[0]!, "interrupted")
    leave(directory, ids[1]!, "completed")
    yield* ledger.ended(ids[1]!, undefined)
    yield* ledger.ended(ids[2]!, { error: "Diverged", reason: "again" })
    yield* ledger.write
    expect(statuses(directory).slice(0, 4)).toEqual(["interrupted", "completed", "diverged", "not run"])
    expect(Object.keys(failures(directory))).toEqual([ids[5]!, ids[2]!])
  }))
})

it("reads what a trial left once it has ended, and not again", async () => {
  const directory = await fresh()
  const read: Array<string> = []
  const counting = Effect.map(FileSystem.FileSystem, (real) =>
    FileSystem.FileSystem.of({
      ...real,
      readFile: (file) => {
        if (basename(file) === "summary.json") read.push(relative(join(directory, "trials"), join(file, "..")))
        return real.readFile(file)
      }
    }))
  const program = Effect.gen(function*() {
    const ledger = yield* Ledger.make(directory)
    for (const id of ids) {
      yield* ledger.begun(id)
      leave(directory, id, "completed")
      yield* ledger.ended(id, undefined)
      yield* ledger.write
    }
    expect(statuses(directory)).toEqual(ids.map(() => "completed"))
  })
  await run(program.pipe(Effect.provideServiceEffect(FileSystem.FileSystem, counting)))
  expect(read).toEqual(ids)
})

it("knows of a failure that it could not write down", async () => {
  const directory = await fresh()
  const full = Effect.map(FileSystem.FileSystem, (real) =>
    FileSystem.FileSystem.of({
      ...real,
      open: () =>
        Effect.fail(
          PlatformError.systemError({ _tag: "Unknown", module: "FileSystem", method: "open", description: "ENOSPC" })
        )
    }))
  const program = Effect.gen(function*() {
    const ledger = yield* Ledger.make(directory)
    const error = yield* Effect.flip(ledger.ended(ids[0]!, { error: "Crashed", reason: "why" }))
    expect(error).toMatchObject({ _tag: "RunDirectoryError", isDisk: true })
    expect(yield* ledger.failure(ids[0]!)).toEqual({ error: "Crashed", reason: "why" })
  })
  await run(program.pipe(Effect.provideServiceEffect(FileSystem.FileSystem, full)))
})
