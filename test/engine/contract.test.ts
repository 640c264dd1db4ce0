import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { contract, contractTarget } from "../../scripts/contract.ts"
import { forms, lengths, sizes, stepRow } from "../../src/engine/contracts/kernels.ts"

const filesOf = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith("binaries.ts"))
    .map((name) => join(folder, name))

/** What may hold the numbers by hand if nobody looks. */
const sources = ["kernels", "src/engine/wasm", "src/engine/webgpu"].flatMap(filesOf)
  .filter((path) => path !== "kernels/contract.ts")
  .map((path) => ({ path, text: readFileSync(path, "utf8") }))

it("AssemblyScript has the numbers of the contract", () => {
  expect(readFileSync(contractTarget, "utf8")).toBe(contract())
})

/** Where a name of the contract is given a number of its own. */
const redefined = (text: string): ReadonlyArray<string> => {
  const names = [...Object.keys({ ...sizes, ...lengths }), "rowBytes", "rowWords", ...stepRow, ...Object.keys(forms)]
  return [...text.matchAll(/^(?:export )?const (\w+)(?:: \w+)? = [-\d]/gm)]
    .map(([, name]) => name!)
    .filter((name) => names.some((known) => known.toLowerCase() === name.replaceAll("_", "").toLowerCase()))
}

it("no kernel and no caller gives a name of the contract a number of its own", () => {
  expect(redefined("const slices = 16\nexport const TO_X: usize = 52\nconst other = 3")).toEqual(["slices", "TO_X"])
  expect(sources.flatMap(({ path, text }) => redefined(text).map((name) => `${path}: ${name}`))).toEqual([])
})

it("no kernel and no caller writes a bound of the contract by hand", () => {
  const bound = /\b1e\+?-?(?:15|30)\b|\b0\.125\b/
  expect(bound.test("if (square >= 1e-30) {")).toBe(true)
  expect(sources.filter(({ text }) => bound.test(text)).map(({ path }) => path)).toEqual([])
})

it("forms and words are told apart", () => {
  expect(new Set(Object.values(forms)).size).toBe(Object.keys(forms).length)
  expect(new Set(stepRow).size).toBe(stepRow.length)
})
