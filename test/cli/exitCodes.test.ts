import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { afterAll, expect, it } from "vitest"
import { exitCodes } from "../../cli/exitCodes.ts"
import { finegrain } from "../commandLine.ts"
import { writeTinyDataset } from "../tinyDataset.ts"

const root = resolve(import.meta.dirname, "../..")
const committed = join(root, "experiments", "results", "small")
const scratch = mkdtempSync(join(tmpdir(), "finegrain-codes-"))
mkdirSync(join(scratch, "data"))
writeTinyDataset(join(scratch, "data"))
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

/** Of every command something that it can do here, within a second or two, and how that ends. */
const commands: Readonly<Record<string, ReadonlyArray<readonly [args: string, code: number]>>> = {
  train: [[
    `--dataset ${scratch}/data --epochs 1 --model mlp --collection Euc --backend wasm --output ${scratch}/RUN`,
    0
  ]],
  run: [["/nowhere.ts", 2]],
  worker: [["--grid none", 6]],
  queue: [["list", 6]],
  slurm: [["list /nowhere", 6]],
  kubernetes: [[`${root}/experiments/small.ts --image finegrain --pods 2`, 0]],
  report: [[`${committed}/nothing`, 5]],
  evaluate: [["/nowhere", 5]],
  export: [[`${committed} --format csv --output ${scratch}/csv`, 0]],
  compare: [[`${committed} ${committed} --exact`, 0]],
  laws: [["sphere --shape 2x2 --runs 1", 0]],
  backends: [["", 0]],
  data: [["generated:cifar-10", 0], ["/nowhere", 3]]
}

it("knows all commands", async () => {
  const { stdout } = await finegrain("--help")
  const [, list = ""] = /SUBCOMMANDS\n([\s\S]*?)\n[A-Z]/.exec(stdout) ?? []
  expect([...list.matchAll(/^ {2}(\S+)/gm)].map(([, name]) => name).toSorted()).toEqual(
    Object.keys(commands).toSorted()
  )
})

it("every command has a result for programs, also those that can only fail here", () => {
  const files = globSync("cli/*.ts", { cwd: root }).map((file) =>
    [file, readFileSync(join(root, file), "utf8")] as const
  )
  const mute = files.filter(([, text]) =>
    /Command\.make\(\s*"(?!finegrain")/.test(text) && !text.includes("Voice.result")
  )
  expect(mute.map(([file]) => file)).toEqual([])
})

const cases = Object.entries(commands).flatMap(([name, all]) => all.map((one) => [name, ...one] as const))

it.each(cases)("%s %s says one JSON value for programs, and nothing but errors when it is to be quiet", async (
  name,
  given,
  code
) => {
  const args = (way: string) => [name, ...given.replace("RUN", way).split(" ").filter((word) => word !== "")]
  const told = await finegrain(...args("json"), "--json")
  const [result, error] = [told.stdout, told.stderr].map((text) =>
    text === "" ? undefined : JSON.parse(text) as { exitCode?: number }
  )
  expect([told.code, error?.exitCode ?? 0]).toEqual([code, code])
  // A command that failed before it came to a result has none.
  expect(code !== 0 || typeof result === "object").toBe(true)
  const silent = await finegrain(...args("quiet"), "--quiet")
  expect([silent.code, silent.stdout, silent.stderr === ""]).toEqual([code, "", code === 0])
})

it("a command that makes no sense is told as JSON, too", async () => {
  const { code, stderr, stdout } = await finegrain("train", "--epoch", "3", "--json")
  expect([code, stdout]).toEqual([2, ""])
  expect(JSON.parse(stderr)).toMatchObject({ exitCode: 2, message: expect.stringContaining("--epochs") })
})
