import fc from "fast-check"
import { Grouping } from "finegrain"
import { expect, it } from "vitest"

const strategies = [Grouping.PI, Grouping.PO, Grouping.PIO]

const layer = fc.record({
  blocks: fc.integer({ min: 1, max: 4 }),
  inputs: fc.integer({ min: 1, max: 9 }),
  outputs: fc.integer({ min: 1, max: 9 }),
  manifolds: fc.integer({ min: 1, max: 5 }),
  seed: fc.integer(),
  strategy: fc.constantFrom(...strategies),
  selection: fc.constantFrom("random" as const, "contiguous" as const)
})

it("partitions every layer: groups are not empty, disjoint, and cover it", () => {
  fc.assert(fc.property(layer, ({ blocks, inputs, manifolds, outputs, seed, selection, strategy }) => {
    const groups = strategy(selection).groups(inputs, outputs, manifolds, seed, blocks)
    const members = groups.flatMap(({ indices }) => indices)
    expect(groups.every(({ indices }) => indices.length > 0)).toBe(true)
    expect(members.toSorted((a, b) => a - b)).toEqual(Array.from({ length: blocks * inputs * outputs }, (_, i) => i))
    expect(groups.every(({ manifold }) => manifold >= 0 && manifold < manifolds)).toBe(true)
  }))
})

it("deals evenly to the manifolds, as far as the units allow", () => {
  fc.assert(fc.property(layer, ({ blocks, inputs, manifolds, outputs, seed, selection, strategy }) => {
    const chosen = strategy(selection)
    const unit = { PI: outputs, PO: inputs, PIO: 1 }[chosen.name]
    const shares = Array.from({ length: manifolds }, () => 0)
    for (const { indices, manifold } of chosen.groups(inputs, outputs, manifolds, seed, blocks)) {
      shares[manifold]! += indices.length
    }
    expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(unit)
  }))
})

it("gives each of several blocks channels of its own", () => {
  const contiguous = (strategy: typeof strategies[number], inputs: number, outputs: number) =>
    strategy("contiguous").groups(inputs, outputs, 1, 0, 2).map(({ indices }) => indices)
  // Two blocks of two inputs and three outputs.
  expect(contiguous(Grouping.PI, 2, 3)).toEqual([[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]])
  expect(contiguous(Grouping.PO, 2, 3)).toEqual([[0, 3], [1, 4], [2, 5], [6, 9], [7, 10], [8, 11]])
  // A depthwise kernel of two channels with two outputs each: every output channel is one matrix.
  expect(contiguous(Grouping.PO, 1, 2)).toEqual([[0], [1], [2], [3]])
})

it("is Example 1 of the paper: a 3×3×4×6 kernel, two manifolds, ten subsets", () => {
  for (const selection of ["random", "contiguous"] as const) {
    const groups = Grouping.PIO(selection).groups(4, 6, 2, 7)
    const sizes = (manifold: number) =>
      groups.filter((group) => group.manifold === manifold).map(({ indices }) => indices.length)
    expect(groups).toHaveLength(10)
    expect(sizes(0)).toEqual([3, 3, 2, 2, 2])
    expect(sizes(1)).toEqual([3, 3, 2, 2, 2])
  }
})

it("draws from the seed: the same gives the same, another another, and contiguous ignores it", () => {
  for (const strategy of strategies) {
    const random = (seed: number) => strategy("random").groups(6, 6, 3, seed)
    expect(random(1)).toEqual(random(1))
    expect(random(1)).not.toEqual(random(2))
    expect(strategy("contiguous").groups(6, 6, 3, 1)).toEqual(strategy("contiguous").groups(6, 6, 3, 2))
  }
})

it("keeps whole channels together under PI and PO", () => {
  for (const { indices } of Grouping.PI().groups(4, 6, 2, 3)) {
    expect(new Set(indices.map((index) => Math.floor(index / 6))).size).toBe(1)
  }
  for (const { indices } of Grouping.PO().groups(4, 6, 2, 3)) {
    expect(new Set(indices.map((index) => index % 6)).size).toBe(1)
  }
})

it("draws every arrangement: each index visits each manifold", () => {
  const seen = Array.from({ length: 4 }, () => new Set<number>())
  for (let seed = 0; seed < 60; seed++) {
    for (const { indices, manifold } of Grouping.PIO().groups(2, 2, 2, seed)) {
      for (const index of indices) seen[index]!.add(manifold)
    }
  }
  expect(seen.map((manifolds) => manifolds.size)).toEqual([2, 2, 2, 2])
})
