import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it, onTestFinished } from "vitest"
import { finegrain } from "../commandLine.ts"
import { writeTinyDataset } from "../tinyDataset.ts"

it("a launcher that is refused leaves nothing that the next try would have to resume", async () => {
  const scratch = mkdtempSync(join(tmpdir(), "finegrain-refused-"))
  onTestFinished(() => rmSync(scratch, { recursive: true, force: true }))
  writeTinyDataset(scratch)
  const file = join(scratch, "tiny.mjs")
  const experiment = {
    name: "tiny",
    about: "Is it refused?",
    base: { dataset: scratch },
    rows: [{ name: "Euc", settings: { collection: "Euc" } }],
    seeds: [1]
  }
  writeFileSync(file, `export default ${JSON.stringify(experiment)}\n`)
  const output = join(scratch, "out")
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
