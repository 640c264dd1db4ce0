import { Idx } from "finegrain"
import { execFile, spawn } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { tinyDataset } from "../tinyDataset.ts"

const root = resolve(import.meta.dirname, "../..")
const main = join(root, "src", "cli", "main.ts")
const scratch = mkdtempSync(join(tmpdir(), "finegrain-cli-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

interface Result {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const finegrain = (...args: ReadonlyArray<string>): Promise<Result> =>
  new Promise((done) => {
    execFile(process.execPath, [main, ...args], { cwd: scratch }, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr }))
  })

const write = () => {
  const { channels: _, checksum: __, height, test, train, width } = tinyDataset
  for (const [prefix, split] of [["train", train], ["t10k", test]] as const) {
    writeFileSync(
      join(scratch, `${prefix}-images-idx3-ubyte`),
      Idx.encode({ type: "uint8", shape: [split.count, height, width], values: split.images })
    )
    writeFileSync(
      join(scratch, `${prefix}-labels-idx1-ubyte`),
      Idx.encode({ type: "uint8", shape: [split.count], values: split.labels })
    )
  }
}
write()

const json = (...path: ReadonlyArray<string>) =>
  JSON.parse(readFileSync(join(scratch, ...path), "utf8")) as Record<string, never>

const small = (output: string, ...more: ReadonlyArray<string>) =>
  finegrain(
    "train",
    "--dataset",
    scratch,
    "--epochs",
    "2",
    "--batch-size",
    "16",
    "--backend",
    "wasm",
    "--output",
    output,
    ...more
  )

describe("finegrain train", () => {
  it("writes a manifest, events, a summary and the model, the same bits for the same seed", async () => {
    const first = await small("one", "--seed", "5")
    const second = await small("two", "--seed", "5")
    const other = await small("three", "--seed", "6")
    expect([first.stderr, first.code, second.code, other.code]).toEqual(["", 0, 0, 0])
    expect(first.stdout).toMatch(/in \d+ POMs \(PIO, Sp\+Ob\+St\+Euc\), on CPU, WebAssembly/)
    expect(first.stdout).toMatch(/epoch +train loss +train acc +test loss +test acc.*max norm Sp/)
    expect(first.stdout).toMatch(/Tensors leaked: 0; norm bounds violated: 0/)
    const summary = json("one", "summary.json")
    expect(summary).toMatchObject({
      status: "completed",
      seed: 5,
      epochs: 2,
      steps: 12,
      tensorsLeaked: 0,
      normBoundViolations: 0
    })
    expect(summary["seconds"]).toBeGreaterThan(0)
    expect(summary["testAccuracy"]).toBeGreaterThanOrEqual(0)
    const bytes = (run: string) => readFileSync(join(scratch, run, "weights.bin"))
    expect(bytes("two").equals(bytes("one"))).toBe(true)
    expect(bytes("three").equals(bytes("one"))).toBe(false)
    expect(json("two", "summary.json")["weightsSha256"]).toBe(summary["weightsSha256"])
    const manifest = json("one", "manifest.json")
    expect(Object.keys(manifest)).toEqual([
      "config",
      "seed",
      "versions",
      "backend",
      "dataset",
      "model",
      "schedule",
      "layers"
    ])
    expect(manifest["dataset"]).toMatchObject({
      train: 96,
      test: 30,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string
    })
    const events = readFileSync(join(scratch, "one", "events.jsonl"), "utf8").trim().split("\n")
    expect(events).toHaveLength(12 + 2)
    expect(JSON.parse(events.at(-1)!)).toMatchObject({ _tag: "EpochDone", epoch: 2, tensorsLeaked: 0 })
  })

  it("stops within a second of Ctrl-C, with everything written", async () => {
    const child = spawn(process.execPath, [
      main,
      "train",
      "--dataset",
      scratch,
      "--epochs",
      "100000",
      "--output",
      "cut"
    ], {
      cwd: scratch
    })
    let shown = ""
    child.stdout.on("data", (chunk: Buffer) => {
      shown += chunk.toString()
    })
    await expect.poll(() => shown, { timeout: 20_000 }).toMatch(/EpochDone|epoch +train loss/)
    const asked = performance.now()
    child.kill("SIGINT")
    const code = await new Promise((done) => child.on("exit", (exitCode) => done(exitCode)))
    // The one timed expectation, because the requirement is one: a second, and as much again for a loaded machine.
    expect(performance.now() - asked).toBeLessThan(2000)
    expect(code).toBe(130)
    const summary = json("cut", "summary.json")
    expect(summary["status"]).toBe("interrupted")
    expect(summary["epochs"]).toBeGreaterThan(0)
    expect(existsSync(join(scratch, "cut", "weights.bin"))).toBe(true)
    const events = readFileSync(join(scratch, "cut", "events.jsonl"), "utf8").trim().split("\n")
    expect(events.every((line) => typeof JSON.parse(line) === "object")).toBe(true)
  })

  it("says a divergence in one message and keeps what there was", async () => {
    const result = await small("diverged", "--learning-rate", "1e38", "--collection", "Euc")
    expect(result.code).toBe(1)
    expect(result.stderr).toMatch(/^Training diverged at step \d+: .* is (NaN|Infinity)\. Lower the learning rate/)
    expect(result.stderr).not.toMatch(/at .*\.ts:/)
    expect(json("diverged", "summary.json")).toMatchObject({ status: "failed" })
  })

  it("answers bad flags and bad configurations with one clear message", async () => {
    writeFileSync(join(scratch, "bad.json"), JSON.stringify({ epochs: 0, sed: 1, momentum: 2 }))
    writeFileSync(join(scratch, "broken.json"), "{")
    const cases: ReadonlyArray<readonly [ReadonlyArray<string>, RegExp]> = [
      [["train", "--epochs", "many"], /epochs/],
      [["train", "--epoch", "3"], /--epoch\b/],
      [["train", "--strategy", "XYZ"], /PI.*PO.*PIO/],
      [["train", "--epochs", "0"], /epochs/],
      [["train", "--backend", "quantum"], /auto/],
      [["train", "--dataset", scratch, "--collection", "Sp+Nope"], /no manifold "Nope".*Sp, Ob, St, Euc/],
      [["train", "--dataset", "/nowhere"], /train-images-idx3-ubyte.*\/nowhere/],
      [["train", "--backend", "nodeGpu"], /not installed.*npm install @tensorflow\/tfjs-node-gpu/],
      [["train", "--config", "bad.json"], /epochs[\s\S]*sed|sed[\s\S]*epochs/],
      [["train", "--config", "broken.json"], /broken\.json: not JSON/],
      [["train", "--config", "none.json"], /none\.json/],
      [["train", "--dataset", scratch, "--output", "."], /not empty.*--output/],
      [["trane"], /trane/]
    ]
    for (const [args, message] of cases) {
      const { code, stderr, stdout } = await finegrain(...args)
      expect([args.join(" "), code], stdout + stderr).toEqual([args.join(" "), 1])
      expect(stderr, args.join(" ")).toMatch(message)
      expect(stderr, args.join(" ")).not.toMatch(/\n {4}at /)
    }
  })

  it("takes layers that differ from a configuration file", async () => {
    writeFileSync(
      join(scratch, "layers.json"),
      JSON.stringify({ layers: { conv2: { collection: "St", strategy: "PO" } } })
    )
    const { code, stderr } = await small("layers", "--config", "layers.json")
    expect([stderr, code]).toEqual(["", 0])
    const [conv1, conv2] = json("layers", "manifest.json")["layers"] as unknown as ReadonlyArray<{
      readonly strategy: string
      readonly manifolds: ReadonlyArray<{ readonly manifold: string }>
    }>
    expect([conv1!.strategy, conv2!.strategy]).toEqual(["PIO", "PO"])
    expect(conv2!.manifolds.map(({ manifold }) => manifold)).toEqual(["St(3,3)"])
  })
})

describe("finegrain backends", () => {
  it("tells what is here, what is missing and why", async () => {
    const { code, stdout } = await finegrain("backends")
    expect(code).toBe(0)
    expect(stdout).toMatch(/✓ wasm .*WebAssembly/)
    expect(stdout).toMatch(/✓ cpu /)
    expect(stdout).toMatch(/✗ nodeGpu .*not installed\n.*npm install/)
  })
})
