import * as Effect from "effect/Effect"
import { Experiment } from "finegrain"
import { expect, it } from "vitest"
import { candidatesOf } from "../../src/experiment/search.ts"

const experiment = (selection: Partial<Experiment.Search>, search: Experiment.Ranges): Experiment.Experiment => ({
  name: "searched",
  about: "",
  base: { collection: "Sp+Euc", rates: { bias: 0.5 } },
  rows: [{ name: "A", settings: {}, search }, { name: "B", settings: { momentum: 0.5 } }],
  seeds: [1],
  selection: {
    candidates: 8,
    how: "latin-hypercube",
    over: { learningRate: { from: 0.01, to: 1 } },
    seed: 9,
    validationImages: 10,
    ...selection
  }
})

const values = (selection: Partial<Experiment.Search>, search: Experiment.Ranges, row = 0) => {
  const own = experiment(selection, search)
  return candidatesOf(own, own.rows[row]!).map(({ settings }) => settings)
}

it("draws one value in each eighth of every range, by logarithms or evenly", () => {
  const drawn = values({}, { learningRate: { from: 1e-4, to: 1 }, rho: { from: 1, to: 9, scale: "linear" } })
  const strata = (places: ReadonlyArray<number>) => places.map((u) => Math.floor(8 * u)).toSorted((a, b) => a - b)
  expect(strata(drawn.map(({ learningRate }) => Math.log10(learningRate!) / 4 + 1))).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  expect(strata(drawn.map(({ rho }) => (rho! - 1) / 8))).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  // Of a list every entry as often as the others.
  const momenta = values({}, { momentum: [0, 0.5, 0.9, 0.99] }).map(({ momentum }) => momentum)
  expect(momenta.filter((momentum) => momentum === 0.5)).toHaveLength(2)
})

it("draws alike for rows with as many ranges, anew for another seed, and other places at random", () => {
  const range = { learningRate: { from: 0.01, to: 1 } }
  expect(values({}, range, 0)).toEqual(values({}, range, 1))
  expect(values({}, range)).not.toEqual(values({ seed: 10 }, range))
  const random = values({ how: "random", candidates: 400 }, range).map(({ learningRate }) => learningRate!)
  expect(random.every((value) => value >= 0.01 && value <= 1)).toBe(true)
  // Half of them by logarithms below .1; four standard deviations of 400 coins are 40.
  expect(Math.abs(random.filter((value) => value < 0.1).length - 200)).toBeLessThan(40)
})

it("plans candidates by name, adds to records of settings, and gives the chosen one to the final runs", () => {
  const search = { how: "grid", candidates: 4, epochs: 1 } as const
  const ranges = { learningRate: [0.1, 0.2], "rates.Sp": [1, 4] }
  const own = { ...experiment(search, ranges), base: { epochs: 3, collection: "Sp+Euc", rates: { bias: 0.5 } } }
  const [cell] = Effect.runSync(Experiment.plan({ ...own, rows: own.rows.slice(0, 1) }))
  expect(cell!.candidates.map(({ candidate }) => candidate)).toEqual([
    "learningRate=0.1 rates.Sp=1",
    "learningRate=0.1 rates.Sp=4",
    "learningRate=0.2 rates.Sp=1",
    "learningRate=0.2 rates.Sp=4"
  ])
  const [trial] = cell!.candidates.slice(-1)
  expect(trial!.id).toBe("A/small-cnn/select-learningRate_0.2_rates.Sp_4")
  expect(trial!.config).toMatchObject({
    epochs: 1,
    learningRate: 0.2,
    rates: { bias: 0.5, Sp: 4 },
    validationImages: 10
  })
  const [final] = cell!.finals("learningRate=0.2 rates.Sp=1")
  expect(final!.config).toMatchObject({ epochs: 3, learningRate: 0.2, rates: { bias: 0.5, Sp: 1 }, seed: 1 })
  expect(final!.config.validationImages).toBeUndefined()
  expect(final!.id).toBe("A/small-cnn/seed-1-at-learningRate_0.2_rates.Sp_1")
})

it("plans some rows and columns where that is asked, and refuses those that are not there", () => {
  const columns = [{ name: "one", settings: {} }, { name: "two", settings: { epochs: 2 } }]
  const own = { ...experiment({ candidates: 2 }, { learningRate: [1, 2] }), base: {}, columns }
  const cells = Effect.runSync(Experiment.plan(own, { columns: ["two"], only: ["B"] }))
  expect(cells.map(({ column, row }) => [row, column])).toEqual([["B", "two"]])
  const { problems } = Effect.runSync(Effect.flip(Experiment.plan(own, { columns: ["three"] })))
  expect(problems).toEqual(["the column \"three\" is none of one, two"])
})

it("refuses ranges that nothing is drawn from, and epochs that the search sets itself", () => {
  const problems = (own: Experiment.Experiment) => Effect.runSync(Effect.flip(Experiment.plan(own))).problems
  const ranges = { learningRate: { from: 0.01, to: 1 } }
  const { selection: _, ...plain } = experiment({}, ranges)
  expect(problems(plain)).toEqual([
    "the search of row \"A\" has no effect: the selection draws no candidates, which candidates and how would say"
  ])
  const columns = [{ name: "one", settings: {}, search: ranges }]
  expect(problems({ ...experiment({}, ranges), columns })).toEqual([
    "the search of column \"one\" has no effect: rows have ranges, columns have none"
  ])
  expect(problems(experiment({ epochs: 1 }, { ...ranges, epochs: [1, 2] }))).toEqual([
    "the search of row \"A\" cannot choose epochs, which its own epochs set"
  ])
  expect(Effect.runSync(Experiment.plan(experiment({}, { ...ranges, epochs: [1, 2] }))).length).toBe(2)
})
