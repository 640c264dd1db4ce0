import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Csv from "effect/encoding/Csv"
import * as Stream from "effect/Stream"
import { parquetReadObjects } from "hyparquet"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import type * as Results from "../../../src/experiment/Results.ts"
import * as Export from "../../../src/report/exports/Export.ts"
import { formats } from "../../../src/report/exports/formats.ts"
import * as Table from "../../../src/report/exports/Table.ts"

const scratch = mkdtempSync(join(tmpdir(), "finegrain-exports-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const table: Table.Table = {
  name: "all",
  columns: [
    { name: "a, \"b\"", kind: "text", values: ["x,\n\"y\"", "", undefined] },
    { name: "whole", kind: "integer", values: [1, -(2 ** 40), undefined] },
    { name: "number", kind: "number", values: [0.1, Number.NaN, Number.NEGATIVE_INFINITY] },
    { name: "truth", kind: "truth", values: [true, false, undefined] }
  ]
}

const rowsOf = (table: Table.Table) =>
  Table.rows(table).map((cells) => Object.fromEntries(cells.map((cell, i) => [table.columns[i]!.name, cell])))

const bytesOf = async (name: "csv" | "ndjson" | "parquet") =>
  (await Effect.runPromise(formats[name].table(table))).bytes

describe("a table", () => {
  it("is read from CSV as it was, missing cells as empty ones", async () => {
    const rows = Stream.succeed(new TextDecoder().decode(await bytesOf("csv"))).pipe(
      Stream.pipeThroughChannel(Csv.decodeString()),
      Stream.runCollect
    )
    expect(await Effect.runPromise(rows)).toEqual([
      table.columns.map(({ name }) => name),
      ...Table.rows(table).map((cells) => cells.map((cell) => String(cell ?? "")))
    ])
  })

  it("is read from NDJSON as it was, with the names of numbers that JSON has no word for", async () => {
    const lines = new TextDecoder().decode(await bytesOf("ndjson")).trimEnd().split("\n")
    const [first, second, third] = rowsOf(table)
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      first,
      { ...second, number: "NaN" },
      { number: "-Infinity" }
    ])
    expect(third!["number"]).toBe(Number.NEGATIVE_INFINITY)
  })

  it("is read from Parquet as it was, by another reader than its writer", async () => {
    const { buffer } = await bytesOf("parquet")
    const rows = await parquetReadObjects({ file: buffer as ArrayBuffer })
    expect(rows).toEqual(
      rowsOf(table).map((row) =>
        Object.fromEntries(
          Object.entries(row).map(([key, value]) => [
            key,
            value === undefined ? null : key === "whole" ? BigInt(value) : value
          ])
        )
      )
    )
  })
})

const exported = async (of: string, format: Export.FormatName) => {
  const output = join(scratch, format)
  const written = await Effect.runPromise(Export.directory(of, format, output).pipe(Effect.provide(NodeServices.layer)))
  return { output, names: written.map((file) => relative(output, file)) }
}

const textOf = (file: string) => readFileSync(file, "utf8")

describe("a run", () => {
  const run = join(scratch, "run")
  mkdirSync(run)
  writeFileSync(
    join(run, "manifest.json"),
    JSON.stringify({ config: { seed: 3 }, seed: 3, dataset: { name: "d", sha256: "" } })
  )
  const event = (value: object) => `${JSON.stringify(value)}\n`
  writeFileSync(
    join(run, "events.jsonl"),
    [
      event({ _tag: "StepDone", step: 1, epoch: 1, loss: "NaN", rate: 0.1, images: 8, factors: { "conv/0": 0.5 } }),
      event({
        _tag: "EpochDone",
        epoch: 1,
        step: 1,
        trainLoss: 1,
        trainAccuracy: 0.5,
        testLoss: 2,
        testAccuracy: 0.25,
        norms: [{ manifold: "Sp", norm: "spectral", largest: 0.5, bound: 1 }],
        normBoundViolations: 0,
        measures: [{ name: "rank", title: "", caption: "", value: "", readings: { conv: 3 } }],
        tensorsLeaked: 0,
        seconds: 1,
        imagesPerSecond: 8
      }),
      "{ cut off"
    ].join("")
  )

  it("becomes tables of what it recorded, however far it got", async () => {
    const { names, output } = await exported(run, "ndjson")
    expect(names).toEqual(["run.ndjson", "epochs.ndjson", "steps.ndjson", "measures.ndjson", "poms.ndjson"])
    const [of] = textOf(join(output, "run.ndjson")).split("\n")
    expect(JSON.parse(of!)).toEqual({ status: "not ended", seed: 3, settings: "{\"seed\":3}" })
    expect(JSON.parse(textOf(join(output, "steps.ndjson")))).toMatchObject({ step: 1, loss: "NaN", rate: 0.1 })
    expect(textOf(join(output, "measures.ndjson"))).toContain("\"measure\":\"rank\",\"line\":\"conv\",\"value\":3")
    expect(textOf(join(output, "measures.ndjson"))).toContain(
      "\"measure\":\"norms\",\"panel\":\"spectral\",\"line\":\"Sp\",\"value\":0.5,\"bound\":1"
    )
    expect(JSON.parse(textOf(join(output, "poms.ndjson")))).toEqual({ step: 1, pom: "conv/0", factors: 0.5 })
  })

  it("becomes one event file for TensorBoard", async () => {
    const { names } = await exported(run, "tensorboard")
    expect(names).toEqual([expect.stringMatching(/^events\.out\.tfevents\.\d{10}\.finegrain$/)])
  })

  it("is refused by name where there is none", async () => {
    await expect(exported(join(scratch, "none"), "csv")).rejects.toThrow(/no experiment, no run/)
  })
})

it("an experiment becomes a table of its cells and one of its trials", async () => {
  const { names, output } = await exported(join(import.meta.dirname, "../../../experiments/results/table-poms"), "csv")
  expect(names).toEqual(["cells.csv", "trials.csv"])
  expect(readdirSync(output).toSorted()).toEqual(["cells.csv", "trials.csv"])
  const [header, first] = textOf(join(output, "cells.csv")).split("\r\n")
  expect(header).toMatch(/^row,column,chosen,seeds,testErrorMean,/)
  expect(first!.split(",").slice(0, 4)).toEqual(["Euc", "ResNet-8", "learningRate=0.121 weightDecay=0.00108", "5"])
  expect(textOf(join(output, "trials.csv"))).toMatch(/,completed,/)
})

it("cells have every measure that table.md has, also what users asked for, and Holm's correction", async () => {
  const committed = join(import.meta.dirname, "../../../experiments/results/label-noise/results.json")
  const results = JSON.parse(readFileSync(committed, "utf8")) as Results.Results
  const [{ also }] = results.cells as [Results.CellResult]
  Object.assign(also!, { "label-noise/clean": { count: 5, mean: 7, deviation: 0.5, halfWidth: 0.6 } })
  const directory = join(scratch, "asked")
  mkdirSync(directory)
  writeFileSync(join(directory, "results.json"), JSON.stringify(results))
  const lines = textOf(join((await exported(directory, "ndjson")).output, "cells.ndjson")).trim().split("\n")
  const rows = lines.map((line): Readonly<Record<string, unknown>> => JSON.parse(line))
  const { mean } = also!["trainError"]!
  expect(rows[0]).toMatchObject({ trainErrorMean: mean, "label-noise/cleanMean": 7, "label-noise/cleanDeviation": 0.5 })
  expect(rows.map(({ holm }) => holm)).toEqual(results.cells.map(({ versusBaseline }) => versusBaseline?.holm))
})

it("trials of successive halving say of which rung they are, since a candidate has one in each", async () => {
  const results = join(import.meta.dirname, "../../../experiments/results/table-poms/results.json")
  const halved = JSON.parse(readFileSync(results, "utf8")) as { readonly cells: [{ readonly candidates: [object] }] }
  Object.assign(halved.cells[0].candidates[0], { rung: 2 })
  const directory = join(scratch, "halved")
  mkdirSync(directory)
  writeFileSync(join(directory, "results.json"), JSON.stringify(halved))
  const [first, second] = textOf(join((await exported(directory, "ndjson")).output, "trials.ndjson")).split("\n")
  expect(JSON.parse(first!)).toMatchObject({ role: "candidate", rung: 2 })
  expect(JSON.parse(second!)).not.toHaveProperty("rung")
})
