import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { drawn, filled } from "../scripts/findings.ts"

const docs = join(import.meta.dirname, "..", "docs")

it("docs/findings.md tells what the committed results say: npm run docs:findings", () => {
  const page = readFileSync(join(docs, "findings.md"), "utf8")
  expect(filled(page)).toBe(page)
})

it("docs/findings.svg draws them", async () => {
  expect(`${await drawn()}\n`).toBe(readFileSync(join(docs, "findings.svg"), "utf8"))
})
