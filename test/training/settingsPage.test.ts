import { Ajv2020 } from "ajv/dist/2020.js"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join, resolve } from "node:path"
import { expect, it } from "vitest"
import { configSchemaFile, renderSchema } from "../../scripts/configSchema.ts"
import { render } from "../../scripts/settings.ts"

it("docs/settings.md says what the catalogues say; npm run docs:settings writes it anew", () => {
  expect(readFileSync(join(resolve(import.meta.dirname, "../.."), "docs", "settings.md"), "utf8")).toBe(render())
})

it("the JSON Schema of configurations is that of the settings, and the package hands it out", () => {
  expect(readFileSync(configSchemaFile, "utf8")).toBe(renderSchema())
  expect(createRequire(import.meta.url).resolve("finegrain/config.schema.json")).toBe(configSchemaFile)
})

const accepts = new Ajv2020({ allErrors: true }).compile(JSON.parse(renderSchema()) as object)

it.each<readonly [string, object]>([
  ["nothing", {}],
  ["settings of every kind", { $schema: "./x.json", epochs: 3, model: "mlp", layers: { "a b": { collection: "St" } } }],
  ["measures by name", { measures: ["stable-rank"] }],
  ["names and settings of a module", { use: ["./mine.ts"], model: "mine", width: 3, measures: ["mine"] }]
])("an editor accepts %s", (_, config) => {
  expect([accepts(config), accepts.errors]).toEqual([true, null])
})

it.each<readonly [string, object]>([
  ["an unknown setting", { sed: 1 }],
  ["an unknown name", { model: "none" }],
  ["an unknown measure", { measures: ["none"] }],
  ["a number out of its range", { epochs: 0 }],
  ["a number out of its range beside a module", { use: ["./mine.ts"], momentum: 1 }],
  ["another kind", { normalize: "yes" }]
])("an editor refuses %s", (_, config) => {
  expect(accepts(config)).toBe(false)
})
