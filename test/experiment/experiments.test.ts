import { type Experiment, Statistics } from "finegrain"
import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
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
import { join, resolve } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { finegrain as inProcess } from "../commandLine.ts"
import { writeTinyDataset } from "../tinyDataset.ts"

const root = resolve(import.meta.dirname, "../..")
const main = join(root, "cli", "main.ts")
const scratch = mkdtempSync(join(tmpdir(), "finegrain-experiment-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
writeTinyDataset(scratch)

const flags = ["--conditions=finegrain:source", main]
/** In this process; trials have their own. Files and directories are those of `scratch`. */
const finegrain = (...args: ReadonlyArray<string>) => {
  const isPath = (arg: string, i: number) =>
    arg.endsWith(".ts") || args[i - 1] === "--output" ||
    (i > 0 && !arg.startsWith("-") && /report|compare/.test(args[0]!))
  return inProcess(...args.map((arg, i) => isPath(arg, i) ? resolve(scratch, arg) : arg))
}

const experiment: Experiment.Experiment = {
  name: "tiny",
  about: "Do spheres help with <stripes> & blanks?",
  base: { dataset: scratch, epochs: 2, batchSize: 8, backend: "wasm", measures: ["calibration", "label-noise"] },
  rows: [
    { name: "Euc", settings: { collection: "Euc" } },
    { name: "PIO (Sp+St)", settings: { collection: "Sp+St" } }
  ],
  seeds: [1, 2],
  also: ["gap", "gradientNorm", "calibration", "label-noise/clean"],
  selection: { setting: "learningRate", values: [0.02, 0.1], seed: 9, validationImages: 16 },
  published: { source: "Someone 2020", errors: { Euc: { "small-cnn": { mean: 5.5, deviation: 0.25 } } } },
  smoke: { epochs: 1 }
}

const file = (name: string, value: unknown, before = "") => {
  const path = join(scratch, name)
  writeFileSync(path, `${before}export default ${JSON.stringify(value)}\n`)
  return path
}

interface Stored {
  readonly cells: ReadonlyArray<{
    readonly row: string
    readonly chosen: number
    readonly error?: Statistics.Sample
    readonly versusBaseline?: Statistics.Paired
    readonly finals: ReadonlyArray<{
      readonly id: string
      readonly seed: number
      readonly status: string
      readonly reason?: string
      readonly report?: string
      readonly environment?: number
      readonly summary?: { readonly weightsSha256: string }
    }>
  }>
  readonly environments: ReadonlyArray<{ readonly versions: { readonly revision: string | null } }>
}
const results = (output: string) => JSON.parse(readFileSync(join(scratch, output, "results.json"), "utf8")) as Stored
const bits = (output: string) =>
  results(output).cells.map(({ finals }) => finals.map(({ summary }) => summary?.weightsSha256))

describe("finegrain run", () => {
  beforeAll(async () => {
    await finegrain("run", file("tiny.ts", experiment), "--jobs", "2", "--output", "whole")
  }, 600_000)

  it("runs the grid, chooses by validation, and writes table, results and report", () => {
    const { cells } = results("whole")
    expect(cells.map(({ row }) => row)).toEqual(["Euc", "PIO (Sp+St)"])
    for (const { chosen, error, finals } of cells) {
      expect([0.02, 0.1]).toContain(chosen)
      expect(finals.map(({ seed }) => seed)).toEqual([1, 2])
      expect(error?.count).toBe(2)
    }
    expect(cells[1]!.versusBaseline?.count).toBe(2)
    const manifest = (...path: ReadonlyArray<string>) =>
      JSON.parse(readFileSync(join(scratch, "whole", "trials", ...path, "manifest.json"), "utf8")) as {
        readonly dataset: { readonly train: number; readonly test: number }
        readonly config: { readonly learningRate: number }
      }
    // Candidates never see the test set, and final runs train on everything.
    expect(manifest("Euc", "small-cnn", "select-0.1").dataset).toMatchObject({ train: 80, test: 16 })
    expect(manifest("Euc", "small-cnn", `seed-1-at-${cells[0]!.chosen}`).dataset).toMatchObject({ train: 96, test: 30 })
    expect(manifest("Euc", "small-cnn", `seed-1-at-${cells[0]!.chosen}`).config.learningRate).toBe(cells[0]!.chosen)
    const table = readFileSync(join(scratch, "whole", "table.md"), "utf8")
    expect(table).toMatch(
      new RegExp(
        String.raw`\| Euc \| \d+\.\d\d ± \d+\.\d\d \| \d+\.\d\d … \d+\.\d\d \| – \| -?\d+\.\d\d ± \d+\.\d\d \| ` +
          String.raw`[\d.]+ ± [\d.]+ \| [\d.]+ ± [\d.]+ \| [\d.]+ ± [\d.]+ \| 0\.\d+ \| 5\.50 ± 0\.25 \|`
      )
    )
    const html = readFileSync(join(scratch, "whole", "report.html"), "utf8")
    expect(html).toContain("Do spheres help with &lt;stripes&gt; &amp; blanks?")
    // What follows the pointer stands in the page: nothing is loaded from elsewhere.
    expect(html).not.toMatch(/<script[^>]*src|https?:\/\/(?!www\.w3\.org)/)
    expect(html.match(/<svg/g)).toHaveLength(17)
    // Every trial has its own page, and says where it ran.
    for (const { finals } of cells) {
      for (const { environment, report, status } of finals) {
        expect([status, environment]).toEqual(["completed", 0])
        expect(readFileSync(join(scratch, "whole", report!), "utf8")).toContain("<svg")
      }
    }
    const manifests = readFileSync(join(scratch, "whole", "manifests.jsonl"), "utf8").trim().split("\n").map((line) =>
      JSON.parse(line) as { readonly id: string; readonly manifest: { readonly layers: ReadonlyArray<object> } }
    )
    expect(manifests.map(({ id }) => id)).toContain(cells[1]!.finals[1]!.id)
    expect(manifests).toHaveLength(8)
    expect(manifests[0]!.manifest.layers[0]).toMatchObject({ groups: { count: expect.any(Number) as number } })
    expect(existsSync(join(scratch, "whole", "experiment.lock"))).toBe(false)
    // Both rows and all four errors are drawn.
    const dots = readFileSync(join(scratch, "whole", "figures", "test-errors-small-cnn.svg"), "utf8")
    expect(dots).toContain("PIO (Sp+St)")
    expect(dots.match(/aria-roledescription="circle"/g)).toHaveLength(4)
  })

  it("draws a report of what is recorded, and no empty figure", async () => {
    cpSync(join(scratch, "whole"), join(scratch, "older"), { recursive: true })
    for (const name of readdirSync(join(scratch, "older"), { recursive: true })) {
      const path = join(scratch, "older", String(name))
      if (path.endsWith("events.jsonl")) {
        writeFileSync(path, readFileSync(path, "utf8").replaceAll(/,"gradientNorm":[^,}]+/g, ""))
      }
    }
    rmSync(join(scratch, "older", "results.json"))
    rmSync(join(scratch, "older", "table.md"))
    expect((await finegrain("report", "older")).code).toBe(0)
    const table = (output: string) => readFileSync(join(scratch, output, "table.md"), "utf8")
    expect(table("older")).toBe(table("whole"))
    const figures = (output: string) =>
      readFileSync(join(scratch, output, "report.html"), "utf8").match(/<h2>/g)?.length
    expect([figures("whole"), figures("older")]).toEqual([17, 16])
  }, 30_000)

  it("refuses to mix with what is there, and keeps what is done with --resume", async () => {
    const again = await finegrain("run", "tiny.ts", "--output", "whole")
    expect([again.code === 0, again.stderr]).toEqual([false, expect.stringContaining("--resume")])
    const before = bits("whole")
    const resumed = await finegrain("run", "tiny.ts", "--output", "whole", "--resume")
    expect(resumed.code).toBe(0)
    expect(bits("whole")).toEqual(before)
    const trial = `seed-1-at-${results("whole").cells[0]!.chosen}`
    const events = readFileSync(join(scratch, "whole", "trials", "Euc", "small-cnn", trial, "events.jsonl"), "utf8")
    expect(events).not.toContain("Resumed")
  }, 60_000)

  it("with another candidate keeps what is done, and chooses anew", async () => {
    cpSync(join(scratch, "whole"), join(scratch, "more"), { recursive: true })
    const more = { ...experiment, selection: { ...experiment.selection, values: [0.02, 0.1, 0.05] } }
    const args = ["run", file("more.ts", more), "--only", "Euc", "--jobs", "2", "--output", "more", "--resume"]
    const { code, stderr } = await finegrain(...args)
    expect([code, stderr]).toEqual([0, ""])
    expect(readdirSync(join(scratch, "more", "trials", "Euc", "small-cnn"))).toContain("select-0.05")
    const [chosen, before] = ["more", "whole"].map((output) => results(output).cells[0]!.chosen)
    expect(chosen === before ? bits("more")[0] : bits("whole")[0]).toEqual(bits("whole")[0])
  }, 60_000)

  it("killed, ends its workers; resumed, ends with the same bits", async () => {
    const runner = spawn(process.execPath, [...flags, "run", "tiny.ts", "--jobs", "2", "--output", "killed"], {
      cwd: scratch
    })
    while (!existsSync(join(scratch, "killed", "trials", "Euc", "small-cnn", "select-0.1", "events.jsonl"))) {
      await sleep(20)
    }
    runner.kill("SIGKILL")
    await once(runner, "exit")
    const locks = () =>
      readdirSync(join(scratch, "killed"), { recursive: true }).filter((name) => String(name).endsWith("run.lock"))
    for (let i = 0; i < 500 && locks().length > 0; i++) await sleep(20)
    expect(locks()).toEqual([])
    // Its table is there, and tells what was killed from what was never run.
    expect((await finegrain("report", "killed")).code).toBe(0)
    const table = readFileSync(join(scratch, "killed", "table.md"), "utf8")
    expect(table).toMatch(/\| Euc \| – \(to choose: .*(killed|interrupted)/)
    expect(table).toMatch(/\| PIO \(Sp\+St\) \| not run \|/)
    const compared = await finegrain("compare", "whole", "killed")
    expect([compared.code, compared.stdout]).toEqual([0, expect.stringMatching(/(killed|interrupted)/)])
    const { code, stderr } = await finegrain("run", "tiny.ts", "--output", "killed", "--resume", "--only", "Euc")
    expect([code, stderr]).toEqual([0, ""])
    expect(bits("killed")[0]).toEqual(bits("whole")[0])
  }, 120_000)

  it("refuses a second process at the same directory, before it writes anything", async () => {
    const first = spawn(process.execPath, [
      ...flags,
      "run",
      "tiny.ts",
      "--smoke",
      "--only",
      "Euc",
      "--output",
      "shared"
    ], {
      cwd: scratch
    })
    while (!existsSync(join(scratch, "shared", "experiment.json"))) await sleep(5)
    const before = readFileSync(join(scratch, "shared", "experiment.json"), "utf8")
    const second = await finegrain("run", "more.ts", "--smoke", "--resume", "--output", "shared")
    expect([second.code, second.stderr]).toEqual([
      5,
      expect.stringMatching(/shared: process \d+ on .* is at work on it/)
    ])
    expect(readFileSync(join(scratch, "shared", "experiment.json"), "utf8")).toBe(before)
    const [code] = await once(first, "exit") as [number]
    expect(code).toBe(0)
  }, 60_000)

  it("does not resume another experiment, and says all that differs", async () => {
    const [euc, pio] = experiment.rows
    const other = {
      ...experiment,
      name: "other",
      base: { ...experiment.base, epochs: 3 },
      rows: [{ name: "Euc", settings: { ...euc!.settings, strategy: "PI" } }],
      seeds: [1, 3],
      selection: { ...experiment.selection, values: [0.02], seed: 10, validationImages: 8 }
    }
    const before = readFileSync(join(scratch, "whole", "results.json"), "utf8")
    const { code, stderr } = await finegrain("run", file("other.ts", other), "--resume", "--output", "whole")
    expect(code).toBe(2)
    for (
      const difference of [
        "the name was \"tiny\", now it is \"other\"",
        "epochs in base was 2, now it is 3",
        "strategy in row \"Euc\" was not set, now it is \"PI\"",
        `row "${pio!.name}" is gone`,
        "seed 2 is gone",
        "candidate 0.1 is gone",
        "the seed that chooses was 9, now it is 10",
        "validationImages of the selection was 16, now it is 8"
      ]
    ) expect(stderr).toContain(difference)
    const smoke = await finegrain("run", "tiny.ts", "--smoke", "--resume", "--output", "whole")
    expect([smoke.code, smoke.stderr]).toEqual([2, expect.stringContaining("it was a full run")])
    expect(readFileSync(join(scratch, "whole", "results.json"), "utf8")).toBe(before)
  }, 60_000)

  it(
    "reports a row that diverges as such, goes on with the others, and trains it again only with --retry",
    async () => {
      const { selection: _, published: __, ...plain } = experiment
      const wild = {
        ...plain,
        seeds: [1],
        rows: [{ name: "wild | γ", settings: { learningRate: 1e30 } }, plain.rows[1]]
      }
      const { code, stdout } = await finegrain("run", file("wild.ts", wild), "--output", "wild")
      expect(code).toBe(0)
      expect(stdout).toMatch(/wild \| γ +– \(diverged\)/)
      const [first, second] = results("wild").cells
      expect(first!.finals[0]).toMatchObject({
        id: "wild_gamma/small-cnn/seed-1",
        status: "diverged",
        reason: expect.stringMatching(/^Training diverged at step \d+/) as string
      })
      expect(second!.error?.count).toBe(1)
      const table = readFileSync(join(scratch, "wild", "table.md"), "utf8")
      expect(table).toMatch(/^\| wild \\\| γ \| – \(diverged\) \|/m)
      expect(table).toMatch(/^- wild \\\| γ, small-cnn, seed 1: diverged\. Training diverged at step/m)
      const own = join(scratch, "wild", "trials", "wild_gamma", "small-cnn", "seed-1")
      const written = () => statSync(join(own, "summary.json")).mtimeMs
      const before = written()
      const kept = await finegrain("run", "wild.ts", "--output", "wild", "--resume")
      expect([kept.code, kept.stdout]).toEqual([0, expect.stringContaining("– (diverged)")])
      expect(written()).toBe(before)
      expect((await finegrain("run", "wild.ts", "--output", "wild", "--resume", "--retry")).code).toBe(0)
      expect(written()).toBeGreaterThan(before)
    },
    60_000
  )

  it("fails where no cell has a value, and where a trial fails for another reason than divergence", async () => {
    const { selection: _, published: __, ...plain } = experiment
    const none = { ...plain, seeds: [1], rows: [{ name: "wild", settings: { learningRate: 1e30 } }] }
    const nothing = await finegrain("run", file("none.ts", none), "--output", "none")
    expect([nothing.code, nothing.stderr]).toEqual([6, expect.stringContaining("no cell of the table has a value")])
    // No layer has this name, which takes a network to find out.
    const broken = {
      ...plain,
      seeds: [1],
      rows: [plain.rows[0], { name: "broken", settings: { layers: { conv9: { collection: "St" } } } }]
    }
    const { code, stderr, stdout } = await finegrain("run", file("broken.ts", broken), "--output", "broken")
    expect([code, stderr]).toEqual([
      6,
      expect.stringContaining("1 trial failed (broken, small-cnn, seed 1: failed (plan))")
    ])
    expect(stdout).toMatch(/broken +– \(failed \(plan\)\)/)
    expect(readFileSync(join(scratch, "broken", "table.md"), "utf8")).toMatch(
      /seed 1: failed \(plan\)\. .*conv9.*no layer of this name/
    )
  }, 60_000)

  it("stops at the first failure of the disk, and says what to do", async () => {
    const spy = join(scratch, "full.mjs")
    const seen = join(scratch, "started.txt")
    // The trials' logs fail as on a full disk; what the experiment writes itself does not.
    writeFileSync(
      spy,
      `import fs, { appendFileSync } from "node:fs"\n` +
        `import { syncBuiltinESMExports } from "node:module"\n` +
        // The threads of a trial's engine load this, too.
        `import { isMainThread } from "node:worker_threads"\n` +
        `if (isMainThread && process.argv[1].includes("worker")) {\n` +
        `  appendFileSync(${JSON.stringify(seen)}, "trial\\n")\n` +
        `  const open = fs.open\n` +
        `  fs.open = (path, ...rest) => String(path).endsWith("events.jsonl")\n` +
        `    ? rest.at(-1)(Object.assign(new Error("ENOSPC: no space left on device, open"), ` +
        `{ code: "ENOSPC", syscall: "open" }))\n` +
        `    : open(path, ...rest)\n` +
        `  syncBuiltinESMExports()\n}\n`
    )
    const env = { ...process.env, NODE_OPTIONS: `--import ${spy}` }
    const { code, stderr } = await new Promise<{ readonly code: number; readonly stderr: string }>((done) => {
      const args = ["run", "tiny.ts", "--output", "full"]
      execFile(
        process.execPath,
        [...flags, ...args],
        { cwd: scratch, env },
        (error, _, stderr) => done({ code: Number(error?.code ?? 0), stderr })
      )
    })
    expect([code, stderr]).toEqual([
      5,
      expect.stringMatching(/Euc, small-cnn, candidate 0.02: .*disk is full.*--resume/)
    ])
    expect(readFileSync(seen, "utf8").trim().split("\n")).toHaveLength(1)
    const unwritable = await finegrain("run", "tiny.ts", "--output", join("full", "experiment.json", "below"))
    expect([unwritable.code, unwritable.stderr]).toEqual([5, expect.stringMatching(/below: .*--output/)])
  }, 60_000)

  it("stops where every write fails, and says that the grid did", async () => {
    const spy = join(scratch, "nothing.mjs")
    file("one.ts", { ...experiment, rows: experiment.rows.slice(0, 1), seeds: [1] })
    // From its first trial on the runner can write nothing, and its trials cannot.
    writeFileSync(
      spy,
      `import childProcess from "node:child_process"\n` +
        `import fs from "node:fs"\n` +
        `import { syncBuiltinESMExports } from "node:module"\n` +
        `let isFull = process.argv[1].includes("worker")\n` +
        `const full = (real) => (...args) => isFull\n` +
        `  ? args.at(-1)(Object.assign(new Error("ENOSPC: no space left on device, write"), ` +
        `{ code: "ENOSPC", syscall: "write" }))\n` +
        `  : real(...args)\n` +
        `for (const name of ["write", "writeFile", "mkdir"]) fs[name] = full(fs[name])\n` +
        `const fork = childProcess.fork\n` +
        `childProcess.fork = (...args) => {\n  isFull = true\n  return fork(...args)\n}\n` +
        `syncBuiltinESMExports()\n`
    )
    const env = { ...process.env, NODE_OPTIONS: `--import ${spy}` }
    const { code, stderr } = await new Promise<{ readonly code: number; readonly stderr: string }>((done) => {
      execFile(
        process.execPath,
        [...flags, "run", "one.ts", "--output", "nothing"],
        { cwd: scratch, env },
        (error, _, stderr) => done({ code: Number(error?.code ?? 0), stderr })
      )
    })
    expect([code, stderr]).toEqual([
      5,
      expect.stringMatching(/Euc, small-cnn, candidate 0.02: .*disk is full.*other trials would fail alike.*--resume/)
    ])
    expect(stderr).not.toContain("failures.json")
    // With some space again it goes on.
    expect((await finegrain("run", "one.ts", "--output", "nothing", "--resume")).code).toBe(0)
  }, 60_000)

  it.each([
    ["a crashed trial", "Crashed", []],
    ["one that diverged and is trained anew", "Diverged", ["--retry"]]
  ])("forgets how %s failed once it is begun again", async (_, error, more) => {
    const { selection: __, published: ___, smoke: ____, ...plain } = experiment
    const long = { ...plain, base: { ...plain.base, epochs: 20 }, rows: plain.rows.slice(0, 1), seeds: [1] }
    const name = `again-${error}`
    const args = ["run", file(`${name}.ts`, long), "--output", name]
    const own = join(scratch, name, "trials", "Euc", "small-cnn", "seed-1")
    const interrupted = async (...flagsToo: ReadonlyArray<string>) => {
      const runner = spawn(process.execPath, [...flags, ...args, ...flagsToo], { cwd: scratch })
      while (!existsSync(join(own, "manifest.json")) || !existsSync(join(own, "run.lock"))) await sleep(10)
      // At work: what is said of it is true of this attempt.
      const failed = readFileSync(failures, "utf8")
      runner.kill("SIGINT")
      await once(runner, "exit")
      return failed
    }
    const failures = join(scratch, name, "failures.json")
    mkdirSync(join(scratch, name))
    writeFileSync(failures, "{}")
    await interrupted()
    const { finals } = results(name).cells[0]!
    expect(finals[0]!.status).toBe("interrupted")
    // The page is as new as the table.
    expect(readFileSync(join(scratch, name, "report.html"), "utf8")).toContain("interrupted")
    writeFileSync(failures, JSON.stringify({ [finals[0]!.id]: { error, reason: "as it was" } }))
    expect((await finegrain("report", name)).code).toBe(0)
    expect(results(name).cells[0]!.finals[0]!.status).toBe(error.toLowerCase())
    writeFileSync(join(own, "old.txt"), "")
    expect(JSON.parse(await interrupted("--resume", ...more))).toEqual({})
    expect(existsSync(join(own, "old.txt"))).toBe(error === "Crashed")
    expect(results(name).cells[0]!.finals[0]!.status).toBe("interrupted")
    expect((await finegrain(...args, "--resume")).code).toBe(0)
    expect(results(name).cells[0]!.finals[0]!.status).toBe("completed")
  }, 120_000)

  it("refuses the directory of a training run", async () => {
    const directory = join(scratch, "whole", "trials", "Euc", "small-cnn", "select-0.1")
    const before = readdirSync(directory)
    for (const more of [[], ["--resume"]]) {
      const { code, stderr } = await finegrain("run", "tiny.ts", "--output", directory, ...more)
      expect([code, stderr]).toEqual([2, expect.stringContaining("holds a training run")])
    }
    expect(readdirSync(directory)).toEqual(before)
  }, 60_000)

  it("without its trials a table is drawn anew, and the page that was drawn from them is kept", async () => {
    cpSync(join(scratch, "whole"), join(scratch, "kept"), { recursive: true })
    const kept = (name: string) => readFileSync(join(scratch, "kept", name), "utf8")
    for (const name of ["trials", "experiment.json"]) rmSync(join(scratch, "kept", name), { recursive: true })
    const [page, table] = [kept("report.html"), kept("table.md")]
    writeFileSync(join(scratch, "kept", "table.md"), "")
    const { code, stdout } = await finegrain("report", "kept")
    expect([code, stdout]).toEqual([0, expect.stringMatching(/table\.md\n.*needs? the trials/)])
    expect([kept("report.html"), kept("table.md")]).toEqual([page, table])
  }, 30_000)

  it("looks at the data once, before the first trial", async () => {
    const short = { ...experiment, base: { ...experiment.base, trainImages: 90 } }
    const { code, stderr } = await finegrain("run", file("short.ts", short), "--output", "short")
    expect([code, stderr]).toEqual([2, expect.stringMatching(/has 96 training images, but 106 are asked for/)])
    const gone = { ...experiment, base: { ...experiment.base, dataset: "/nowhere" } }
    const missing = await finegrain("run", file("gone.ts", gone), "--output", "gone")
    expect(missing.stderr.match(/nowhere/g)).toHaveLength(1)
    expect([existsSync(join(scratch, "short")), existsSync(join(scratch, "gone"))]).toEqual([false, false])
  }, 60_000)

  it("gives every process at a time a GPU of its own", async () => {
    const seen = join(scratch, "seen.txt")
    const spy = join(scratch, "spy.mjs")
    writeFileSync(
      spy,
      `import { appendFileSync } from "node:fs"\n` +
        `if (process.argv[1].includes("worker")) appendFileSync(${
          JSON.stringify(seen)
        }, process.env.CUDA_VISIBLE_DEVICES + "\\n")\n`
    )
    const env = { ...process.env, CUDA_VISIBLE_DEVICES: "5,7", NODE_OPTIONS: `--import ${spy}` }
    await new Promise((done) => {
      const args = ["run", "tiny.ts", "--smoke", "--only", "Euc", "--jobs", "2", "--output", "gpus"]
      execFile(process.execPath, [...flags, ...args], { cwd: scratch, env }, done)
    })
    const gpus = readFileSync(seen, "utf8").trim().split("\n")
    expect(gpus).toHaveLength(3)
    expect(new Set(gpus)).toEqual(new Set(["5", "7"]))
  }, 60_000)

  it("runs part of the grid, and shows all of it", async () => {
    const few = { ...experiment, selection: { ...experiment.selection, values: [0.02] } }
    const part = ["run", file("few.ts", few), "--smoke", "--output", "part"]
    const states = () =>
      results("part").cells.map(({ finals, row }) =>
        [row].concat(finals.map(({ seed, status }) => `${seed} ${status}`))
      )
    const { code } = await finegrain(...part, "--only", "Euc", "--seeds", "7")
    expect(code).toBe(0)
    expect(states()).toEqual([["Euc", "1 not run", "7 completed"], ["PIO (Sp+St)"]])
    const table = readFileSync(join(scratch, "part", "table.md"), "utf8")
    expect(table).toMatch(/\| Euc \| \d+\.\d\d \(1 of 2 not run\) \|.*\n\| PIO \(Sp\+St\) \| not run \|/)
    expect((await finegrain(...part, "--resume", "--only", "PIO (Sp+St)")).code).toBe(0)
    expect(states()).toEqual([["Euc", "1 not run", "7 completed"], ["PIO (Sp+St)", "1 completed"]])
  }, 60_000)

  it.each(["1,,2", "", "1,x"])("refuses --seeds \"%s\"", async (seeds) => {
    const { code, stderr } = await finegrain("run", "tiny.ts", "--seeds", seeds, "--output", "refused")
    expect([code, stderr]).toEqual([2, expect.stringMatching(/--seeds/)])
  }, 30_000)

  it.each([
    ["does not exist", "nowhere.ts", /there is no such file/],
    ["throws what is no error", () => file("throws.ts", 1, "throw undefined\n"), /it cannot be loaded: undefined/],
    ["exports something else", () => file("else.ts", { name: "x", rows: 3 }), /rows/],
    ["has unknown settings", () => file("typo.ts", { ...experiment, base: { epoch: 3 } }), /epoch/],
    ["has unknown parts", () => file("parts.ts", { ...experiment, sedes: [1] }), /sedes/]
  ])("says so when the file %s", async (_, name, message) => {
    const { code, stderr } = await finegrain("run", typeof name === "string" ? name : name(), "--output", "refused")
    expect(code).not.toBe(0)
    expect(stderr).toMatch(message)
    expect(existsSync(join(scratch, "refused"))).toBe(false)
    expect(stderr).not.toMatch(/\n {4}at /)
  }, 30_000)
})

describe("part of a grid", () => {
  it("knows rows whose names hold commas, and takes --only several times", async () => {
    const names = ["Sp, Ob", "Sp"]
    const comma = { ...experiment, rows: names.map((name) => ({ name, settings: {} })), baseline: "Sp" }
    const { rows, ...rest } = comma
    const args = ["run", file("comma.ts", { ...rest, rows, published: undefined }), "--output", "comma"]
    const { code, stderr } = await finegrain(...args, "--only", "Sp, Ob", "--only", "Sp,St", "--only", "Ob")
    expect(code).toBe(2)
    expect(stderr.match(/the row "[^"]+" is none of/g)).toEqual(
      ["St", "Ob"].map((row) => `the row "${row}" is none of`)
    )
  }, 30_000)
})

describe("finegrain compare", () => {
  it("tells runs of the same bits from others", async () => {
    cpSync(join(scratch, "whole"), join(scratch, "copy"), { recursive: true })
    const same = await finegrain("compare", "whole", "copy", "--exact")
    expect(same.code).toBe(0)
    // Cell by cell: means, and the difference over both seeds; then run by run.
    expect(same.stdout).toMatch(
      /Euc, small-cnn +\d+\.\d\d ± \d+\.\d\d +\d+\.\d\d ± \d+\.\d\d +\+0\.00 ± 0\.00 \(1\.000\) +2\n/
    )
    expect(same.stdout).toMatch(/Euc\/small-cnn\/select-0\.1 .*same bits/)
    const at = results("whole").cells[0]!.chosen
    const run = (seed: number) => join("whole", "trials", "Euc", "small-cnn", `seed-${seed}-at-${at}`)
    const { code, stderr, stdout } = await finegrain("compare", run(1), run(2), "--exact")
    expect(code).not.toBe(0)
    expect(stdout).toContain("different")
    expect(stderr).toContain("1 of 1 run differs")
    expect((await finegrain("compare", run(1), run(2))).code).toBe(0)
    expect((await finegrain("compare", "nowhere", "nowhere")).stderr).toContain("nowhere")
    expect((await finegrain("compare", "whole", run(1))).stderr).toContain("compare two of a kind")
  }, 60_000)
})

describe("statistics", () => {
  it("agree with published tables", () => {
    // t₀.₉₇₅ with 9 degrees of freedom is 2.262 in every table.
    const { deviation, halfWidth } = Statistics.sample([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(halfWidth! / (deviation! / Math.sqrt(10))).toBeCloseTo(2.262, 3)
    // Student's own sleep data of 1908: t = −4.0621, p = 0.002833.
    const one = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2]
    const two = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    const { mean, p } = Statistics.paired(one, two)
    expect(mean).toBeCloseTo(-1.58, 10)
    expect(p).toBeCloseTo(0.002833, 6)
  })

  it("say when there is nothing to say", () => {
    expect(Statistics.sample([3]).deviation).toBeUndefined()
    expect(Statistics.paired([1], [2]).p).toBeUndefined()
    expect(Statistics.paired([1, 2], [1, 2]).p).toBe(1)
    expect(Statistics.paired([1, 2], [2, 3]).p).toBe(0)
    expect(() => Statistics.paired([1], [])).toThrow("1 measurement cannot be paired with 0")
  })
})
