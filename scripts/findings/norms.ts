/** Norms of trained weights, and how bounds from them rank gaps between training and test. */
import { Bounds, Statistics } from "finegrain"
import type * as Results from "../../src/experiment/Results.ts"
import { mean, table } from "./markdown.ts"

interface LayerNorms extends Bounds.GroupNorms {
  readonly name: string
  readonly smallest: number
}

export type Norms = Readonly<Record<string, ReadonlyArray<LayerNorms>>>

/** Largest and smallest singular values of every layer, as means over the seeds. */
export const spectra = ({ cells }: Results.Results, norms: Norms) => {
  const names = Object.values(norms)[0]!.map(({ name }) => name)
  return table(
    ["method", ...names.map((name) => `${name}: σ₁, σₙ`)],
    cells.map(({ finals, row }) => [
      row,
      ...names.map((_, layer) =>
        (["spectral", "smallest"] as const).map((norm) =>
          mean(finals.map(({ id }) => norms[id]![layer]![norm])).toFixed(2)
        ).join(", ")
      )
    ])
  )
}

const titles = {
  frobenius: "Frobenius norms (Neyshabur 2015; B1)",
  rowSum: "spectral and 2→1 norms (Bartlett 2017; B2)",
  spectral: "spectral and Frobenius norms (Neyshabur 2018; B3)"
} as const

/** The logarithm of every bound, by its title, of a trial. */
type LogBounds = (id: string) => Readonly<Record<string, number>>

/** Those of networks of dense layers, from the norms of their kernels. */
export const fromNorms = (norms: Norms, samples: number): LogBounds => (id) => {
  const bounds = Bounds.logBounds({ layers: norms[id]!.map((own) => [own]), samples, width: 3072 })
  return Object.fromEntries(Object.entries(titles).map(([name, title]) => [title, bounds[name as keyof typeof bounds]]))
}

type Measured = Readonly<Record<"perPom" | "perLayer", Readonly<Record<keyof typeof titles, number>>>>

const titleOf = (title: string, over: keyof Measured) => `${title}, over ${over === "perPom" ? "POMs" : "layers"}`

/** Those that runs measured, the paper's over POMs and the classical ones over layers. */
export const asMeasured = (own: Readonly<Record<string, Measured>>): LogBounds => (id) =>
  Object.fromEntries(
    (["perPom", "perLayer"] as const).flatMap((over) =>
      Object.entries(titles).map(([name, title]) => [
        titleOf(title, over),
        own[id]![over][name as keyof typeof titles]
      ])
    )
  )

interface Gap {
  readonly gap: number
  readonly bounds: Readonly<Record<string, number>>
}

const gapsOf = (trials: ReadonlyArray<Results.TrialResult>, bounds: LogBounds): ReadonlyArray<Gap> =>
  trials.flatMap(({ id, summary }) =>
    summary?.testAccuracy === undefined || summary.trainAccuracy === undefined
      ? []
      : [{ gap: summary.trainAccuracy - summary.testAccuracy, bounds: bounds(id) }]
  )

/** Kendall's τ of a bound with the gap. */
const tau = (gaps: ReadonlyArray<Gap>, bound: string) =>
  Statistics.kendall(gaps.map(({ bounds }) => bounds[bound]!), gaps.map(({ gap }) => gap))

/** A statistic of groups that a bootstrap draws whole, with its interval. */
const bootstrapped = <G>(groups: ReadonlyArray<G>, statistic: (drawn: ReadonlyArray<G>) => number) => {
  const { high, low, value } = Statistics.bootstrap(groups, statistic, { draws: 400, seed: 1 })
  return `${value.toFixed(2)} (${low.toFixed(2)} … ${high.toFixed(2)})`
}

/** Kendall's τ of every bound over sets of trials, of which groups are drawn whole. */
const rankTable = (sets: Readonly<Record<string, ReadonlyArray<ReadonlyArray<Gap>>>>) =>
  table(
    [
      "bound",
      ...Object.entries(sets).map(([name, groups]) => {
        const count = groups.flat().length
        return name === "all" ? `τ, all ${count}` : `τ, ${count} ${name}`
      })
    ],
    Object.keys(Object.values(sets)[0]!.flat()[0]!.bounds).map((bound) =>
      [bound].concat(Object.values(sets).map((groups) => bootstrapped(groups, (drawn) => tau(drawn.flat(), bound))))
    )
  )

/**
 * Kendall's τ between each bound and the measured gap, over final runs, and with those that chose, whose test images
 * are held-out ones; rows are drawn whole.
 */
export const ranks = ({ cells }: Results.Results, bounds: LogBounds) => {
  const groupsOf = (trials: (cell: Results.CellResult) => ReadonlyArray<Results.TrialResult>) =>
    cells.map((cell) => gapsOf(trials(cell), bounds))
  return rankTable({
    "final runs": groupsOf(({ finals }) => finals),
    "that chose": groupsOf(({ candidates }) => candidates),
    "all": groupsOf(({ candidates, finals }) => [...candidates, ...finals])
  })
}

/**
 * Of few rows intervals say nothing: those that chose, each of its own rate and weight decay, are drawn one by one,
 * those of one column apart from those of another.
 */
export const ranksOfCandidates = ({ cells }: Results.Results, bounds: LogBounds) => {
  const columns = Map.groupBy(cells, ({ column }) => column)
  return rankTable(Object.fromEntries(
    [...columns].map(([column, own]) => [
      columns.size > 1 ? `that chose, ${column}` : "that chose",
      gapsOf(own.flatMap(({ candidates }) => candidates), bounds).map((trial) => [trial])
    ])
  ))
}

/** An experiment whose runs measured their bounds. */
export interface Bounded {
  readonly title: string
  readonly results: Results.Results
  readonly bounds: Readonly<Record<string, Measured>>
}

/**
 * Kendall's τ of the paper's bounds and of the classical ones with the gaps of candidates, experiment by experiment,
 * and how much more the paper's rank than the classical ones, as the mean over the three.
 */
export const ranksOfAll = (experiments: ReadonlyArray<Bounded>) => {
  const bounds = Object.values(titles)
  return table(
    ["setting", "candidates", "paper's bounds: τ of B1, B2, B3", "classical ones", "paper's minus classical"],
    experiments.map(({ bounds: measured, results, title }) => {
      const gaps = gapsOf(results.cells.flatMap(({ candidates }) => candidates), asMeasured(measured))
      const difference = (drawn: ReadonlyArray<Gap>) =>
        mean(bounds.map((bound) => tau(drawn, titleOf(bound, "perPom")) - tau(drawn, titleOf(bound, "perLayer"))))
      return [
        title,
        String(gaps.length),
        ...(["perPom", "perLayer"] as const).map((kind) =>
          bounds.map((bound) => tau(gaps, titleOf(bound, kind)).toFixed(2)).join(", ")
        ),
        bootstrapped(gaps, difference)
      ]
    })
  )
}
