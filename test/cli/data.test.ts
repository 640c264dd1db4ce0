import { Datasets } from "finegrain"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, it } from "vitest"
import { finegrain } from "../commandLine.ts"
import { writeTinyDataset } from "../tinyDataset.ts"

const scratch = mkdtempSync(join(tmpdir(), "finegrain-data-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

it("lists every dataset of the catalogue, with what it is", async () => {
  const { code, stdout } = await finegrain("data")
  expect(code).toBe(0)
  for (const [name, { about }] of Object.entries(Datasets.datasets)) {
    expect(stdout).toMatch(new RegExp(`^[✓✗] ${name}\n    ${about.replaceAll(/[.()]/g, "\\$&")}\n`, "mu"))
  }
})

it("checks a directory, and a dataset that is made in memory", async () => {
  writeTinyDataset(scratch)
  const { code, stdout } = await finegrain("data", scratch, "generated:cifar-10", "--check")
  expect(code).toBe(0)
  expect(stdout).toContain("96 training and 30 test images of 3 classes")
  expect(stdout).toMatch(/generated:cifar-10\n.*\n {4}made in memory\n.*100 training.*\n {4}SHA-256 [0-9a-f]{64}\n/)
})

/** Datasets of a user's own, one of them missing, and one other than it was published. */
const module = `
const split = { images: Uint8Array.of(0, 1), labels: Uint8Array.of(0, 1), count: 2 }
const size = { height: 1, width: 1, channels: 1 }
const make = () => ({ name: "own", classes: 2, ...size, train: split, test: split, checksum: "a1" })
export const datasets = {
  right: { about: "as it was published", make, checksum: "a1" },
  wrong: { about: "other than it was", make, checksum: "b2" }
}
`

it("tells what is other than it was published, of modules of one's own, too", async () => {
  const file = join(scratch, "own.mjs")
  writeFileSync(file, module)
  const right = await finegrain("data", "right", "--check", "--use", file)
  expect([right.code, right.stdout]).toEqual([
    0,
    "✓ right\n    as it was published\n    by its module\n    2 training and 2 test images of 2 classes\n" +
    "    SHA-256 a1, as published\n"
  ])
  const wrong = await finegrain("data", "wrong", "right", "--check", "--use", file)
  expect([wrong.code, wrong.stderr]).toEqual([3, "Missing or damaged: wrong.\n"])
  expect(wrong.stdout).toContain("SHA-256 a1, but published as b2: get it again")
})

it("says of a missing dataset what training on it says", async () => {
  const nowhere = join(scratch, "nowhere")
  const [shown, trained] = [await finegrain("data", nowhere), await finegrain("train", "--dataset", nowhere)]
  expect([shown.code, trained.code]).toEqual([3, 3])
  expect(shown.stdout).toContain(trained.stderr.trim())
})

it("tells what is not there from what is damaged", async () => {
  const damaged = join(scratch, "damaged")
  mkdirSync(damaged)
  writeFileSync(join(damaged, "train.csv"), "x,x\n1,2")
  const { code, stdout } = await finegrain("data", join(scratch, "nowhere"), damaged, "--json")
  const found = JSON.parse(stdout) as ReadonlyArray<{ readonly state: string }>
  expect([code, found.map(({ state }) => state)]).toEqual([3, ["missing", "damaged"]])
})
