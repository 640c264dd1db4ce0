import { readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { expect, it } from "vitest"
import { render } from "../../scripts/settings.ts"

it("docs/settings.md says what the catalogues say; npm run docs:settings writes it anew", () => {
  expect(readFileSync(join(resolve(import.meta.dirname, "../.."), "docs", "settings.md"), "utf8")).toBe(render())
})
