import { readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { expect, it } from "vitest"
import { filled } from "../scripts/findings.ts"

it("docs/findings.md tells what the committed results say: npm run docs:findings", () => {
  const page = readFileSync(join(resolve(import.meta.dirname, ".."), "docs", "findings.md"), "utf8")
  expect(filled(page)).toBe(page)
})
