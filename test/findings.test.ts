import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { drawn, filled, pages } from "../scripts/findings.ts"

const docs = join(import.meta.dirname, "..", "docs")
const textOf = (file: string) => readFileSync(join(docs, file), "utf8")

it("the pages of findings tell what the committed results say: npm run docs:findings", () => {
  const texts = pages().map(textOf)
  expect(texts.length).toBeGreaterThan(5)
  expect(filled(texts)).toEqual(texts)
})

it("their figures draw them", async () => {
  for (const [file, svg] of Object.entries(await drawn())) expect(textOf(file) === svg, file).toBe(true)
})

it("docs/findings.md leads to every page of them", () => {
  expect(pages().slice(1).filter((page) => !textOf("findings.md").includes(`](${page})`))).toEqual([])
})
