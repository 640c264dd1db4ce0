import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, describe, expect, it } from "vitest"
import { exitCodes } from "../../cli/exitCodes.ts"
import { writeTinyDataset } from "../tinyDataset.ts"

const main = join(resolve(import.meta.dirname, "../.."), "cli", "main.ts")
const scratch = mkdtempSync(join(tmpdir(), "finegrain-endings-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
writeTinyDataset(scratch)

const training = (output: string, epochs: number) => [
  "--conditions=finegrain:source",
  main,
  "train",
  ..."--model small-cnn --collection Sp --batch-size 16 --backend wasm".split(" "),
  "--epochs",
  String(epochs),
  "--dataset",
  scratch,
  "--output",
  join(scratch, output)
]

const summary = (output: string) =>
  JSON.parse(readFileSync(join(scratch, output, "summary.json"), "utf8")) as { readonly status: string }

describe("a run", () => {
  it.skipIf(!existsSync("/dev/full"))("of which nobody takes the output is completed all the same", async () => {
    const piped = spawn(process.execPath, training("piped", 3), { stdio: ["ignore", "pipe", "pipe"] })
    let stderr = ""
    piped.stderr.on("data", (text: Buffer) => (stderr += text.toString()))
    // As `head -1` does: one line, then nobody is there any more.
    piped.stdout.once("data", () => piped.stdout.destroy())
    const full = openSync("/dev/full", "w")
    const onFullDisk = spawn(process.execPath, training("full", 3), { stdio: ["ignore", full, full] })
    const [[code], [other]] = await Promise.all([once(piped, "exit"), once(onFullDisk, "exit")])
    expect([code, other, stderr]).toEqual([0, 0, ""])
    expect([summary("piped").status, summary("full").status]).toEqual(["completed", "completed"])
  }, 60_000)

  it.each([["SIGHUP", 1], ["SIGTERM", 1], ["SIGINT", 2]] as const)(
    "that is sent %s, %d times, can go on",
    async (signal, times) => {
      const output = `sent-${signal}`
      const child = spawn(process.execPath, training(output, 100_000), { stdio: "ignore" })
      while (!existsSync(join(scratch, output, "checkpoint.bin"))) await sleep(5)
      for (let i = 0; i < times; i++) child.kill(signal)
      expect(await once(child, "exit")).toEqual([130, null])
      expect(summary(output).status).toBe("interrupted")
      expect(readdirSync(join(scratch, output)).filter((name) => /lock|part$/.test(name))).toEqual([])
    },
    60_000
  )

  it.each([["deleted", "rm"], ["moved", "mv"]] as const)(
    "whose directory is %s ends with one line, and makes none in its place",
    async (_, by) => {
      const [output, elsewhere] = [join(scratch, `vanishing-${by}`), join(scratch, `vanished-${by}`)]
      const child = spawn(process.execPath, training(`vanishing-${by}`, 100_000), {
        stdio: ["ignore", "ignore", "pipe"]
      })
      let stderr = ""
      child.stderr.on("data", (text: Buffer) => (stderr += text.toString()))
      while (!existsSync(join(output, "checkpoint.bin"))) await sleep(5)
      renameSync(output, elsewhere)
      if (by === "rm") rmSync(elsewhere, { recursive: true })
      expect(await once(child, "close")).toEqual([exitCodes.files.code, null])
      expect(stderr).toMatch(
        /^\S+vanishing-\w+\S+: the directory that it belongs to is not there, or no longer\. .*\n$/
      )
      expect(existsSync(output)).toBe(false)
      expect(existsSync(join(elsewhere, "checkpoint.bin"))).toBe(by === "mv")
    },
    60_000
  )

  it("that died, resumed by two processes at once, goes on in one of them", async () => {
    const args = training("resumed", 100_000)
    const dying = spawn(process.execPath, args, { stdio: "ignore" })
    while (!existsSync(join(scratch, "resumed", "checkpoint.bin"))) await sleep(5)
    dying.kill("SIGKILL")
    await once(dying, "exit")
    // The lock is there still, and its process is not.
    expect(existsSync(join(scratch, "resumed", "run.lock"))).toBe(true)
    const both = [1, 2].map(() => {
      const child = spawn(process.execPath, [...args, "--resume"], { stdio: ["ignore", "ignore", "pipe"] })
      let stderr = ""
      child.stderr.on("data", (text: Buffer) => (stderr += text.toString()))
      return { child, ended: once(child, "close").then(([code]) => ({ code: code as number, child, stderr })) }
    })
    const loser = await Promise.race(both.map(({ ended }) => ended))
    const winner = both.find(({ child }) => child !== loser.child)!
    expect([loser.code, loser.stderr]).toEqual([
      exitCodes.files.code,
      expect.stringMatching(new RegExp(`^\\S+resumed: process ${winner.child.pid} on \\S+ is at work on it\\. .*\\n$`))
    ])
    const epochs = () =>
      readFileSync(join(scratch, "resumed", "events.jsonl"), "utf8").split("\n").slice(0, -1)
        .map((line) => JSON.parse(line) as { readonly _tag: string; readonly epoch: number })
        .filter(({ _tag }) => _tag === "EpochDone").map(({ epoch }) => epoch)
    const before = epochs().length
    while (epochs().length < before + 2) await sleep(20)
    winner.child.kill("SIGTERM")
    expect((await winner.ended).code).toBe(130)
    expect(summary("resumed").status).toBe("interrupted")
    // None is missing, none is there twice.
    expect(epochs()).toEqual(epochs().map((_, i) => i + 1))
  }, 60_000)

  it("in a directory that is read-only ends with one line, before it begins", async () => {
    const readOnly = join(scratch, "read-only")
    mkdirSync(readOnly)
    const mount = (...args: ReadonlyArray<string>) => spawnSync("mount", args).status === 0
    // Root may write wherever modes forbid it; elsewhere modes will do, where nobody may mount.
    const mounted = mount("--bind", readOnly, readOnly) && mount("-o", "remount,bind,ro", readOnly)
    if (!mounted) chmodSync(readOnly, 0o500)
    try {
      const child = spawnSync(process.execPath, training("read-only", 1), { encoding: "utf8" })
      expect([child.status, child.stderr]).toEqual([
        exitCodes.files.code,
        expect.stringMatching(/^\S+read-only\S+: (its file system is read-only|you may not write there)\. Choose .*\n$/)
      ])
      expect(readdirSync(readOnly)).toEqual([])
    } finally {
      if (mounted) spawnSync("umount", [readOnly])
      else chmodSync(readOnly, 0o700)
    }
  }, 60_000)

  it.each(["SIGINT", "SIGTERM"] as const)("that %s ends before it begins does not say that it wrote anything", async (
    signal
  ) => {
    const output = `early-${signal}`
    const child = spawn(process.execPath, training(output, 3), { stdio: ["ignore", "ignore", "pipe"] })
    let stderr = ""
    child.stderr.on("data", (text: Buffer) => (stderr += text.toString()))
    // From its first line on it handles a terminal that is closed, which Node by itself does not.
    const handled = () => /SigCgt:\s*[0-9a-f]*([0-9a-f])$/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]
    while (Number.parseInt(handled() ?? "0", 16) % 2 === 0) await sleep(1)
    await sleep(100)
    child.kill(signal)
    await once(child, "close")
    const began = existsSync(join(scratch, output, "manifest.json"))
    expect([stderr.includes("--resume"), stderr.includes("was written to")]).toEqual([began, began])
    expect(began || stderr === "" || stderr.includes("nothing was written")).toBe(true)
  }, 60_000)
})
