// @module-tag threads
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { Backend, Checkpoint, Run, Seed, TrainConfig } from "finegrain"
import { spawn } from "node:child_process"
import { once } from "node:events"
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { use } from "../backends.ts"
import { finegrain } from "../commandLine.ts"
import { writeTinyDataset } from "../tinyDataset.ts"

const main = join(resolve(import.meta.dirname, "../.."), "cli", "main.ts")
const scratch = mkdtempSync(join(tmpdir(), "finegrain-resume-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
writeTinyDataset(scratch)

const network = "--model resnet-8 --epochs 2 --batch-size 8 --backend wasm --dataset".split(" ").concat(scratch)
const training = (
  output: string,
  ...more: ReadonlyArray<string>
) => ["train", ...network, "--output", join(scratch, output), "--checkpoint-seconds", "0", ...more]
/** In this process. */
const resumed = (output: string, ...more: ReadonlyArray<string>) => finegrain(...training(output, "--resume", ...more))
/** In one of its own, that can be killed. */
const start = (output: string, ...more: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, ["--conditions=finegrain:source", main, ...training(output, ...more)])
  let stderr = ""
  child.stderr.on("data", (text: Buffer) => (stderr += text.toString()))
  const ended = once(child, "exit").then(([code]) => ({ code: code as number | null, stderr }))
  return { child, ended }
}

const events = (output: string) =>
  readFileSync(join(scratch, output, "events.jsonl"), "utf8").trim().split("\n")
    .map((line) => JSON.parse(line, (key, value: unknown) => clocked.has(key) ? 0 : value) as Record<string, unknown>)
/** Values in which the clock has a say. */
const clocked = new Set(["seconds", "imagesPerSecond"])
const results = (output: string) => events(output).filter(({ _tag }) => _tag !== "Resumed")
const weights = (output: string) => readFileSync(join(scratch, output, "weights.bin"))

describe("a run that is killed and resumed", () => {
  beforeAll(async () => {
    await start("whole").ended
  })

  it("ends with the bits and the log of one that was not", async () => {
    const output = "killed"
    const moments = Seed.uniforms(Date.now(), 3)
    let killed = 0
    for (const moment of moments) {
      const { child, ended } = start(output, "--resume")
      const done = await Promise.race([ended.then(() => true), sleep(700 + 1500 * moment).then(() => false)])
      if (done) break
      child.kill("SIGKILL")
      await ended
      killed++
    }
    const { code, stderr } = await resumed(output)
    const told = `killed ${killed} times after ${[...moments].map((m) => (700 + 1500 * m).toFixed(0)).join(", ")} ms`
    expect([code, stderr], told).toEqual([0, ""])
    expect(weights(output).equals(weights("whole")), told).toBe(true)
    expect(results(output), told).toEqual(results("whole"))
  })

  it("is killed while it trains, not before or after", async () => {
    const { child, ended } = start("within")
    while (!existsSync(join(scratch, "within", "checkpoint.previous.bin"))) await sleep(5)
    child.kill("SIGKILL")
    await ended
    expect(existsSync(join(scratch, "within", "summary.json"))).toBe(false)
    expect((await resumed("within")).code).toBe(0)
    expect(events("within").filter(({ _tag }) => _tag === "Resumed")).toHaveLength(1)
    expect(weights("within").equals(weights("whole"))).toBe(true)
  })

  it("goes on after Ctrl-C as well", async () => {
    const { child, ended } = start("interrupted")
    while (!existsSync(join(scratch, "interrupted", "checkpoint.bin"))) await sleep(5)
    child.kill("SIGINT")
    const { stderr } = await ended
    expect(stderr).toContain("--resume")
    expect((await resumed("interrupted")).code).toBe(0)
    expect(weights("interrupted").equals(weights("whole"))).toBe(true)
  })

  it("is refused other settings, and a second process", async () => {
    const other = await resumed("whole", "--seed", "2")
    expect([other.code === 0, other.stderr]).toEqual([
      false,
      expect.stringContaining("config.seed is 1 there, but 2 here")
    ])
    const { child, ended } = start("locked")
    while (!existsSync(join(scratch, "locked", "manifest.json"))) await sleep(5)
    const second = await resumed("locked")
    expect(second.stderr).toContain(`process ${child.pid} on`)
    child.kill("SIGKILL")
    await ended
    // A lock whose process is gone is no lock.
    expect((await resumed("locked")).code).toBe(0)
  })
})

describe("checkpoints", () => {
  beforeAll(() => use("wasm"))

  const config = (more: object = {}) =>
    Effect.runPromise(
      TrainConfig.decode({ dataset: scratch, epochs: 1, batchSize: 32, backend: "wasm", ...more }, "test")
    )
  const run = async (output: string, options: Run.RunOptions, more: object = {}) =>
    Effect.runPromise(
      Effect.result(Run.train(await config(more), join(scratch, output), () => Effect.void, options)).pipe(
        Effect.provide([NodeServices.layer, Backend.wasm])
      )
    )
  const unfinished = async (output: string) => {
    expect(Result.isSuccess(await run(output, { checkpointSeconds: 0 }))).toBe(true)
    rmSync(join(scratch, output, "summary.json"))
    return join(scratch, output)
  }

  it("of another engine are refused, but a run that one completed is kept as it is", async () => {
    const directory = join(scratch, "engine")
    const configured = await config({ backend: "auto" })
    const on = (engine: typeof Backend.wasm) =>
      Effect.runPromise(
        Effect.result(Run.train(configured, directory, () => Effect.void, { resume: true })).pipe(
          Effect.provide([NodeServices.layer, engine])
        )
      )
    const [first, again] = [await on(Backend.wasm), await on(Backend.cpu)]
    expect(Result.getOrThrow(again)).toEqual(Result.getOrThrow(first))
    rmSync(join(directory, "summary.json"))
    const refused = Result.getOrThrow(Result.flip(await on(Backend.cpu)))
    expect(refused).toMatchObject({ _tag: "CheckpointMismatch", what: "backend.name", expected: "cpu", actual: "wasm" })
  })

  it("that are corrupt or cut short are named, and the one before is used once they are gone", async () => {
    const directory = await unfinished("corrupt")
    const file = join(directory, "checkpoint.bin")
    const whole = readFileSync(file)
    const flipped = Buffer.from(whole)
    flipped[whole.length >> 1]! ^= 1
    for (const bytes of [flipped, whole.subarray(0, whole.length - 7), Buffer.alloc(3), Buffer.alloc(0)]) {
      writeFileSync(file, bytes)
      const result = await run("corrupt", { resume: true })
      expect(Result.isFailure(result) && result.failure.message).toMatch(/checkpoint\.bin is no intact checkpoint/)
      expect(readFileSync(file).equals(bytes)).toBe(true)
    }
    rmSync(file)
    expect(Result.isSuccess(await run("corrupt", { resume: true }))).toBe(true)
  })

  it("of another geometry are refused", async () => {
    const directory = await unfinished("sphere")
    const snapshot = Result.getOrThrow(Checkpoint.decode(readFileSync(join(directory, "checkpoint.bin")), "")).snapshot
    writeFileSync(join(directory, "checkpoint.bin"), Checkpoint.encode({ ...snapshot, fingerprint: "0".repeat(64) }))
    const result = await run("sphere", { resume: true })
    expect(Result.isFailure(result) && result.failure.message).toMatch(/geometry.*is 000000000000 there/)
    expect(Result.isFailure(await run("sphere", { resume: true }, { collection: "St" }))).toBe(true)
    // A setting that is here but not there counts as well.
    const fewer = await run("sphere", { resume: true }, { trainImages: 96 })
    expect(Result.isFailure(fewer) && fewer.failure.message).toMatch(
      /config\.trainImages is not set there, but 96 here/
    )
  })

  it("stay intact when the disk is full", async () => {
    const directory = join(scratch, "full")
    let steps = 0
    const result = await Effect.runPromise(
      Effect.result(Run.train(await config({ epochs: 2 }), directory, (event) =>
        Effect.sync(() => {
          if (event._tag === "StepDone" && ++steps === 2) {
            symlinkSync("/dev/full", join(directory, `checkpoint.bin.new.${process.pid}.part`))
          }
        }), { checkpointSeconds: 0 })).pipe(Effect.provide([NodeServices.layer, Backend.wasm]))
    )
    expect(Result.isFailure(result) && result.failure.message).toMatch(/disk is full/)
    const left = Result.getOrThrow(Checkpoint.decode(readFileSync(join(directory, "checkpoint.bin")), ""))
    expect(left.snapshot.position.step).toBe(1)
    expect(Result.isSuccess(await run("full", { resume: true }, { epochs: 2 }))).toBe(true)
  })

  it("leave a log that lost events alone", async () => {
    const directory = await unfinished("lost")
    writeFileSync(join(directory, "events.jsonl"), "")
    const result = await run("lost", { resume: true })
    expect(Result.isFailure(result) && result.failure.message).toMatch(/has lost events: 0 bytes/)
    expect(readdirSync(directory)).not.toContain("run.lock")
  })

  it("do not hold what a completed run would compute again", async () => {
    expect(Result.isSuccess(await run("done", {}))).toBe(true)
    copyFileSync(join(scratch, "done", "events.jsonl"), join(scratch, "before.jsonl"))
    const again = await run("done", { resume: true })
    expect(Result.isSuccess(again) && again.success.status).toBe("completed")
    expect(readFileSync(join(scratch, "done", "events.jsonl"), "utf8")).toBe(
      readFileSync(join(scratch, "before.jsonl"), "utf8")
    )
  })
})
