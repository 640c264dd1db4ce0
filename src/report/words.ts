/** What a page says first: what was done on what, how well, from which commit, and which results are one. */
import { counted, noun } from "../choices/counted.ts"
import * as Results from "../experiment/Results.ts"
import { isShortened } from "../training/measures/factors.ts"
import type * as RunFiles from "../training/RunFiles.ts"
import type { EpochDone } from "../training/Trainer.ts"
import type { Steps } from "./Steps.ts"

type Versions = RunFiles.Manifest["versions"]

const listed = (all: ReadonlyArray<string>): string =>
  all.length < 2 ? all.join("") : `${all.slice(0, -1).join(", ")} and ${all.at(-1)}`

const commitOf = (versions: Versions): string =>
  typeof versions?.revision === "string"
    ? `commit ${versions.revision.replace(/^([0-9a-f]{10})[0-9a-f]+/, "$1")}`
    : `finegrain ${versions?.finegrain ?? "of unknown version"}`

const distinct = (all: ReadonlyArray<string | undefined>) =>
  [...new Set(all)].filter((one): one is string => one !== undefined)

/** The best row of a column, by its mean error. */
const best = (column: string, cells: ReadonlyArray<Results.CellResult>): string => {
  const found = cells.filter(({ error }) => error !== undefined).toSorted((a, b) => a.error!.mean - b.error!.mean)[0]
  return found === undefined
    ? `${column}: no result yet`
    : `${column}: ${found.row} has the lowest test error, ${Results.plusMinus(found.error!)} % (${
      counted(found.error!.count, "seed")
    })`
}

/**
 * The headline of an experiment: the best row of every column, the data, how many trials are done, and the commits.
 *
 * @internal
 */
export const ofResults = ({ cells, environments }: Results.Results): string => {
  const trials = cells.flatMap(({ candidates, finals }) => [...candidates, ...finals])
  const done = trials.filter(({ status }) => status === "completed").length
  const data = distinct(environments.map(({ dataset }) => dataset?.name))
  return [
    `${[...Map.groupBy(cells, ({ column }) => column)].map(([column, own]) => best(column, own)).join("; ")}.`,
    `${data.length === 0 ? "" : `On ${listed(data)}; `}${done} of ${counted(trials.length, "trial")} completed${
      environments.length === 0
        ? ""
        : `, from ${listed(distinct(environments.map(({ versions }) => commitOf(versions))))}`
    }.`
  ].join(" ")
}

/** The headline of a run: network, data, accuracy, what decided about it, engine and commit. */
export const ofRun = (
  { backend, config, dataset, seed, versions }: RunFiles.Manifest,
  epochs: ReadonlyArray<EpochDone>,
  status: string
): string => {
  const last = epochs.findLast(({ testLoss }) => !Number.isNaN(testLoss))
  const { collection, learningRate, model = "a network of one's own", optimizer = "fg-sgd", strategy } = config
  const how = [
    ...(collection === undefined ? [] : [`${String(strategy)} of ${String(collection)}`]),
    ...(config["model"] === undefined ? [] : [String(optimizer)]),
    ...(learningRate === undefined ? [] : [`learning rate ${String(learningRate)}`]),
    `seed ${seed}`
  ].join(", ")
  const result = last === undefined
    ? "no epoch has been tested yet"
    : `${
      Number.isNaN(last.testAccuracy)
        ? `test loss ${last.testLoss.toPrecision(4)}`
        : `test accuracy ${(100 * last.testAccuracy).toFixed(2)} %`
    } after ${counted(last.epoch, "epoch")}`
  return `${String(model)} on ${dataset.name}: ${result} (${how}); ${status}, on ${
    backend?.name ?? "an unknown engine"
  }, from ${commitOf(versions)}.`
}

/** What the recorded steps of a run say of g: how many values of POMs, and how many of them above 1. */
export interface Shortened {
  readonly values: number
  readonly above: number
}

/** What steps recorded of g = 1/factor. */
export const shortened = ({ poms: { steps } }: Steps): Shortened => {
  const all = steps.flatMap(({ factors = [] }) => factors.filter((factor) => !Number.isNaN(factor)))
  return { values: all.length, above: all.filter(isShortened).length }
}

/** Rows of a column whose runs of some seeds ended with one and the same weights. */
export interface Identical {
  readonly column: string
  readonly rows: ReadonlyArray<string>
  readonly seeds: ReadonlyArray<number>
  /** Seeds of which all these rows have weights. */
  readonly of: number
  /** Their settings that differ, by name. */
  readonly differing: ReadonlyArray<string>
  readonly trials: ReadonlyArray<string>
}

const differingOf = (trials: ReadonlyArray<Results.TrialResult>): ReadonlyArray<string> =>
  [...new Set(trials.flatMap(({ config }) => Object.keys(config)))].filter((key) =>
    new Set(trials.map(({ config }) => JSON.stringify(config[key]))).size > 1
  )

/** Cells whose runs ended with the same weights to the bit, by the checksums of those. */
const identical = ({ cells }: Results.Results): ReadonlyArray<Identical> =>
  [...Map.groupBy(cells, ({ column }) => column)].flatMap(([column, own]) => {
    const trials = own.flatMap(({ finals, row }) =>
      finals.flatMap((trial) => {
        const weights = trial.summary?.weightsSha256
        return weights === undefined ? [] : [{ row, weights, trial }]
      })
    )
    const same = [...Map.groupBy(trials, ({ trial: { seed }, weights }) => `${seed} ${weights}`).values()]
      .filter((group) => group.length > 1)
    return [...Map.groupBy(same, (group) => JSON.stringify(group.map(({ row }) => row))).values()].map((groups) => {
      const rows = groups[0]!.map(({ row }) => row)
      const shared = [...new Set(trials.map(({ trial: { seed } }) => seed))].filter((seed) =>
        rows.every((row) => trials.some((one) => one.row === row && one.trial.seed === seed))
      )
      return {
        column,
        rows,
        seeds: groups.map(([first]) => first!.trial.seed).toSorted((a, b) => a - b),
        of: shared.length,
        differing: differingOf(groups[0]!.map(({ trial }) => trial)),
        trials: groups.flat().map(({ trial: { id } }) => id)
      }
    })
  })

const grouping: ReadonlySet<string> = new Set(["strategy", "selection"])

const cellsText = ({ column, of, rows, seeds }: Identical): string =>
  `${listed(rows)} in ${column} (${noun(seeds.length, "seed")} ${listed(seeds.map(String))} of ${of})`

const reason = (differing: ReadonlyArray<string>): string =>
  differing.length > 0 && differing.every((key) => grouping.has(key))
    ? `They differ in ${listed(differing)} only, which says what matrices share one g, and by that alone changes the ` +
      "steps of the same matrices on the same manifold: g was the same for both, as where it is 1, its least value."
    : differing.length === 0
    ? "Their settings are the same."
    : `They differ in ${listed(differing)} only, which changed no bit.`

const recordedText = (all: ReadonlyArray<Shortened>): string => {
  const [values, above] = [all.reduce((sum, one) => sum + one.values, 0), all.reduce((sum, one) => sum + one.above, 0)]
  return values === 0
    ? ""
    : ` Recorded steps of these runs tell g of POMs ${values.toLocaleString("en")} ${noun(values, "time")}: ${
      above === 0 ? "it is 1 in all of them" : `it is above 1 in ${(100 * above / values).toPrecision(2)} % of them`
    }.`
}

/**
 * Which cells are identical to the bit, and why, as far as settings and recorded steps tell; a text for every reason.
 *
 * @internal
 */
export const identicalTexts = (
  results: Results.Results,
  shortenedIn: (trial: string) => Shortened | undefined
): ReadonlyArray<string> =>
  [...Map.groupBy(identical(results), ({ differing }) => JSON.stringify(differing)).values()].map((all) => {
    const told = all.flatMap(({ trials }) => trials.flatMap((trial) => shortenedIn(trial) ?? []))
    return `Identical to the bit: ${all.map(cellsText).join("; ")}. ${reason(all[0]!.differing)}${recordedText(told)}`
  })
