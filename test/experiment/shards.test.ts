import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import { Experiment } from "finegrain"
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import * as ExperimentDirectory from "../../src/experiment/ExperimentDirectory.ts"
import * as shard from "../../src/experiment/shard.ts"
import * as RunLock from "../../src/training/RunLock.ts"
import { finegrain } from "../commandLine.ts"
import { writeTinyDataset } from "../tinyDataset.ts"

const scratch = mkdtempSync(join(tmpdir(), "finegrain-shards-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
writeTinyDataset(scratch)
const at = (...parts: ReadonlyArray<string>) => join(scratch, ...parts)

const experiment: Experiment.Experiment = {
  name: "tiny",
  about: "Does a table survive?",
  base: { dataset: scratch, epochs: 1, batchSize: 48, backend: "wasm", threads: 1 },
  rows: [
    { name: "Euc", settings: { collection: "Euc" } },
    { name: "Sp+St", settings: { collection: "Sp+St" } }
  ],
  seeds: [1]
}
const selection = { setting: "learningRate", values: [0.1, 0.2], seed: 9, validationImages: 16 }

const idsOf = (cells: ReadonlyArray<Experiment.Cell>) =>
  cells.flatMap(({ candidates, finals }) => [...candidates, ...finals(undefined)].map(({ id }) => id))

describe("a shard", () => {
  const columns = ["a", "b"].map((name) => ({ name, settings: {} }))
  const plan = (more: object) => Effect.runPromise(Experiment.plan({ ...experiment, columns, seeds: [1, 2], ...more }))

  it.each([[{}, 8], [{ selection }, 4]])("is some of the grid, and all of them are the grid, each trial once", async (
    more,
    most
  ) => {
    const cells = await plan(more)
    expect(shard.most(cells)).toBe(most)
    for (const count of [1, 2, 3, most]) {
      const parts = Array.from({ length: count }, (_, i) => idsOf(shard.take(cells, { index: i + 1, count })))
      expect(parts.every(({ length }) => length > 0)).toBe(true)
      expect(parts.flat().toSorted()).toEqual(idsOf(cells).toSorted())
    }
  })

  it("has some of every column, and candidates where their final runs are", async () => {
    const [first] = [shard.take(await plan({}), { index: 1, count: 2 })]
    expect(idsOf(first!)).toEqual(["Euc/a/seed-1", "Euc/b/seed-1", "Sp_St/a/seed-1", "Sp_St/b/seed-1"])
    const own = shard.take(await plan({ selection }), { index: 2, count: 2 })
    expect(own.map(({ column, row }) => [row, column])).toEqual([["Sp+St", "a"], ["Sp+St", "b"]])
    expect(own.every(({ candidates, finals }) => candidates.length === 2 && finals(0.1).length === 2)).toBe(true)
  })

  it("is written i/n", () => {
    expect(shard.parse("2/3")).toEqual({ index: 2, count: 3 })
    expect(["0/3", "4/3", "1", "1/0", "1/2/3", "a/b", "-1/2", "1.5/2"].flatMap((text) => shard.parse(text) ?? []))
      .toEqual([])
  })
})

interface Json {
  [key: string]: Json
}
const json = (...parts: ReadonlyArray<string>) => JSON.parse(readFileSync(at(...parts), "utf8")) as Json
const text = (...parts: ReadonlyArray<string>) => readFileSync(at(...parts), "utf8")
/** What was measured of time is no result. */
const timeless = (...parts: ReadonlyArray<string>) => text(...parts).replaceAll(/"seconds": [^,]+/g, "")

const run = (output: string, ...more: ReadonlyArray<string>) =>
  finegrain("run", at("tiny.mjs"), "--output", at(output), ...more)
const merge = (output: string, ...directories: ReadonlyArray<string>) =>
  finegrain("report", "--merge", ...directories.map((name) => at(name)), "--output", at(output))

/** A copy of a directory in which one file says something else. */
const changed = (name: string, from: string, file: string, change: (text: string) => string) => {
  cpSync(at(from), at(name), { recursive: true })
  const before = text(name, file)
  writeFileSync(at(name, file), change(before))
  expect(text(name, file)).not.toBe(before)
  return name
}

describe("directories of shards", () => {
  const trial = join("trials", "Sp_St", "small-cnn", "seed-1")
  beforeAll(async () => {
    writeFileSync(at("tiny.mjs"), `export default ${JSON.stringify(experiment)}\n`)
    for (const [output, ...more] of [["whole"], ["one", "--shard", "1/2"], ["two", "--shard", "2/2"]]) {
      const { code, stderr } = await run(output!, ...more)
      if (code !== 0) throw new Error(stderr)
    }
  }, 120_000)

  it("say of which part they are, and hold no trial of another", async () => {
    expect(json("two", "experiment.json")["shard"]).toEqual({ index: 2, count: 2 })
    expect(["one", "two"].map((output) => readdirSync(at(output, "trials")))).toEqual([["Euc"], ["Sp_St"]])
    const { code, stderr } = await run("two", "--shard", "1/2", "--resume")
    expect([code, stderr]).toEqual([2, expect.stringContaining("the shard was \"2/2\", now it is \"1/2\"")])
  })

  it("of more parts than there are, or of none, are refused", async () => {
    const many = await run("many", "--shard", "3/3")
    expect([many.code, many.stderr]).toEqual([2, expect.stringContaining("there are 2 runs, so at most 2 parts")])
    const none = await run("many", "--shard", "0/2")
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining("the first is 1/3")])
    expect(existsSync(at("many"))).toBe(false)
  })

  it("join to the bits of one machine, in whatever order, and `run --resume` finds nothing left to do", async () => {
    const before = text("one", "results.json")
    expect((await merge("joined", "two", "one")).code).toBe(0)
    expect(timeless("joined", "results.json")).toBe(timeless("whole", "results.json"))
    for (const file of ["table.md", "experiment.json"]) expect(text("joined", file)).toBe(text("whole", file))
    // As open to others as what was joined.
    const modes = ["one", "joined", "joined/trials"].map((name) => statSync(at(name)).mode)
    expect(new Set(modes).size).toBe(1)
    const written = text("joined", "results.json")
    expect((await run("joined", "--resume")).code).toBe(0)
    expect([text("joined", "results.json"), text("one", "results.json")]).toEqual([written, before])
  }, 60_000)

  it("join into a directory that is there and empty", async () => {
    mkdirSync(at("empty"))
    expect((await merge("empty", "one", "two")).code).toBe(0)
    expect(timeless("empty", "results.json")).toBe(timeless("whole", "results.json"))
  }, 30_000)

  it("overwrite nothing, and leave nothing where they do not join", async () => {
    const { code, stderr } = await merge("whole", "one", "two")
    expect([code, stderr]).toEqual([2, expect.stringContaining("is not empty")])
    expect((await merge("nothing", "one")).stderr).toContain("two directories or more")
    expect((await merge("nothing", "one", "two", "one")).stderr).toContain("is given twice")
    expect((await merge("nothing", "one", "absent")).stderr).toContain("no experiment.json")
    expect(readdirSync(scratch).filter((name) => /nothing|joining/.test(name))).toEqual([])
    const watch = await finegrain("report", "--watch", "--merge", at("one"), at("two"))
    expect([watch.code, watch.stderr]).toEqual([2, expect.stringContaining("--watch")])
    expect((await finegrain("report", at("one"), "--output", at("nothing"))).stderr).toContain("--merge only")
  })

  it("of which one has not ended join to what there is, which says so", async () => {
    cpSync(at("two"), at("half"), { recursive: true })
    rmSync(at("half", trial, "summary.json"))
    const { code, stdout } = await merge("open", "one", "half")
    expect([code, stdout]).toEqual([0, expect.stringContaining("Sp+St, small-cnn, seed 1: killed")])
    expect(stdout).not.toContain("Euc,")
    expect(stdout).toContain(`--output ${at("open")} --resume`)
  }, 30_000)

  it("that have trials in common take each from where it has ended, whichever comes first", async () => {
    const trials = ["half", "one", "whole", "two"].map((name) => at(name))
    const results = await Effect.runPromise(
      Effect.flatMap(ExperimentDirectory.merge(trials, at("mended")), ExperimentDirectory.results).pipe(
        Effect.provide(NodeServices.layer)
      )
    )
    const { cells } = json("whole", "results.json")
    const bits = (of: unknown) => JSON.stringify(of).match(/"weightsSha256":"\w+"/g)
    expect(bits(results)).toHaveLength(2)
    expect(bits(results)).toEqual(bits(cells))
  })

  const manifest = join(trial, "manifest.json")
  it.each<[string, string, (text: string) => string, string]>([
    ["other settings", "experiment.json", (text) => text.replace("\"epochs\": 1", "\"epochs\": 2"), "epochs in base"],
    ["other seeds", "experiment.json", (text) => text.replace(/"seeds": \[\s*1/, "\"seeds\": [2"), "seed 1 is gone"],
    ["other words", "experiment.json", (text) => text.replace("survive", "stand"), "about is not the same"],
    ["other data", manifest, (text) => text.replace(/"sha256": "..../, "\"sha256\": \"beef"), "the data"],
    ["another engine", manifest, (text) => text.replace("WebAssembly", "WebAsm"), "backend.device of wasm"],
    [
      "another revision",
      manifest,
      (text) => text.replace(/"revision": (null|"....)/, "\"revision\": \"beef"),
      "revision is"
    ],
    [
      "a trial of other settings",
      manifest,
      (text) => text.replace("\"epochs\": 1", "\"epochs\": 2"),
      "epochs is 2, not 1"
    ],
    ["a damaged trial", join(trial, "summary.json"), (text) => text.slice(0, 40), "is damaged"],
    [
      "other bits",
      join(trial, "summary.json"),
      (text) => text.replace(/("weightsSha256": ")..../, "$1beef"),
      "weightsSha256"
    ],
    ["other losses", join(trial, "summary.json"), (text) => text.replace(/("testLoss": )\d/, "$19"), "testLoss"]
  ])("with %s: refused by name", async (what, file, change, problem) => {
    const name = changed(`other-${what}`, "two", file, change)
    const { code, stderr } = await merge("refused", "one", "two", name)
    expect([code, stderr]).toEqual([2, expect.stringContaining(problem)])
    expect(stderr).toContain(at(name))
    expect(existsSync(at("refused"))).toBe(false)
  })

  it("with other modules: refused by name, wherever they were", async () => {
    const used = (...those: ReadonlyArray<readonly [sha256: string, file: string]>) => (text: string) => {
      const use = those.map(([sha256, file]) => ({ file, sha256, imports: { "beside.ts": `${sha256}00` } }))
      return text.replace("{", `{"use": ${JSON.stringify(use)},`)
    }
    const first = join("trials", "Euc", "small-cnn", "seed-1", "manifest.json")
    const own = changed("own-modules", "one", first, used(["aa", "/a/m.ts"]))
    const same = changed("same-modules", "two", manifest, used(["aa", "/b/m.ts"]))
    const other = changed("other-modules", "two", manifest, used(["bb", "/b/m.ts"]))
    const twins = changed("twins", "one", first, used(["aa", "/a/m.ts"], ["bb", "/b/m.ts"]))
    const twin = changed("twin", "two", manifest, used(["cc", "/a/m.ts"], ["bb", "/b/m.ts"]))
    const merging = (name: string, begun: string) =>
      ExperimentDirectory.merge([at(begun), at(name)], at(`merged-${name}`))
    const problem = (name: string, begun = own) =>
      Effect.runPromise(
        Effect.match(merging(name, begun), { onFailure: ({ message }) => message, onSuccess: () => "" }).pipe(
          Effect.provide(NodeServices.layer)
        )
      )
    expect(await problem(same)).toBe("")
    expect(await problem(other)).toContain("the module m.ts is aa in")
    // Of two of one name the first is another.
    expect(await problem(twin, twins)).toContain("the module m.ts is aa in")
  })

  it("at which somebody is at work, or that hold results alone, are refused", async () => {
    cpSync(at("two"), at("bare"), { recursive: true })
    rmSync(at("bare", "trials"), { recursive: true })
    expect((await merge("refused", "one", "bare")).stderr).toContain("results without trials")
    cpSync(at("two"), at("busy"), { recursive: true })
    const refused = await Effect.runPromise(
      Effect.scoped(Effect.andThen(
        RunLock.acquire(at("busy", "experiment.lock")),
        Effect.flip(ExperimentDirectory.merge([at("one"), at("busy")], at("refused")))
      )).pipe(Effect.provide(NodeServices.layer))
    )
    expect(refused.message).toContain("a process is at work")
  }, 30_000)
})
