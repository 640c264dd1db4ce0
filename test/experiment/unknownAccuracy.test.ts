import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { Experiment, type Run } from "finegrain"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, it } from "vitest"
import * as choose from "../../src/experiment/choose.ts"
import * as child from "../../src/experiment/launchers/child.ts"
import * as preflight from "../../src/experiment/preflight.ts"
import { summaryMeasure, testError } from "../../src/experiment/summaryMeasures.ts"
import * as RunFiles from "../../src/training/RunFiles.ts"
import { finegrain } from "../commandLine.ts"

// Outputs that are numbers have no accuracy, which is NaN, for which JSON has no word.

const scratch = mkdtempSync(join(tmpdir(), "finegrain-numbers-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const line = (_: unknown, i: number) => `${i / 20},${(i % 5) / 5},${i / 10}`
for (const name of ["train.csv", "test.csv"]) {
  writeFileSync(join(scratch, name), ["a,b,y", ...Array.from({ length: 20 }, line)].join("\n"))
}

const plain: Experiment.Experiment = {
  name: "numbers",
  about: "",
  base: {
    dataset: scratch,
    targets: "numbers",
    model: "mlp",
    loss: "mean-squared-error",
    collection: "Euc",
    epochs: 1,
    batchSize: 10,
    learningRate: 0.01,
    backend: "wasm"
  },
  rows: [{ name: "Euc", settings: {} }],
  seeds: [1]
}
const { learningRate: _, ...base } = plain.base
const selection = { setting: "learningRate", values: [0.01, 0.02], seed: 9, validationImages: 5 } as const
const choosing: Experiment.Experiment = { ...plain, base, selection }

const cellOf = (experiment: Experiment.Experiment) => Effect.runSync(Experiment.plan(experiment))[0]!

it("what a process of its own measured arrives as it was, numbers that JSON has no word for too", async () => {
  const trial = cellOf(plain).finals(undefined)[0]!
  const request = { config: trial.config, output: join(scratch, "run"), threads: 1 }
  const { result } = await Effect.runPromise(child.run(trial, request, () => Effect.void, undefined))
  expect(result).toMatchObject({ _tag: "Completed", summary: { status: "completed", testAccuracy: Number.NaN } })
}, 60_000)

it("what the queue holds of a trial is decoded as its summary is, whatever it measured", () => {
  const summary = { status: "completed", testAccuracy: Number.NaN, measured: { own: { a: Number.NaN, b: Infinity } } }
  const { summary: held } = JSON.parse(RunFiles.toJson({ _tag: "Completed", summary })) as { summary: unknown }
  expect(Result.getOrThrow(RunFiles.decodeSummary(held))).toMatchObject(summary)
})

it("nothing is chosen among candidates without an accuracy", () => {
  const without = (accuracy: unknown) =>
    choose.choice(cellOf(choosing), () => ({ isSettled: true, accuracy: accuracy as number })).chosen
  expect([undefined, Number.NaN, null].map(without)).toEqual([undefined, undefined, undefined])
})

it("a selection is refused before it runs where its runs have no accuracy", async () => {
  const problems = (experiment: Experiment.Experiment) => {
    const { candidates, finals } = cellOf(experiment)
    return Effect.runPromise(
      Effect.provide(preflight.problems([...candidates, ...finals(undefined)]), NodeServices.layer)
    )
  }
  expect(await problems(plain)).toEqual([])
  expect(await problems(choosing)).toEqual([expect.stringMatching(
    /^the selection chooses by accuracy, which runs on .* have not: its targets are numbers; leave the selection out/
  )])
  const contrasting = { dataset: "generated:cifar-10", loss: "supervised-contrastive" } as const
  const rows = [{ name: "Euc", settings: { collection: "Euc" } }]
  const embedding = { ...choosing, base: contrasting, rows }
  expect(await problems(embedding)).toEqual([
    expect.stringContaining("have not: the loss supervised-contrastive tells no classes")
  ])
})

it("a table has a dash in place of an error that nobody knows, and counts what else it shows", async () => {
  const summary = { testAccuracy: Number.NaN, trainAccuracy: Number.NaN } as Run.RunSummary
  expect([testError(summary), summaryMeasure("trainError").of(summary), summaryMeasure("gap").of(summary)])
    .toEqual([undefined, undefined, undefined])
  const run = (name: string, value: unknown) => {
    const file = join(scratch, `${name}.ts`)
    writeFileSync(file, `export default ${JSON.stringify(value)}\n`)
    return finegrain("run", file, "--output", join(scratch, name))
  }
  const bare = await run("bare", plain)
  expect([bare.code, bare.stderr]).toEqual([6, expect.stringContaining("no cell of the table has a value")])
  const shown = await run("shown", { ...plain, also: ["testLoss"] })
  expect([shown.code, shown.stdout]).toEqual([0, expect.stringMatching(/Euc +(– +){3}\d/)])
}, 120_000)
