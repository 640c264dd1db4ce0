import { Seed, Statistics } from "finegrain"
import { expect, it } from "vitest"
import { edgesOf } from "../../src/experiment/edges.ts"

it("keeps the digits of p values far below those that 1 − cdf has left", () => {
  // Of 2 degrees of freedom p = 1 − t/√(t² + 2) = 2/(s(s + t)) with s = √(t² + 2).
  for (const t of [2, 1e3, 1e9]) {
    const spread = Math.sqrt(3) / t
    // Mean 1 and deviation √3/t of three differences have the statistic t.
    const { p } = Statistics.paired([1 - spread, 1, 1 + spread], [0, 0, 0])
    const s = Math.sqrt(t * t + 2)
    // jstat ends its continued fraction at 3e-7; differences of 1 ± 1.7e-9 have seven digits.
    expect(p! / (2 / (s * (s + t)))).toBeCloseTo(1, 5)
  }
})

it("corrects p values as Holm does, in the order in which they came", () => {
  // Sorted .01 .02 .02 .5, times 4, 3, 2, 1: .04, .06, .04 raised to .06, .5.
  expect(Statistics.holm([0.02, 0.5, 0.01, 0.02])).toEqual([0.06, 0.5, 0.04, 0.06])
  expect(Statistics.holm([0.6, 0.7])).toEqual([1, 1])
})

it.each([[5, 0.05], [5, 0.05 / 15], [3, 0.001], [2, 0.05 / 21]])(
  "finds a difference as often as it says: %s pairs, %s",
  (
    count,
    level
  ) => {
    const delta = Statistics.detectable(count, level)
    const normals = Seed.normals(1, count * 2000)
    const draws = Array.from(
      { length: 2000 },
      (_, k) => Array.from(normals.slice(count * k, count * (k + 1)), (z) => delta + z)
    )
    const none = Array.from({ length: count }, () => 0)
    const found = draws.filter((values) => Statistics.paired(values, none).p! <= level).length / draws.length
    // Four standard deviations of a share of 2,000.
    expect(Math.abs(found - 0.8)).toBeLessThan(0.036)
  }
)

it("ranks with ties as Kendall's τ-b, and draws whole groups", () => {
  // Six pairs, one tied in x, five concordant: 5/√(5·6).
  expect(Statistics.kendall([1, 1, 2, 3], [1, 2, 3, 4])).toBeCloseTo(5 / Math.sqrt(30), 12)
  expect(Statistics.kendall([1, 2], [3, 3])).toBeNaN()
  const groups = [[1, 2], [3, 4], [5, 7]] as const
  const tau = (drawn: ReadonlyArray<readonly [number, number]>) =>
    Statistics.kendall(drawn.map(([x]) => x), drawn.map(([, y]) => y))
  // Draws of one group alone have no rank, and are left out.
  expect(Statistics.bootstrap(groups, tau, { seed: 3, draws: 50 })).toEqual({ value: 1, low: 1, high: 1 })
})

it("says where what was chosen lies at an edge, of records of settings too, and not where it is 0", () => {
  const configs = [[0.1, 0, 1], [0.2, 0.1, 2], [0.4, 0.2, 4]] as const
  const candidates = configs.map(([learningRate, weightDecay, sphere], i) => ({
    candidate: i,
    config: { learningRate, weightDecay, rates: { Sp: sphere }, momentum: 0.9 }
  }))
  const cell = (chosen: number) => ({ row: "A", column: "B", chosen, candidates })
  expect(edgesOf(cell(1))).toEqual([])
  expect(edgesOf(cell(0))).toEqual([
    "A, B: learningRate 0.1 is the smallest of 3 tried",
    "A, B: rates.Sp 1 is the smallest of 3 tried"
  ])
  expect(edgesOf(cell(2))).toContain("A, B: weightDecay 0.2 is the largest of 3 tried")
})
