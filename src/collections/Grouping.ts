/** Grouping: which matrices of a layer make one POM, by input channels (PI), output channels (PO), or both (PIO). */
import * as Catalogue from "../choices/Catalogue.ts"
import * as Seed from "../numerics/Seed.ts"

/** Members of one POM: matrices of a layer, by index, and which manifold of the specification they live on. */
export interface Group {
  readonly manifold: number
  readonly indices: ReadonlyArray<number>
}

/**
 * How the order in which indices are dealt is chosen.
 *
 * @example
 * ```ts
 * import { Catalogue, Grouping } from "finegrain"
 * Catalogue.names(Grouping.selections) // => ["random", "contiguous"]
 * ```
 */
export const selections = {
  random: { about: "members are drawn without replacement" },
  contiguous: { about: "members are dealt in order" }
} as const satisfies Catalogue.Catalogue

/** The name of a way to choose the order in which indices are dealt. */
export type DealingOrder = keyof typeof selections

/** A name of the paper's strategies. */
export type StrategyName = keyof typeof strategies

/** A grouping strategy, as a value. */
export interface Strategy {
  readonly name: StrategyName
  readonly selection: DealingOrder
  /**
   * Disjoint groups that cover `inputs × outputs` matrices (index i·outputs + o), shared among `manifolds` manifolds;
   * of so many blocks of them (default 1), one after the other, each with channels of its own.
   */
  readonly groups: (
    inputs: number,
    outputs: number,
    manifolds: number,
    seed: Seed.Seed,
    blocks?: number
  ) => ReadonlyArray<Group>
}

/**
 * Deals a list into k runs whose lengths differ by at most one, longer ones first.
 *
 * @example
 * ```ts
 * import { Grouping } from "finegrain"
 * Grouping.deal([1, 2, 3, 4, 5], 2) // => [[1, 2, 3], [4, 5]]
 * ```
 */
export const deal = <A>(items: ReadonlyArray<A>, k: number): ReadonlyArray<ReadonlyArray<A>> => {
  const short = Math.floor(items.length / k)
  const long = items.length % k
  return Array.from({ length: k }, (_, i) => {
    const from = i * short + Math.min(i, long)
    return items.slice(from, from + short + (i < long ? 1 : 0))
  })
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i)

const drawn = (count: number, selection: DealingOrder, seed: Seed.Seed): ReadonlyArray<number> =>
  selection === "random" ? Array.from(Seed.permutation(seed, count)) : range(count)

/** One group per channel; whole channels are dealt to the manifolds. */
const byChannel = (
  name: StrategyName,
  selection: DealingOrder,
  channels: (inputs: number, outputs: number) => number,
  members: (channel: number, inputs: number, outputs: number) => ReadonlyArray<number>
): Strategy => ({
  name,
  selection,
  groups: (inputs, outputs, manifolds, seed, blocks = 1) => {
    const count = channels(inputs, outputs)
    const membersOf = (channel: number) => {
      const before = Math.floor(channel / count) * inputs * outputs
      return members(channel % count, inputs, outputs).map((index) => before + index)
    }
    return deal(drawn(blocks * count, selection, seed), manifolds).flatMap((dealt, manifold) =>
      dealt.map((channel) => ({ manifold, indices: membersOf(channel) }))
    )
  }
})

/**
 * Products for input channels: the group of input channel c is {W_{c,d} : d}. Source: Ozay 2019, section 4.
 *
 * @example
 * ```ts
 * import { Grouping } from "finegrain"
 * Grouping.PI("contiguous").groups(2, 3, 1, 0).map(({ indices }) => indices) // => [[0, 1, 2], [3, 4, 5]]
 * ```
 */
export const PI = (selection: DealingOrder = "random"): Strategy =>
  byChannel("PI", selection, (inputs) => inputs, (c, _inputs, outputs) => range(outputs).map((d) => c * outputs + d))

/**
 * Products for output channels: the group of output channel d is {W_{c,d} : c}. Source: Ozay 2019, section 4.
 *
 * @example
 * ```ts
 * import { Grouping } from "finegrain"
 * Grouping.PO("contiguous").groups(2, 3, 1, 0).map(({ indices }) => indices) // => [[0, 3], [1, 4], [2, 5]]
 * ```
 */
export const PO = (selection: DealingOrder = "random"): Strategy =>
  byChannel("PO", selection, (_, outputs) => outputs, (d, inputs, outputs) => range(inputs).map((c) => c * outputs + d))

/**
 * Products for input and output channels: subsets that cut across both.
 *
 * The matrices are dealt evenly to the manifolds, and those of each manifold evenly to its share of `inputs + outputs`
 * groups, as in Example 1 of Ozay 2019: 24 matrices of a 3×3×4×6 kernel, two manifolds, 10 groups, each manifold
 * 3+3+2+2+2.
 *
 * @example
 * ```ts
 * import { Grouping } from "finegrain"
 * Grouping.PIO("random").groups(4, 6, 2, 1).map(({ indices }) => indices.length) // => [3, 3, 2, 2, 2, 3, 3, 2, 2, 2]
 * ```
 */
export const PIO = (selection: DealingOrder = "random"): Strategy => ({
  name: "PIO",
  selection,
  groups: (inputs, outputs, manifolds, seed, blocks = 1) => {
    const shares = deal(drawn(blocks * inputs * outputs, selection, seed), manifolds)
    const counts = deal(range(Math.max(manifolds, blocks * (inputs + outputs))), manifolds)
      .map((groups) => groups.length)
    return shares.flatMap((share, manifold) =>
      share.length === 0
        ? []
        : deal(share, Math.min(counts[manifold]!, share.length)).map((indices) => ({ manifold, indices }))
    )
  }
})

const entry = Catalogue.entries<{ readonly selection: DealingOrder }, Strategy>()

/**
 * All strategies of grouping by name (Ozay 2019).
 *
 * @example
 * ```ts
 * import { Grouping } from "finegrain"
 * Grouping.strategies.PIO.make({ selection: "random" }).name // => "PIO"
 * ```
 */
export const strategies = {
  PI: entry({ about: "products for input channels", make: ({ selection }) => PI(selection) }),
  PO: entry({ about: "products for output channels", make: ({ selection }) => PO(selection) }),
  PIO: entry({ about: "products for both", make: ({ selection }) => PIO(selection) })
} satisfies Catalogue.Catalogue

/**
 * The strategy of a name and a selection.
 *
 * @example
 * ```ts
 * import { Grouping } from "finegrain"
 * Grouping.strategy("PO", "contiguous").name // => "PO"
 * ```
 */
export const strategy = (name: StrategyName, selection: DealingOrder = "random"): Strategy =>
  strategies[name].make({ selection })
