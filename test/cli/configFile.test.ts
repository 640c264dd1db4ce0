import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, it } from "vitest"
import * as ConfigFile from "../../cli/configFile.ts"

const scratch = mkdtempSync(join(tmpdir(), "finegrain-config-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const read = (name: string, text: string) => {
  writeFileSync(join(scratch, name), text)
  return Effect.runPromise(ConfigFile.read(join(scratch, name)).pipe(Effect.provide(NodeServices.layer)))
}

const settings = {
  dataset: "./a b",
  learningRate: 1e-3,
  normalize: true,
  measures: ["stable-rank"],
  rates: { Sp: 40 },
  layers: { conv2: { collection: "Sp+St" } }
}

it.each([
  ["a.json", JSON.stringify({ $schema: "./config.schema.json", ...settings })],
  ["a", JSON.stringify(settings)],
  [
    "a.yaml",
    `# yaml-language-server: $schema=config.schema.json
dataset: ./a b
learningRate: 1e-3
normalize: true
measures: [stable-rank]
rates: { Sp: 40 }
layers:
  conv2:
    collection: Sp+St
`
  ],
  ["b.YML", JSON.stringify(settings)],
  [
    "a.toml",
    `#:schema config.schema.json
dataset = "./a b"
learningRate = 1e-3
normalize = true
measures = ["stable-rank"]
rates = { Sp = 40 }
[layers.conv2]
collection = "Sp+St"
`
  ]
])("the same settings are read from %s", async (name, text) => {
  expect(await read(name, text)).toStrictEqual(settings)
})

it.each([
  ["c.json", "{", /c\.json: not JSON: /],
  [
    "twice.json",
    `{ "seed": 1, "layers": [{ "a": 1 }, { "a": "\\"seed\\": 2" }], "se\\u0065d": 2 }`,
    /Duplicate key 'seed'/
  ],
  ["c.yaml", "a: [1", /c\.yaml: not YAML: .*offset/],
  ["c.toml", "a = ", /c\.toml: not TOML: Expected a value at line 1, column 5/],
  ["d.json", "[]", /d\.json: not a JSON object/],
  ["d.yaml", "- 1", /d\.yaml: not settings by name, as YAML writes them/]
])("what is wrong with %s is told in a line", async (name, text, says) => {
  await expect(read(name, text)).rejects.toThrow(says)
})
