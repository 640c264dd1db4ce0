import { spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"

const script = resolve(import.meta.dirname, "..", "..", "scripts", "pack-manifest.ts")
let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "finegrain-manifest-"))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const call = (command: string) => spawnSync(process.execPath, [script, command, directory], { encoding: "utf8" })
const file = () => join(directory, "package.json")
const read = () => readFileSync(file(), "utf8")
/** Written by a person: not as JSON.stringify would. */
const manifest = (version: string) =>
  `{ "name": "p", "version": "${version}",\n\n  "scripts": { "a": "b" },\n` +
  `  "optionalDependencies": { "c": "1", "node-os": "2" }, "devDependencies": { "d": "1" },\n` +
  `  "dependencies": { "e": "1" } }\n`

it("publishes only what users need, and gives every byte back", () => {
  writeFileSync(file(), manifest("1.0.0"))
  expect(call("trim").status).toBe(0)
  expect(JSON.parse(read())).toEqual({
    name: "p",
    version: "1.0.0",
    dependencies: { e: "1" },
    optionalDependencies: { c: "1" }
  })
  expect(call("restore").status).toBe(0)
  expect(read()).toBe(manifest("1.0.0"))
  expect(existsSync(join(directory, ".package.json.whole"))).toBe(false)
})

it("survives a pack that was cut off", () => {
  writeFileSync(file(), manifest("1.0.0"))
  call("trim")
  call("trim")
  call("restore")
  expect(read()).toBe(manifest("1.0.0"))
})

it("never takes back an edit made after a pack was cut off", () => {
  writeFileSync(file(), manifest("1.0.0"))
  call("trim")
  writeFileSync(file(), manifest("2.0.0"))
  call("trim")
  expect(JSON.parse(read())).toMatchObject({ version: "2.0.0" })
  call("restore")
  expect(read()).toBe(manifest("2.0.0"))
  call("restore")
  expect(read()).toBe(manifest("2.0.0"))
})

it("refuses to publish the directory, whose metadata npm reads untrimmed", () => {
  const { status, stderr } = call("refuse")
  expect(status).toBe(1)
  expect(stderr).toMatch(/npm publish \.\/finegrain/)
})
