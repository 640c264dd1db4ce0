import * as Effect from "effect/Effect"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it, onTestFinished } from "vitest"
import * as modules from "../../src/experiment/queue/modules.ts"
import * as Door from "../../src/training/Door.ts"

it("modules travel with what they import, and are refused where they are not those of their checksums", async () => {
  const scratch = mkdtempSync(join(tmpdir(), "finegrain-modules-"))
  onTestFinished(() => rmSync(scratch, { recursive: true, force: true }))
  mkdirSync(join(scratch, "here", "parts"), { recursive: true })
  const file = join(scratch, "here", "mine.mjs")
  writeFileSync(file, "import { about } from \"./parts/about.mjs\"\nexport const models = { mine: { about } }\n")
  writeFileSync(join(scratch, "here", "parts", "about.mjs"), "export const about = \"mine\"\n")
  const used = (await Door.usedOf(file))!
  const packed = await Effect.runPromise(modules.pack([used]))
  expect(Object.keys(packed.files).toSorted()).toEqual(["mine.mjs", "parts/about.mjs"])

  const [there] = await Effect.runPromise(modules.unpack(packed, join(scratch, "there")))
  expect(readFileSync(there!, "utf8")).toBe(readFileSync(file, "utf8"))
  const refusal = (files: Readonly<Record<string, string>>) =>
    Effect.runPromise(
      Effect.flip(modules.unpack({ ...packed, files: { ...packed.files, ...files } }, join(scratch, "elsewhere")))
    )
  for (const name of ["mine.mjs", "parts/about.mjs"]) {
    const { message } = await refusal({ [name]: `${packed.files[name]}// Another line.\n` })
    expect(message).toContain("the grid's modules are refused")
  }
  expect((await refusal({ "../outside.mjs": "" })).message).toContain("../outside.mjs is no path below a directory")
})
