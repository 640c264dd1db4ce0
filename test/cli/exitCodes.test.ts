import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { afterAll, expect, it } from "vitest"
import { exitCodes } from "../../cli/exitCodes.ts"
import { finegrain } from "../commandLine.ts"

const root = resolve(import.meta.dirname, "../..")
const committed = join(root, "experiments", "results", "small")
const scratch = mkdtempSync(join(tmpdir(), "finegrain-codes-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** Names of all errors that the library and the command line know. */
const errors = globSync("{src,cli}/**/*.ts", { cwd: root }).flatMap((file) =>
  [...readFileSync(join(root, file), "utf8").matchAll(/Schema\.TaggedError<\w+>\(\)\("(\w+)"/g)].map(([, name]) =>
    name!
  )
)

it("every error has one code, and a code means one thing", () => {
  expect(errors.length).toBeGreaterThan(30)
  expect(Object.values(exitCodes).flatMap(({ errors }) => errors).toSorted()).toEqual([...new Set(errors)].toSorted())
  const codes = Object.values(exitCodes).map(({ code }) => code)
  expect(new Set(codes).size).toBe(codes.length)
})

it.each([
  [["data", "generated:cifar-10"], 0],
  [["data", "/nowhere"], 3],
  [["laws", "sphere", "--shape", "2x2", "--runs", "1"], 0],
  [["backends"], 0],
  [["compare", committed, committed, "--exact"], 0],
  [["report", join(committed, "nothing")], 5],
  [["export", committed, "--format", "csv", "--output", scratch], 0]
])("%j says one JSON value for programs, and nothing but errors when it is to be quiet", async (args, code) => {
  const told = await finegrain(...args, "--json")
  const [result, error] = [told.stdout, told.stderr].map((text) =>
    text === "" ? undefined : JSON.parse(text) as { exitCode?: number }
  )
  // A command that failed before it came to a result has none.
  expect([told.code, typeof result]).toEqual([code, code === 5 ? "undefined" : "object"])
  expect(error?.exitCode ?? 0).toBe(code)
  const silent = await finegrain(...args, "--quiet")
  expect([silent.code, silent.stdout, silent.stderr === ""]).toEqual([code, "", code === 0])
})

it("a command that makes no sense is told as JSON, too", async () => {
  const { code, stderr, stdout } = await finegrain("train", "--epoch", "3", "--json")
  expect([code, stdout]).toEqual([2, ""])
  expect(JSON.parse(stderr)).toMatchObject({ exitCode: 2, message: expect.stringContaining("--epochs") })
})
