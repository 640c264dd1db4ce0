import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Catalogue } from "finegrain"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, it } from "vitest"
import { launchers } from "../../src/experiment/launchers/launchers.ts"
import { builtIn } from "../../src/training/Catalogues.ts"
import * as Door from "../../src/training/Door.ts"
import { anyKind, kinds } from "../../src/training/doors/kinds.ts"
import { difference, usedOf } from "../../src/training/doors/sources.ts"

const scratch = mkdtempSync(join(tmpdir(), "finegrain-door-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

let made = 0
const module = (code: string) => {
  const file = join(scratch, `${made++}.mjs`)
  writeFileSync(file, code)
  return file
}

const refusal = async (...files: ReadonlyArray<string>) => {
  const result = await Effect.runPromise(Effect.result(Door.open(files)))
  return Result.isFailure(result) ? result.failure.message.replace(files.at(-1)!, "FILE") : undefined
}

const entry = `{ about: "mine", make: () => 0 }`

it.each([
  ["nothing of use", "export const model = {}", "it exports none of manifolds, optimizers, "],
  ["no collection of entries", "export const models = 3", "models must be an array or a record of entries, not number"],
  ["no name", `export const models = [${entry}]`, "entry 1 of models has no name: give it one, a text"],
  ["a name that is none", `export const models = { "a b": ${entry} }`, "\"a b\" cannot name a model: "],
  ["no object", "export const losses = { mine: null }", "the loss mine must be an object, not "],
  ["no description", "export const losses = { mine: { make() {} } }", "the loss mine has no text \"about\""],
  ["no maker", "export const losses = { mine: { about: \"x\" } }", "the loss mine has no function \"make\""],
  [
    "a parameter that is no schema",
    "export const losses = { mine: { about: \"x\", make() {}, parameters: { a: 1 } } }",
    "the parameter a of the loss mine is no schema"
  ],
  ["a name of finegrain's own", `export const models = { mlp: ${entry} }`, "the model mlp is finegrain's own: "],
  [
    "a symbol of finegrain's own, in other letters",
    "export const manifolds = [{ symbol: \"sp\", name: \"x\", at() {} }]",
    "the manifold sp is finegrain's own: give yours another name"
  ],
  ["no symbol", "export const manifolds = [{}]", "entry 1 of manifolds has no symbol: give it one, a text"],
  ["no family", "export const manifolds = [{ symbol: \"A\", name: \"x\" }]", "the manifold A has no function \"at\""],
  ["an error", "throw new Error(\"no\\n luck\")", "it throws when it is loaded: no luck"],
  ["no JavaScript", "export const =", "it throws when it is loaded: "]
])("a module that gives %s is refused in a line", async (_, code, reason) => {
  const told = await refusal(module(code))
  expect(told).toContain(`FILE cannot be used: ${reason}`)
  expect(told).not.toContain("\n")
})

it("the setting, the schema of configurations and the guide name whatever a module may bring", () => {
  const root = join(import.meta.dirname, "../..")
  const guide = readFileSync(join(root, "docs/your-own.md"), "utf8")
  expect([...guide.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name).toSorted()).toEqual(
    Object.keys(kinds).toSorted()
  )
  for (const file of ["settings.md", "config.schema.json"]) {
    expect(readFileSync(join(root, "docs", file), "utf8")).toContain(`modules with ${anyKind} of your own`)
  }
  expect(anyKind).toMatch(/^manifolds, optimizers, .* or variations$/)
})

it("a parameter of one name is one setting, whoever's entries have it", async () => {
  const imports = `
    import * as Schema from "${import.meta.resolve("effect/Schema")}"
    const width = (value) => Schema.optionalKey(Schema.Literal(value))
    const model = (width) => ({ about: "mine", parameters: { width }, make: () => 0 })
  `
  const reason = (name: string) =>
    `FILE cannot be used: the parameter width of the model ${name} is a setting already, of another entry of your ` +
    "own: give it another name, or give both the same schema value"
  const models = (code: string) => module(`${imports}\nexport const models = ${code}`)
  expect(await refusal(models("{ a: model(width(16)), b: model(width(64)) }"))).toBe(reason("b"))
  expect(await refusal(models("{ a: model(width(16)) }"), models("{ b: model(width(64)) }"))).toBe(reason("b"))
  // Of entries of several kinds, too.
  const mixed = "{ a: model(width(16)) }\nexport const losses = { mine: model(width(64)) }"
  expect(await refusal(models(mixed))).toBe(reason("mine").replace("model", "loss"))
  expect(await refusal(models("[width(16)].map((own) => [model(own), model(own)]).map(([a, b]) => ({ a, b }))[0]")))
    .toBeUndefined()
  expect(await refusal(models("{ a: { ...model(), parameters: { epochs: width(1) } } }"))).toBe(
    "FILE cannot be used: the parameter epochs of the model a is a setting already: give it another name"
  )
})

it("parameters of finegrain's own entries that have one name are one schema", () => {
  const all = [...Object.values(builtIn).filter((catalogue) => !Array.isArray(catalogue)), launchers]
  const parameters = all.flatMap((catalogue) =>
    Object.values(catalogue as Catalogue.Catalogue).flatMap(({ parameters = {} }) => Object.entries(parameters))
  )
  const byName = Map.groupBy(parameters, ([name]) => name)
  expect([...byName].filter(([, those]) => new Set(those.map(([, schema]) => schema)).size > 1)).toEqual([])
  expect(byName.size).toBeGreaterThan(20)
})

it("two modules of one name are refused, and a file that is not there", async () => {
  const [first, second] = [
    module(`export const models = { mine: ${entry} }`),
    module(`export const models = { mine: ${entry} }`)
  ]
  expect(await refusal(first)).toBeUndefined()
  expect(await refusal(first, first)).toBeUndefined()
  expect(await refusal(first, second)).toMatch(/the model mine is that of another module, or there twice/)
  expect(await refusal(join(scratch, "none.mjs"))).toBe("FILE cannot be used: there is no such file")
})

it("a module is the same wherever it is, as long as it and the files that it imports are", async () => {
  writeFileSync(join(scratch, "deep.mjs"), "export const depth = 1\n")
  writeFileSync(join(scratch, "helper.mjs"), "export { depth } from \"./deep.mjs\"\nimport \"node:fs\"\n")
  const file = module("import { depth } from \"./helper.mjs\"\nexport const models = {}\n")
  const before = (await usedOf(file))!
  expect(Object.keys(before.imports!)).toEqual(["deep.mjs", "helper.mjs"])
  expect(difference([before], [(await usedOf(file))!])).toBeUndefined()
  const moved = { ...before, file: before.file.replace(scratch, "/elsewhere") }
  expect(difference([before], [moved])).toBeUndefined()
  writeFileSync(join(scratch, "deep.mjs"), "export const depth = 2\n")
  expect(difference([before], [(await usedOf(file))!])).toContain(
    `${join(scratch, "deep.mjs")} has changed: its SHA-256 `
  )
  expect(difference([before], [])).toBe(`${file} was used, and is not now: name it with --use`)
  expect(difference([], [before])).toBe(`${file} is used now, and was not`)
})

it("modules of one name, and imports of one path, are told apart by their order, others whatever their order", () => {
  const used = (file: string, sha256: string, util: string) => ({ file, sha256, imports: { "util.ts": util } })
  const [a, b] = [used("/a/mine.ts", "a1", "u1"), used("/b/mine.ts", "b1", "u2")]
  expect(difference([a, b], [a, b])).toBeUndefined()
  expect(difference([a, b], [{ ...a, sha256: "a2" }, b])).toBe("/a/mine.ts has changed: its SHA-256 is a2, and was a1")
  expect(difference([a, b], [{ ...a, imports: { "util.ts": "u3" } }, b])).toBe(
    "/a/util.ts has changed: its SHA-256 is u3, and was u1"
  )
  expect(difference([a, b], [a])).toBe("/b/mine.ts was used, and is not now: name it with --use")
  expect(difference([a], [a, b])).toBe("/b/mine.ts is used now, and was not")
  const other = used("/b/other.ts", "b1", "u2")
  expect(difference([a, other], [other, a, a])).toBeUndefined()
})
