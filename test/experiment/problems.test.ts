import * as Effect from "effect/Effect"
import { Experiment } from "finegrain"
import { expect, it } from "vitest"

const experiment: Experiment.Experiment = {
  name: "two",
  about: "",
  base: { dataset: "mnist", epochs: 2 },
  rows: [{ name: "Euc", settings: { collection: "Euc" } }, { name: "Sp", settings: { collection: "Sp" } }],
  seeds: [1, 2]
}

const problems = (more: object, options?: Experiment.PlanOptions): ReadonlyArray<string> =>
  Effect.runSync(Effect.flip(Experiment.decode({ ...experiment, ...more }, "two.ts", options))).problems

it("is in order as it stands", () => {
  expect(Effect.runSync(Experiment.decode(experiment, "two.ts"))).toEqual(experiment)
})

it("tells the problems of shape, of names and of settings together, each once and in words", () => {
  const found = problems({
    name: "a b",
    sedes: [1],
    also: ["gap", "gap"],
    baseline: "St",
    seeds: [1, 1, 9],
    base: { epochs: 0, learningRate: 1, sed: 1 },
    rows: [
      ...experiment.rows,
      { name: "Euc", settings: {} },
      { name: "C", settings: { smok: {} }, smoke: { collection: "Sp+Torus" } },
      { name: "D", setings: {} },
      { settings: {} }
    ],
    selection: { setting: "learningRate", values: [0.1, -1], seed: 9, validationImages: 0 },
    published: { source: "Someone 2020", errors: { Ob: {} } }
  }, { only: ["Grass"] })
  expect(found).toEqual([
    "unknown part \"sedes\"",
    "name: \"a b\" may hold letters, digits, \".\", \"_\" and \"-\" only",
    "unknown part \"setings\" in row \"D\"",
    "settings is missing in row \"D\"",
    "name is missing in row 6",
    expect.stringMatching(/^selection\.validationImages must be .* 1, not 0$/),
    "there are two rows \"Euc\"",
    "gap is shown twice",
    "seed 1 is there twice",
    expect.stringMatching(/^the baseline "St" is none of /),
    expect.stringMatching(/^the row "Grass" is none of /),
    expect.stringMatching(/^the published row "Ob" is none of /),
    "unknown setting \"sed\" in base",
    expect.stringMatching(/^epochs must be .* 1, not 0 in base$/),
    "unknown setting \"smok\" in row \"C\"",
    expect.stringMatching(/^collection: .*there is no manifold "Torus".* in the smoke settings of row "C"$/)
  ])
})

it("shows what is measured, of any measure and any of its lines, and no more", () => {
  expect(problems({ also: ["calibration", "gapp", "label-noise/clean", "trainLoss"], base: { measures: [] } })).toEqual(
    [
      "also: \"calibration\" is measured by no run: add measures: [\"calibration\"] to base",
      expect.stringMatching(/^also: "gapp" is none of trainLoss, .*calibration/),
      expect.stringMatching(/^also: "label-noise\/clean" is measured by no run/)
    ]
  )
  const measured = { ...experiment, base: { measures: ["calibration" as const] }, also: ["calibration"] }
  expect(Effect.runSync(Experiment.decode(measured, "two.ts"))).toEqual(measured)
})

it("takes no part of a setting that is one word, which the part would replace", () => {
  const row = { name: "Sp", settings: { collection: "Sp", rates: "recommended" } }
  const search = { "rates.curved": { from: 0.5, to: 2 } }
  const selection = { candidates: 2, how: "random", over: search, seed: 9, validationImages: 10 }
  expect(problems({ selection, rows: [row] })).toEqual([
    `rates is "recommended" in row "Sp", so the search of row "Sp" cannot choose rates.curved beside it: ` +
    `say { "recommended": 1 }`
  ])
  const said = { ...row, settings: { ...row.settings, rates: { recommended: 1 } } }
  const sound = { ...experiment, selection, rows: [said] } as Experiment.Experiment
  expect(Effect.runSync(Experiment.decode(sound, "two.ts"))).toEqual(sound)
})

it("holds a selection to what it may choose", () => {
  const selection = { setting: "learningRate", values: [0.1, -1, 0.1], seed: 2, validationImages: 10 }
  const found = problems({
    selection,
    base: { learningRate: 1, validationImages: 10 },
    rows: [{ name: "Sp", settings: { validationImages: 5 } }]
  })
  expect(found).toEqual([
    "seed 2 chooses learningRate, and must not be one of the final runs",
    "learningRate 0.1 is a candidate twice",
    "learningRate is set in base, but the selection chooses it",
    "validationImages is set in base, but the selection holds images out, of its own runs only",
    "validationImages is set in row \"Sp\", but the selection holds images out, of its own runs only",
    expect.stringMatching(/^learningRate must be .* 0, not -1 in the selection$/)
  ])
  const other = { ...selection, seed: 9, values: [0.1] }
  expect(problems({ selection: { ...other, setting: "lerningRate" } })).toEqual([
    "unknown setting \"lerningRate\" in the selection"
  ])
  expect(problems({ selection: { ...other, values: [] } })).toEqual(["there are no values of learningRate"])
  for (const setting of ["seed", "validationImages", "layers"]) {
    expect(problems({ selection: { ...other, setting } })).toContain(`the selection cannot choose ${setting}`)
  }
})

it("holds a search to ranges that can be drawn from, the same number for every row", () => {
  const search = { candidates: 4, how: "latin-hypercube", seed: 9, validationImages: 10 }
  const learningRate = { from: 0.01, to: 1 }
  expect(problems({
    selection: { ...search, over: { learningRate } },
    base: { learningRate: 1, rates: { St: 2 } },
    rows: [
      { name: "A", settings: { collection: "St" }, search: { "rates.St": [1, 2, 3, 4, 5] } },
      { name: "B", settings: {}, search: { weightDecay: { from: 0, to: 1 }, momentum: { from: 1, to: 0.5 } } },
      { name: "C", settings: {}, search: {} },
      { name: "D", settings: {}, search: { seed: [1, 2] } },
      { name: "E", settings: {}, search: { epochs: [1, -1] } }
    ]
  })).toEqual(expect.arrayContaining([
    "the range of weightDecay is logarithmic, so it cannot begin at 0 in the search of row \"B\"",
    "the range of momentum begins at 1, which is not below its end, 0.5 in the search of row \"B\"",
    "the search has no ranges of row \"C\"",
    "the search of row \"D\" cannot choose seed",
    "rates.St is set in base, but the search of row \"A\" chooses it",
    expect.stringMatching(/^epochs must be .* 1, not -1 in the search of row "E"$/)
  ]))
  const grid = { ...search, how: "grid" }
  expect(problems({ selection: { ...grid, over: { learningRate } } })[0]).toMatch(/a grid needs values of learningRate/)
  expect(problems({ selection: { ...grid, over: { learningRate: [1, 2], momentum: [0, 0.5, 0.9] } } })[0]).toMatch(
    /^the grid of row ".*" has 6 candidates, but every row is to have 4$/
  )
})

it("knows without data what could not run", () => {
  expect(problems({
    base: { seed: 3, layers: { conv1: { collection: "Sp+Sp" } } },
    rows: [{ name: "Rk", settings: { collection: "Rk" } }, {
      name: "DS",
      settings: { collection: "DS", rule: "plain" }
    }]
  })).toEqual([
    "seed is set in base, but the seeds of the experiment stand in \"seeds\"",
    expect.stringMatching(/^layers\.conv1\.collection: .*"Sp" stands in it twice.* in base$/),
    expect.stringMatching(/^Rk has no bound of its sectional curvature.* \(row "Rk"\)$/)
  ])
})

it("refuses settings without effect, where there is none in any cell", () => {
  const power = { name: "power", settings: { schedule: "power" } }
  expect(problems({
    base: { exponent: 0.7, imageSize: 32, backend: "cpu", threads: 2, validationImages: 5, testImages: 7 }
  })).toEqual([
    "exponent in base has no effect: only the power schedule has it",
    "imageSize in base has no effect: the images of mnist have one size",
    "threads in base has no effect: only the wasm backend has it",
    "testImages in base has no effect: the held-out images stand in the place of the test set"
  ])
  expect(problems({ base: { exponent: 0.7 }, rows: [power, { name: "Sp", settings: { exponent: 0.8 } }] })).toEqual([
    "exponent in row \"Sp\" has no effect: only the power schedule has it"
  ])
  expect(problems({ base: { rho: 1 }, rows: [{ name: "plain", settings: { rule: "plain" } }] })).toEqual([
    "rho is set, but the plain rule knows none"
  ])
  expect(problems({
    base: { collection: "Ob" },
    smoke: { schedule: "cosine", exponent: 0.6 }
  })).toEqual([
    "collection in base has no effect: others set it everywhere",
    "exponent in the smoke settings has no effect: only the power schedule has it"
  ])
})

it("looks at every candidate: what one of them uses has an effect, what one of them cannot have is a mistake", () => {
  const choosing = (setting: string, values: ReadonlyArray<string>) => ({
    setting,
    values,
    seed: 9,
    validationImages: 10
  })
  const optimizers = ["riemannian-adam", "fg-sgd"]
  for (const values of [optimizers, optimizers.toReversed()]) {
    const own = { ...experiment, base: { momentum: 0.5 }, selection: choosing("optimizer", values) }
    expect(Effect.runSync(Experiment.decode(own, "two.ts"))).toEqual(own)
  }
  expect(problems({ base: { momentum: 0.5 }, selection: choosing("optimizer", ["riemannian-adam"]) })).toEqual([
    "momentum in base has no effect: riemannian-adam has none"
  ])
  const rows = [{ name: "DS", settings: { collection: "DS" } }]
  const rules = ["plain", "curvatureAware"]
  for (const values of [rules, rules.toReversed()]) {
    expect(problems({ rows, selection: choosing("rule", values) })).toEqual([
      expect.stringMatching(/^DS has no bound of its sectional curvature/)
    ])
  }
})

it("does not guess which of a row and a column holds", () => {
  const columns = [{ name: "wide", settings: { model: "resnet-20" }, smoke: { collection: "Ob" } }]
  expect(problems({ columns, rows: [{ name: "deep", settings: { model: "resnet-56", collection: "St" } }] }))
    .toEqual(expect.arrayContaining([
      "model is set by row \"deep\" and by column \"wide\"",
      "collection is set by row \"deep\" and by column \"wide\""
    ]))
})

it("gives rows directories that can be told apart", () => {
  const rows = ["γ = 1", "λ = 1", "ρ = 1", "A b"].map((name) => ({ name, settings: {} }))
  const cells = Effect.runSync(Experiment.plan({ ...experiment, rows }))
  expect(cells.map(({ directory }) => directory)).toEqual([
    "gamma_1/small-cnn",
    "lambda_1/small-cnn",
    "rho_1/small-cnn",
    "A_b/small-cnn"
  ])
  expect(problems({ rows: [...rows, { name: "A_b", settings: {} }] })).toEqual([
    "the rows \"A b\" and \"A_b\" are too alike: both would be written to A_b"
  ])
})

it("refuses names that would put trials elsewhere than in a directory of their own", () => {
  const rows = ["..", "~", "≤", "Sp"].map((name) => ({ name, settings: {} }))
  expect(problems({ rows, columns: [{ name: ".", settings: {} }] })).toEqual([
    "the row \"..\" cannot name a directory: it needs letters or digits",
    "the row \"~\" cannot name a directory: it needs letters or digits",
    "the row \"≤\" cannot name a directory: it needs letters or digits",
    "the column \".\" cannot name a directory: it needs letters or digits"
  ])
  expect(problems({ name: ".." })).toEqual(["name: \"..\" cannot name a directory"])
})

it("says nothing of what an illegible part lacks", () => {
  expect(problems({ rows: 3, seeds: "1", columns: [] })).toEqual([
    expect.stringMatching(/^rows must be/),
    expect.stringMatching(/^seeds must be/)
  ])
  expect(problems({ rows: [], seeds: [], columns: [] })).toEqual([
    "it has no rows",
    "it has no columns",
    "it has no seeds"
  ])
})
