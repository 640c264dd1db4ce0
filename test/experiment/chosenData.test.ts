import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import type { Experiment } from "finegrain"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, it } from "vitest"
import * as preflight from "../../src/experiment/preflight.ts"
import * as environment from "../../src/experiment/queue/environment.ts"
import * as Door from "../../src/training/Door.ts"
import * as TrainConfig from "../../src/training/TrainConfig.ts"
import { finegrain } from "../commandLine.ts"
import { tinyDataset, writeTinyDataset } from "../tinyDataset.ts"

// Data is one where all settings that choose it are the same.

const scratch = mkdtempSync(join(tmpdir(), "finegrain-chosen-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const at = (...parts: ReadonlyArray<string>) => join(scratch, ...parts)
const run = <A, E>(effect: Effect.Effect<A, E, NodeServices.NodeServices>) =>
  Effect.runPromise(Effect.provide(effect, NodeServices.layer))

const tables = at("tables")
mkdirSync(tables)
for (const name of ["train.csv", "test.csv"]) writeFileSync(join(tables, name), "x,a,b\n0.5,0,1\n1.5,1,0\n")
const configOf = (settings: object) => TrainConfig.decode({ dataset: tables, model: "mlp", ...settings }, "a test")

it("a column of a table that is not there is found before anything runs, whichever cell asks for it", async () => {
  const configs = await run(Effect.forEach(["gone", "a", "b"], (target) => configOf({ target })))
  expect(await run(preflight.problems(configs.map((config) => ({ candidate: undefined, config }))))).toEqual([
    expect.stringContaining("gone")
  ])
})

it("workers agree in data by all that chooses it, parameters of a user's own datasets among it", async () => {
  const module = at("mine.mjs")
  const entry = `{ about: "own", parameters: { half: Schema.optionalKey(Schema.Finite) }, make: () => ({}) }`
  const schema = JSON.stringify(import.meta.resolve("effect/Schema"))
  writeFileSync(module, `import * as Schema from ${schema}\nexport const datasets = { mine: ${entry} }\n`)
  const { known } = await run(Door.open([module]))
  const keysOf = async (settings: object) => {
    const config = await run(TrainConfig.decode({ model: "mlp", ...settings }, "a test", known))
    const directory = mkdtempSync(at("run-"))
    const manifest = { config, seed: 1, dataset: { name: "any", sha256: "00" } }
    writeFileSync(join(directory, "manifest.json"), JSON.stringify(manifest))
    return Object.keys((await run(environment.factsOf(config, directory, known)))!)[0]
  }
  const all = [
    { dataset: tables, target: "a" },
    { dataset: tables, target: "b" },
    { dataset: tables, target: "b", targets: "numbers" },
    { dataset: "mine", half: 1 },
    { dataset: "mine", half: 2 }
  ]
  const keys = await Promise.all(all.map(keysOf))
  expect(new Set(keys).size).toBe(all.length)
  expect(keys[1]).toMatch(/^the data .*tables \(.*target b/)
  expect(await keysOf({ ...all[1], trainImages: 1, epochs: 3 })).toBe(keys[1])
})

it("parts of an experiment on several datasets of one name join", async () => {
  // A directory of IDX files is called by its last part.
  const [one, other] = ["one", "other"].map((name) => at(name, "tiny"))
  for (const directory of [one!, other!]) mkdirSync(directory, { recursive: true })
  writeTinyDataset(one!)
  writeTinyDataset(other!, { ...tinyDataset, train: tinyDataset.test })
  const experiment: Experiment.Experiment = {
    name: "two",
    about: "",
    base: { epochs: 1, batchSize: 48, backend: "wasm", threads: 1 },
    rows: [{ name: "Euc", settings: { collection: "Euc" } }],
    columns: [{ name: "a", settings: { dataset: one! } }, { name: "b", settings: { dataset: other! } }],
    seeds: [1]
  }
  writeFileSync(at("two.mjs"), `export default ${JSON.stringify(experiment)}\n`)
  for (const part of ["1/2", "2/2"]) {
    expect((await finegrain("run", at("two.mjs"), "--shard", part, "--output", at(part[0]!))).code).toBe(0)
  }
  const { code, stderr } = await finegrain("report", "--merge", at("1"), at("2"), "--output", at("joined"))
  expect([code, stderr]).toEqual([0, ""])
}, 60_000)
