import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeEach, describe, expect, it } from "vitest"
import { use } from "../backends.ts"
import * as commandLine from "./commandLine.ts"
import * as data from "./data.ts"
import * as declarations from "./declarations.ts"
import * as faults from "./faults.ts"
import * as spheres from "./geometry-spheres.ts"
import * as kernels from "./kernels.ts"
import * as laws from "./laws.ts"
import * as linalg from "./linalg.ts"
import * as modules from "./modules.ts"
import * as optimizers from "./optimizers.ts"
import * as rims from "./rims.ts"
import { outcomeOf, type Row, snapshot } from "./Row.ts"
import * as scales from "./scales.ts"
import * as stiefel from "./stiefel.ts"

/** Every file of rows in this folder. */
const files: ReadonlyArray<{ readonly rows: ReadonlyArray<Row> }> = [
  commandLine,
  laws,
  data,
  declarations,
  faults,
  kernels,
  linalg,
  modules,
  optimizers,
  rims,
  spheres,
  scales,
  stiefel
]

const rows = files.flatMap(({ rows }) => rows)
/** So many there are at least: rows are never lost. */
const atLeast = 400

const scratch = mkdtempSync(join(tmpdir(), "finegrain-catalogue-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
beforeEach(() => use("cpu"))

const mostLetters = 400

/** What keeps a line from being one clear line, short enough to be read, that blames nobody for what was given. */
const unclear = (line: string): ReadonlyArray<string> => [
  ...(/\n/.test(line) ? ["it is several lines"] : []),
  ...(/ {4}at |defect of finegrain|undefined|\[object /.test(line) ? ["it shows the inside of finegrain"] : []),
  ...(line.length === 0 ? ["it is empty"] : []),
  ...(line.length > mostLetters ? [`it has ${line.length} letters`] : [])
]

/** Of what must not change, what did. */
const changed = ({ untouched = [] }: Row, before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>) => {
  const names = untouched === "everything" ? new Set([...before.keys(), ...after.keys()]) : untouched
  return [...names].filter((name) => before.get(name) !== after.get(name))
}

const judged = async (row: Row, directory: string) => {
  mkdirSync(directory)
  await row.prepare?.(directory)
  const before = snapshot(directory)
  const outcome = await outcomeOf(row, directory)
  const isLine = row.says !== undefined &&
    (outcome._tag === "Line" || outcome._tag === "Value" && typeof outcome.value === "string")
  const text = outcome._tag === "Line" ? outcome.line : outcome.value
  // The directory has the same name in every run.
  const answer = isLine ? { _tag: "Line", line: String(text).replaceAll(directory, "DIR") } : outcome
  return {
    answer,
    unclear: "line" in answer ? unclear(answer.line) : [],
    changed: changed(row, before, snapshot(directory))
  }
}

const expected = ({ says, value }: Row) => ({
  answer: says === undefined
    ? { _tag: "Value", value }
    : { _tag: "Line", line: typeof says === "string" ? says : expect.stringMatching(says) as string },
  unclear: [],
  changed: []
})

it.each(rows.map((row, index) => ({ ...row, index })))("$area: $given", async ({ index, ...row }) => {
  expect(await judged(row, join(scratch, String(index)))).toEqual(expected(row))
})

describe("the catalogue", () => {
  it("says each thing once, with an answer", () => {
    expect(new Set(rows.map(({ area, given }) => `${area}: ${given}`)).size).toBe(rows.length)
    expect(rows.filter((row) => row.says === undefined && !("value" in row))).toEqual([])
  })

  it(`holds at least ${atLeast} rows`, () => expect(rows.length).toBeGreaterThanOrEqual(atLeast))
})
