import * as Effect from "effect/Effect"
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it, onTestFinished, vi } from "vitest"
import * as Backend from "../../src/engine/Backend.ts"
import { finegrain } from "../commandLine.ts"
import { writeTinyDataset } from "../tinyDataset.ts"

/** An experiment of two trials in a directory of its own. */
const scratchOf = (settings: object) => {
  const scratch = mkdtempSync(join(tmpdir(), "finegrain-refused-"))
  onTestFinished(() => rmSync(scratch, { recursive: true, force: true }))
  writeTinyDataset(scratch)
  const file = join(scratch, "tiny.mjs")
  const experiment = {
    name: "tiny",
    about: "Is it refused?",
    base: { dataset: scratch, ...settings },
    rows: [{ name: "Euc", settings: { collection: "Euc" } }],
    seeds: [1, 2]
  }
  writeFileSync(file, `export default ${JSON.stringify(experiment)}\n`)
  return { experiment, file, output: join(scratch, "out") }
}

it("a launcher that is refused leaves nothing that the next try would have to resume", async () => {
  const { experiment, file, output } = scratchOf({})
  const offer = (...more: ReadonlyArray<string>) => {
    const where = ["--launcher", "queue", "--database", "env:FINEGRAIN_NOWHERE", "--output", output]
    return finegrain("run", file, ...where, ...more)
  }
  for (const more of [[], [], ["--resume"]]) {
    const { code, stderr } = await offer(...more)
    expect([code, stderr]).toEqual([6, expect.stringContaining("the variable FINEGRAIN_NOWHERE is not set")])
    expect(readdirSync(output)).toEqual([])
  }
  // What earlier runs left stays.
  mkdirSync(join(output, "trials", "Euc", "small-cnn", "seed-1"), { recursive: true })
  writeFileSync(join(output, "experiment.json"), JSON.stringify({ experiment, smoke: false }))
  expect((await offer("--resume")).code).toBe(6)
  expect(readdirSync(output)).toEqual(["experiment.json", "trials"])
}, 60_000)

it("a wrong number of threads in the environment is told once, and not by every trial", async () => {
  const { file, output } = scratchOf({ backend: "wasm" })
  vi.stubEnv("FINEGRAIN_THREADS", "many")
  onTestFinished(() => void vi.unstubAllEnvs())
  const { code, stderr, stdout } = await finegrain("run", file, "--output", output)
  expect(code).toBe(6)
  expect([stdout, stderr].join("\n").match(/FINEGRAIN_THREADS must be/g)).toHaveLength(1)
  expect(readdirSync(output)).toEqual([])
})

it("engines without threads, and trials with a number of their own, do not look at that variable", async () => {
  vi.stubEnv("FINEGRAIN_THREADS", "many")
  onTestFinished(() => void vi.unstubAllEnvs())
  const asked = (...given: Parameters<typeof Backend.asked>) =>
    Effect.runPromise(Effect.match(Backend.asked(...given), {
      onFailure: ({ message }) => message,
      onSuccess: () => "right"
    }))
  expect(await asked("cpu")).toBe("right")
  expect(await asked("wasm", { threads: 2 })).toBe("right")
  expect(await asked("auto")).toMatch(/FINEGRAIN_THREADS must be a whole number from 1 to 64, not "many"/)
})
