import { globSync, readdirSync, readFileSync, statSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { expect, it } from "vitest"
import { render as readme } from "../scripts/readme.ts"

const root = resolve(import.meta.dirname, "..")
const documents = globSync(["*.md", "docs/**/*.md", "bench/*.md"], { cwd: root })
const textOf = (file: string) => readFileSync(join(root, file), "utf8")

/** As GitHub makes anchors of headings. */
const anchors = (file: string): ReadonlySet<string> =>
  new Set(
    [...textOf(file).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
      heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-")
    )
  )

it("no link within the documents is dead", () => {
  const links = documents.flatMap((file) =>
    [...textOf(file).replaceAll(/^```[\s\S]*?^```/gm, "").matchAll(/\]\(([^)\s]+)\)/g)].map(([, to = ""]) =>
      [file, to] as const
    )
  ).filter(([, to]) => !/^[a-z]+:/.test(to))
  expect(links.length).toBeGreaterThan(40)
  const dead = links.filter(([file, to]) => {
    const [path = "", anchor] = to.split("#")
    const target = path === "" ? file : join(dirname(file), path)
    // The reference has no pages for directories.
    return !statSync(join(root, target), { throwIfNoEntry: false })?.isFile() ||
      (anchor !== undefined && !anchors(target).has(anchor))
  })
  expect(dead).toEqual([])
})

/** Words have a letter or a digit; code and tables count as everything else. */
const wordsIn = (text: string) => text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length

it("README.md has 900 words at most, and what follows from something else as it should be", () => {
  expect(wordsIn("two words | --- | – `and` 3×3")).toBe(4)
  expect(wordsIn(textOf("README.md"))).toBeLessThanOrEqual(900)
  expect(textOf("README.md")).toBe(readme())
})

it("docs/README.md leads to every page", () => {
  const pages = readdirSync(join(root, "docs")).filter((file) => file.endsWith(".md") && file !== "README.md")
  expect(pages.filter((page) => !textOf("docs/README.md").includes(`](${page})`))).toEqual([])
})

it("every decision has a number of its own, a title and a date, and stands in ARCHITECTURE.md", () => {
  const architecture = textOf("ARCHITECTURE.md")
  const decisions = readdirSync(join(root, "docs/decisions"))
  for (const file of decisions) {
    expect(textOf(join("docs/decisions", file)), file).toMatch(/^# .*\n\n20\d\d-\d\d-\d\d\n\n/)
    expect(architecture).toContain(`](docs/decisions/${file})`)
  }
  const numbers = decisions.map((file) => file.slice(0, 3))
  expect(new Set(numbers).size).toBe(numbers.length)
})

it("every variable of the environment that the sources read stands in docs/engines.md", () => {
  const sources = globSync(["src/**/*.ts", "cli/**/*.ts"], { cwd: root })
  const read = new Set(
    sources.flatMap((file) => [...textOf(file).matchAll(/FINEGRAIN_[A-Z_]+/g)].map(([name]) => name))
  )
  expect(read).toContain("FINEGRAIN_THREADS")
  expect([...read].filter((name) => !textOf("docs/engines.md").includes(`\`${name}`))).toEqual([])
})
