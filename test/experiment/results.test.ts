import * as Effect from "effect/Effect"
import { Experiment, type Run } from "finegrain"
import { gunzipSync } from "node:zlib"
import { expect, it } from "vitest"
import * as collect from "../../src/experiment/collect.ts"
import { differences } from "../../src/experiment/differences.ts"
import * as provenance from "../../src/experiment/provenance.ts"
import * as Results from "../../src/experiment/Results.ts"
import { summaryMeasure } from "../../src/experiment/summaryMeasures.ts"

const experiment: Experiment.Experiment = {
  name: "pure",
  about: "",
  base: { model: "mlp" },
  rows: [{ name: "A", settings: {} }, { name: "B", settings: { collection: "Euc" } }],
  seeds: [1, 2],
  selection: { setting: "learningRate", values: [0.1, 0.5], seed: 9, validationImages: 10 }
}

const environment = (revision: string, device = "CPU"): provenance.Environment => ({
  versions: { revision },
  backend: { name: "wasm", device },
  dataset: { name: "mnist", sha256: "0" }
})

const completed = (testAccuracy: number, where = environment("abc")): collect.TrialRecord => ({
  status: "completed",
  reason: undefined,
  summary: { testAccuracy } as Run.RunSummary,
  environment: where,
  report: undefined
})
const without = (status: string, reason?: string): collect.TrialRecord => ({
  status,
  reason,
  summary: undefined,
  environment: undefined,
  report: undefined
})

const resultsOf = (disk: Readonly<Record<string, collect.TrialRecord>>, seeds: ReadonlyArray<number> = []) =>
  collect.results(experiment, false, Effect.runSync(Experiment.plan(experiment)), {
    trial: (id) => disk[id] ?? without("not run"),
    seeds: () => seeds
  })

const firstRow = (disk: Readonly<Record<string, collect.TrialRecord>>, seeds?: ReadonlyArray<number>) =>
  Results.table(resultsOf(disk, seeds))[1][0]![1]

it("chooses once all candidates have completed or diverged", () => {
  expect(firstRow({})).toBe("not run")
  const one = { "A/mlp/select-0.1": completed(0.5) }
  expect(firstRow(one)).toBe("– (to choose: 1 of 2 not run)")
  expect(firstRow({ ...one, "A/mlp/select-0.5": without("killed") })).toBe("– (to choose: 1 of 2 killed)")
  const both = { ...one, "A/mlp/select-0.5": without("diverged") }
  expect(firstRow(both)).toBe("not run")
  expect(firstRow({ ...both, "A/mlp/seed-1-at-0.1": completed(0.75) })).toBe("25.00 (1 of 2 not run)")
  expect(firstRow({ ...both, "A/mlp/seed-1-at-0.1": completed(0.75), "A/mlp/seed-7-at-0.1": completed(0.25) }, [7]))
    .toBe("50.00 ± 35.36 (1 of 3 not run)")
  expect(firstRow({ "A/mlp/select-0.1": without("diverged"), "A/mlp/select-0.5": without("crashed") })).toBe(
    "– (to choose: 1 of 2 diverged, 1 of 2 crashed)"
  )
  // The one that crashed may be the better one.
  expect(firstRow({ ...one, "A/mlp/select-0.5": without("crashed"), "A/mlp/seed-1-at-0.1": completed(0.75) })).toBe(
    "– (to choose: 1 of 2 crashed)"
  )
})

it("says so below the table when revisions or backends are mixed, and what failed and why", () => {
  const same = {
    "A/mlp/select-0.1": completed(0.5),
    "A/mlp/select-0.5": without("diverged", "code 1 | 2"),
    "A/mlp/seed-1-at-0.1": completed(0.5)
  }
  const plain = Results.markdown(resultsOf(same))
  expect(plain).not.toContain("do not share")
  expect(plain).toContain("- A, mlp, candidate 0.5: diverged. code 1 \\| 2\n")
  const mixed = resultsOf({ ...same, "A/mlp/seed-2-at-0.1": completed(0.5, environment("def", "GPU")) })
  expect(mixed.environments).toHaveLength(2)
  expect(mixed.cells[0]!.finals.map(({ environment }) => environment)).toEqual([0, 1])
  const text = Results.markdown(mixed)
  expect(text).toContain("do not share one revision: abc (2 trials); def (1 trial).")
  expect(text).toContain("do not share one backend: wasm, CPU (2 trials); wasm, GPU (1 trial).")
})

it("keeps manifests small: groups by their checksum, many of them compressed", () => {
  const manifest = { backend: { name: "wasm" }, layers: [{ layer: "conv1", groups: [[1, 2], [3]] }] }
  const line = provenance.line("A/mlp/seed-1", manifest)
  const other = provenance.line("A/mlp/seed-1", { ...manifest, layers: [{ groups: [[1, 3], [2]] }] })
  expect(JSON.parse(line)).toMatchObject({
    id: "A/mlp/seed-1",
    manifest: { backend: { name: "wasm" }, layers: [{ layer: "conv1", groups: { count: 2 } }] }
  })
  expect(/"sha256":"[0-9a-f]{64}"/.exec(line)![0]).not.toBe(/"sha256":"[0-9a-f]{64}"/.exec(other)![0])
  expect(provenance.file([line]).name).toBe("manifests.jsonl")
  // What JSON has no number for is not null.
  expect(
    provenance.line("A", {
      backend: { name: "wasm", memory: Number.NaN } as provenance.Environment["backend"] & object
    })
  )
    .toContain("\"memory\":\"NaN\"")
  const lines = Array.from({ length: 3000 }, () => line)
  const { bytes, name } = provenance.file(lines)
  expect(name).toBe("manifests.jsonl.gz")
  expect(gunzipSync(bytes).toString()).toBe(lines.join(""))
})

it("a column is a line of a measure, or the mean of all", () => {
  const measured = { corruptions: { "blur 1": 90, "blur 2": 70 } }
  const of = (name: string) => summaryMeasure(name).of({ measured } as unknown as Run.RunSummary)
  expect(["corruptions", "corruptions/blur 1", "corruptions/fog 1", "calibration"].map(of)).toEqual([
    80,
    90,
    undefined,
    undefined
  ])
})

it("lets an experiment grow, and only its presentation change", () => {
  const grown = {
    ...experiment,
    about: "more",
    also: ["gap" as const],
    rows: [...experiment.rows, { name: "C", settings: {} }],
    seeds: [1, 2, 3],
    selection: { ...experiment.selection!, values: [0.1, 0.5, 2.5] },
    smoke: { epochs: 1 }
  }
  expect(differences({ experiment, smoke: false }, { experiment: grown, smoke: false })).toEqual([])
  expect(differences({ experiment, smoke: true }, { experiment: grown, smoke: true })).toEqual([
    "epochs in the smoke settings was not set, now it is 1"
  ])
})
