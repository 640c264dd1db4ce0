import { execFile } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { finegrain } from "../commandLine.ts"

const root = resolve(import.meta.dirname, "../..")
// Below the package, so that "finegrain" is this one.
mkdirSync(join(root, "runs"), { recursive: true })
const scratch = mkdtempSync(join(root, "runs", "use-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const guide = (name: string) => readFileSync(join(root, "docs", name), "utf8")

/** The module that a guide shows, in a directory of its own. */
const moduleOf = (name: string) => {
  const [, code] = /```typescript\n([\s\S]*?)```/.exec(guide(name)) ?? []
  const directory = join(scratch, name)
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, "mine.ts"), code!)
  return directory
}

/** The arguments of the first command of a guide that uses the module. */
const commandOf = (name: string, directory: string) => {
  const [, text] = /finegrain -- (train --use [\s\S]*?)```/.exec(guide(name)) ?? []
  return text!.replaceAll("\\\n", " ").trim().split(/\s+/).map((word) =>
    word === "./mine.ts" ? join(directory, "mine.ts") : word
  )
}

const manifestIn = (run: string) =>
  JSON.parse(readFileSync(join(run, "manifest.json"), "utf8")) as {
    readonly use: ReadonlyArray<{ readonly file: string; readonly sha256: string }>
    readonly config: Readonly<Record<string, unknown>>
  }

describe.each([["run", []], ["train", ["--use"]], ["laws", []]] as const)(
  "a file that %s cannot load",
  (command, flag) => {
    const said = (file: string) =>
      new Promise<string>((done) => {
        const args = ["--conditions=finegrain:source", join(root, "cli/main.ts"), command, ...flag, file]
        execFile(process.execPath, args, (_, out, err) => done(out + err))
      })
    const written = (...path: ReadonlyArray<string>) => {
      const file = join(scratch, command, ...path)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, "export default {}\n")
      return file
    }

    it("in a package of scripts, as npm init makes it, comes with what to do", async () => {
      const file = written("scripts", "mine.ts")
      const manifest = join(dirname(file), "package.json")
      writeFileSync(manifest, `{ "type": "commonjs" }`)
      const told = await said(file)
      expect(told).toContain(`${manifest} says "type": "commonjs"`)
      expect(told).toContain("run `npm pkg set type=module` there, or call it .mts")
    })

    it("in an installed package comes with what to do", async () => {
      expect(await said(written("node_modules", "theirs", "mine.ts"))).toContain("copy the file")
    })

    it("since there is none is said to be none", async () => {
      expect(await said(join(scratch, "nowhere.ts"))).toContain("there is no such file")
    })
  }
)

describe("modules of the user's own", () => {
  for (const name of ["a-new-constraint.md", "your-own.md", "your-own-data.md"]) {
    it(`docs/${name} trains from the command line, as it says`, async () => {
      const directory = moduleOf(name)
      const run = join(directory, "run")
      const small = ["--train-images", "8", "--test-images", "4", "--backend", "wasm"]
      const told = await finegrain(...commandOf(name, directory), ...small, "--output", run)
      expect(told.stderr).toBe("")
      expect(told.stdout).toMatch(/Tensors leaked: 0; norm bounds violated: 0/)
      const [used] = manifestIn(run).use
      expect(used).toEqual({ file: join(directory, "mine.ts"), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) })
    })
  }

  it("what is measured is in the log, and a figure of the page", async () => {
    const run = join(scratch, "your-own.md", "run")
    const last = readFileSync(join(run, "events.jsonl"), "utf8").trim().split("\n").map((line) =>
      JSON.parse(line) as object
    )
      .findLast((event) => "measures" in event)
    expect(last).toMatchObject({
      measures: [{ name: "filters", title: "filters", readings: { own: expect.any(Number) } }]
    })
    expect(readFileSync(join(run, "report.html"), "utf8")).toMatch(/largest weight of every convolution/)
  })

  it("their choices and parameters have flags and help", async () => {
    const file = join(moduleOf("your-own.md"), "mine.ts")
    const { stdout } = await finegrain("train", "--use", file, "--help")
    expect(stdout).toMatch(/--schedule .*halving: half as long after each half-life/)
    expect(stdout).toMatch(/--half-life number +steps after which a rate has halved/)
    expect(stdout).toMatch(/--dataset.*dots: even or odd columns/)
    expect((await finegrain("train", "--help")).stdout).not.toMatch(/halving|dots/)
  })

  it("are loaded where flags of every command stand in front of the one that uses them", async () => {
    const file = join(moduleOf("your-own.md"), "mine.ts")
    for (const first of [["--json"], ["--json", "true"], ["--quiet=no"]]) {
      const { stdout } = await finegrain(...first, "train", "--use", file, "--help")
      expect(stdout).toMatch(/--half-life number/)
    }
    expect((await finegrain("--quiet=no", "data", "dots", "--use", file)).stdout).toMatch(/dots/)
  })

  it("a run is not resumed with another module, and goes on wherever the same one is", async () => {
    const directory = moduleOf("your-own.md")
    const [file, run, elsewhere] = [join(directory, "mine.ts"), join(directory, "again"), join(scratch, "elsewhere")]
    const settings = {
      use: ["./mine.ts"],
      dataset: "dots",
      model: "linear",
      collection: "Sp",
      epochs: 1,
      backend: "cpu"
    }
    writeFileSync(join(directory, "config.json"), JSON.stringify(settings))
    const first = await finegrain("train", "--config", join(directory, "config.json"), "--output", run)
    expect(first.stderr).toBe("")
    mkdirSync(elsewhere)
    writeFileSync(join(elsewhere, "mine.ts"), readFileSync(file))
    writeFileSync(file, `${readFileSync(file, "utf8")}// Another.\n`)
    const changed = await finegrain("train", "--resume", "--output", run)
    expect(changed.stderr).toMatch(/mine\.ts has changed: its SHA-256 is [0-9a-f]{64}, and was [0-9a-f]{64}\n$/)
    rmSync(file)
    const missing = await finegrain("train", "--resume=yes", "--output", run)
    expect(missing.stderr).toBe(`${file} cannot be used: there is no such file\n`)
    const moved = await finegrain("train", "--resume", "--output", run, "--use", join(elsewhere, "mine.ts"))
    expect([moved.stderr, moved.stdout.split("\n")[0]]).toEqual([
      "",
      "Completed before: nothing was trained, and nothing in its directory was touched"
    ])
  })

  it("experiments name them relative to their file, and worker processes load them", async () => {
    const directory = moduleOf("your-own.md")
    const experiment = {
      name: "own",
      about: "Does the door open?",
      use: ["./mine.ts"],
      base: { dataset: "dots", model: "linear", collection: "Sp", epochs: 1, backend: "cpu" },
      rows: [{ name: "squares", settings: { loss: "squares", schedule: "halving", halfLife: 4 } }],
      seeds: [1]
    }
    writeFileSync(join(directory, "own.ts"), `export default ${JSON.stringify(experiment)}\n`)
    const output = join(directory, "own")
    const args = ["--conditions=finegrain:source", join(root, "cli", "main.ts"), "run", join(directory, "own.ts")]
    const said = await new Promise<string>((done) =>
      execFile(process.execPath, [...args, "--output", output], (_, out, err) => done(out + err))
    )
    expect(said).toMatch(/Written to/)
    const { config, use } = manifestIn(join(output, "trials", "squares", "linear", "seed-1"))
    expect([config["halfLife"], use.map(({ file }) => file)]).toEqual([4, [join(directory, "mine.ts")]])
  })
})
