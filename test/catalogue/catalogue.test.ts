import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeEach, describe, expect, it } from "vitest"
import { use } from "../backends.ts"
import * as commandLine from "./commandLine.ts"
import { outcomeOf, type Row, snapshot } from "./Row.ts"

/** Every file of rows in this folder. */
const files: ReadonlyArray<{ readonly rows: ReadonlyArray<Row> }> = [
  commandLine
]

const rows = files.flatMap(({ rows }) => rows)
/** So many there are at least: rows are never lost. */
const atLeast = 10

const scratch = mkdtempSync(join(tmpdir(), "finegrain-catalogue-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
beforeEach(() => use("cpu"))

/** One line, short enough to be read, that blames nobody for what was given. */
const isClear = (line: string): void => {
  expect(line).not.toMatch(/\n/)
  expect(line).not.toMatch(/ {4}at |defect of finegrain|undefined|\[object /)
  expect(line.length, line).toBeGreaterThan(0)
  expect(line.length, line).toBeLessThanOrEqual(mostLetters)
}
const mostLetters = 400

/** Of a snapshot what must not change. */
const kept = (untouched: Row["untouched"], taken: ReadonlyMap<string, string>) =>
  untouched === "everything" ? taken : new Map(untouched?.map((name) => [name, taken.get(name)]))

describe.each(rows.map((row, index) => ({ ...row, index })))("$area: $given", (row) => {
  it(row.says === undefined ? "has the right value" : "is answered with one clear line", async () => {
    // The same name for every row, whatever it is called: lines are compared as they are.
    const directory = join(scratch, String(row.index))
    mkdirSync(directory)
    await row.prepare?.(directory)
    const before = snapshot(directory)
    const outcome = await outcomeOf(row, directory)
    expect(outcome).not.toMatchObject({ _tag: "Defect" })
    if (row.says !== undefined) {
      const line = outcome._tag === "Line" ? outcome.line : outcome._tag === "Value" ? outcome.value : undefined
      expect(typeof line, "a line was expected, and there was a value").toBe("string")
      const shown = (line as string).replaceAll(directory, "DIR")
      isClear(shown)
      if (typeof row.says === "string") expect(shown).toBe(row.says)
      else expect(shown).toMatch(row.says)
    } else {
      expect(outcome).toEqual({ _tag: "Value", value: row.value })
    }
    if (row.untouched !== undefined) {
      expect(kept(row.untouched, snapshot(directory))).toEqual(kept(row.untouched, before))
    }
  })
})

describe("the catalogue", () => {
  it("says each thing once, with an answer", () => {
    expect(new Set(rows.map(({ area, given }) => `${area}: ${given}`)).size).toBe(rows.length)
    expect(rows.filter((row) => row.says === undefined && !("value" in row))).toEqual([])
  })

  it(`holds at least ${atLeast} rows`, () => expect(rows.length).toBeGreaterThanOrEqual(atLeast))
})
