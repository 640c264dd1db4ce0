import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, describe, expect, it } from "vitest"
import { runsNode } from "../nativeEngine.ts"
import { writeTinyDataset } from "../tinyDataset.ts"

const scratch = mkdtempSync(join(tmpdir(), "finegrain-native-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
writeTinyDataset(scratch)

const root = resolve(import.meta.dirname, "../..")
const settings = "--model resnet-8 --epochs 3 --batch-size 8 --backend node --checkpoint-seconds 0 --dataset"

const train = (output: string, ...more: ReadonlyArray<string>) => {
  const args = [join(root, "cli", "main.ts"), "train", ...settings.split(" "), scratch]
  const child = spawn(process.execPath, [
    "--conditions=finegrain:source",
    ...args,
    "--output",
    join(scratch, output),
    ...more
  ])
  child.stderr.resume()
  return { child, ended: once(child, "exit") }
}
const weights = (output: string) => readFileSync(join(scratch, output, "weights.bin"))

describe.skipIf(!runsNode)("on TensorFlow's C library", () => {
  it("a killed run goes on to the bits of one that was not, with every thread that there is", async () => {
    await train("whole").ended
    const { child, ended } = train("killed")
    while (!existsSync(join(scratch, "killed", "checkpoint.previous.bin"))) await sleep(5)
    child.kill("SIGKILL")
    await ended
    expect(existsSync(join(scratch, "killed", "summary.json"))).toBe(false)
    expect((await train("killed", "--resume").ended)[0]).toBe(0)
    expect(weights("killed").equals(weights("whole"))).toBe(true)
  }, 120_000)
})
