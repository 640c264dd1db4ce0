import { execFileSync } from "node:child_process"
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join, resolve } from "node:path"
import { afterAll, describe, expect, it } from "vitest"

const root = resolve(import.meta.dirname, "../..")
const copy = mkdtempSync(join(tmpdir(), "finegrain-recipes-"))
afterAll(() => rmSync(copy, { recursive: true, force: true }))
for (const part of ["src", "cli", "laws", "package.json", "tsconfig.json"]) {
  cpSync(join(root, part), join(copy, part), { recursive: true })
}
symlinkSync(join(root, "node_modules"), join(copy, "node_modules"))

/** A heading with the blocks below it: what they are, and where they belong. */
interface Recipe {
  readonly title: string
  readonly blocks: ReadonlyArray<{ readonly kind: string; readonly file: string; readonly text: string }>
}

const recipes = readFileSync(join(root, "CONTRIBUTING.md"), "utf8").split(/^## /m).slice(1).map((section): Recipe => ({
  title: section.split("\n")[0]!,
  blocks: [...section.matchAll(/^```(\w+)(?: (\S+))?\n([\s\S]*?)^```/gm)].map((
    [, kind = "", file = "", text = ""]
  ) => ({
    kind,
    file,
    text
  }))
}))

const without = (mark: string, text: string) =>
  text.split("\n").filter((line) => !line.startsWith(mark)).map((line) => line.slice(1)).join("\n")

const apply = (blocks: Recipe["blocks"], kind: string, change: (file: string, text: string) => void) => {
  for (const block of blocks) if (block.kind === kind) change(join(copy, block.file), block.text)
}

const run = (command: string): string => {
  const words = command.replaceAll("\\\n", " ").split(/\s+/)
  expect(words.slice(0, 4)).toEqual(["npm", "run", "finegrain", "--"])
  const args = ["--conditions=finegrain:source", "cli/main.ts", ...words.slice(4)]
  return execFileSync(process.execPath, args, { cwd: copy, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })
}

// Each on top of those before: they do not get in one another's way.
describe.each(recipes)("$title", ({ blocks }) => {
  it("is one file and one line, and works", () => {
    apply(blocks, "typescript", writeFileSync)
    apply(blocks, "diff", (file, text) => {
      const before = without("+", text)
      const whole = readFileSync(file, "utf8")
      expect(whole.split(before), `${file} has this once:\n${before}`).toHaveLength(2)
      writeFileSync(file, whole.replace(before, () => without("-", text)))
    })
    const added = blocks.filter(({ kind }) => kind === "diff").flatMap(({ text }) => text.match(/^\+.*$/gm) ?? [])
    expect(added.filter((line) => !line.startsWith("+import "))).toHaveLength(1)
    expect(blocks.filter(({ kind }) => kind === "typescript")).toHaveLength(1)
    const [commands] = blocks.filter(({ kind }) => kind === "sh").map(({ text }) => text.trim())
    for (const command of commands!.split(/(?<!\\)\n/)) expect(run(command)).toMatch(/\d/)
    const figures = blocks.flatMap(({ text }) =>
      [...text.matchAll(/\bfigure: "(.+)"/g)].map(([, name]) => `${name}.svg`)
    )
    const drawn = readdirSync(copy, { recursive: true }).map((path) => basename(String(path)))
    expect(drawn).toEqual(expect.arrayContaining(figures))
  }, 120_000)
})

it("what they add passes the type checker", () => {
  writeFileSync(
    join(copy, "tsconfig.json"),
    JSON.stringify({ extends: join(root, "tsconfig.json"), include: ["src", "cli", "laws"] })
  )
  expect(() => execFileSync(join(root, "node_modules/.bin/tsc"), { cwd: copy, encoding: "utf8" })).not.toThrow()
}, 120_000)
