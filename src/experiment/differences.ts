/** What must be the same for trials on disk to count for an experiment. */
import { isDeepStrictEqual } from "node:util"
import type { Experiment, Selection, Settings, Variant } from "./Experiment.ts"
import { factorOf } from "./halving.ts"
import { isSearch, rangesOf } from "./search.ts"
import { columnsOf } from "./settings.ts"
import { type Shard, shown as part } from "./shard.ts"

/** An experiment as it was run; `experiment.json`. */
export interface StoredExperiment {
  readonly experiment: Experiment
  readonly smoke: boolean
  /** Which part of the grid is run in this directory, where others have others. */
  readonly shard?: Shard
}

const shown = (value: unknown) => value === undefined ? "not set" : JSON.stringify(value)

const changed = (what: string, before: unknown, now: unknown): ReadonlyArray<string> =>
  isDeepStrictEqual(before, now) ? [] : [`${what} was ${shown(before)}, now it is ${shown(now)}`]

const ofSettings = (place: string, before: Settings = {}, now: Settings = {}): ReadonlyArray<string> =>
  [...new Set([...Object.keys(before), ...Object.keys(now)])].flatMap((key) =>
    changed(`${key} in ${place}`, before[key as keyof Settings], now[key as keyof Settings])
  )

const gone = (what: string, before: ReadonlyArray<unknown>, now: ReadonlyArray<unknown>) =>
  before.filter((one) => !now.includes(one)).map((one) => `${what} ${shown(one)} is gone`)

const ofVariants = (
  what: string,
  before: ReadonlyArray<Variant>,
  now: ReadonlyArray<Variant>,
  smoke: boolean
): ReadonlyArray<string> => {
  const kept = before.flatMap((old) => now.filter(({ name }) => name === old.name).map((own) => [old, own] as const))
  return [
    ...gone(what, before.map(({ name }) => name), now.map(({ name }) => name)),
    ...kept.flatMap(([old, own]) => ofSettings(`${what} "${own.name}"`, old.settings, own.settings)),
    ...kept.flatMap(([old, own]) =>
      smoke ? ofSettings(`the smoke settings of ${what} "${own.name}"`, old.smoke, own.smoke) : []
    )
  ]
}

/** What a selection chooses, in a word. */
const chosenBy = (selection: Selection) => isSearch(selection) ? "a search" : selection.setting

/** Of one setting candidates may be added; those of a search are drawn together, and stay. */
const ofSelections = (
  chose: Selection,
  chooses: Selection,
  before: ReadonlyArray<Variant>,
  now: ReadonlyArray<Variant>
): ReadonlyArray<string> => [
  ...changed("the setting that is chosen", chosenBy(chose), chosenBy(chooses)),
  ...changed("the seed that chooses", chose.seed, chooses.seed),
  ...changed("validationImages of the selection", chose.validationImages, chooses.validationImages),
  ...(isSearch(chose) && isSearch(chooses)
    ? [
      ...changed("the number of candidates", chose.candidates, chooses.candidates),
      ...changed("how candidates are drawn", chose.how, chooses.how),
      ...changed("epochs of the search", chose.epochs, chooses.epochs),
      ...changed("the factor of the search", factorOf(chose), factorOf(chooses)),
      ...before.flatMap((row) =>
        now.filter(({ name }) => name === row.name).flatMap((own) =>
          changed(`the ranges of row "${row.name}"`, rangesOf(chose, row), rangesOf(chooses, own))
        )
      )
    ]
    : isSearch(chose) || isSearch(chooses)
    ? []
    : gone("candidate", chose.values, chooses.values))
]

/**
 * How an experiment differs from the one whose trials are there, all of it, where that would change or lose a finished
 * trial. Rows, columns, seeds and candidates may be added, and what is shown may change.
 *
 * @internal
 */
export const differences = (before: StoredExperiment, now: StoredExperiment): ReadonlyArray<string> => {
  const [old, own] = [before.experiment, now.experiment]
  const smoke = before.smoke && now.smoke
  const [chose, chooses] = [old.selection, own.selection]
  return [
    ...changed("the name", old.name, own.name),
    ...changed("the shard", before.shard && part(before.shard), now.shard && part(now.shard)),
    ...(before.smoke === now.smoke ? [] : [`it was ${before.smoke ? "a smoke" : "a full"} run`]),
    ...ofSettings("base", old.base, own.base),
    ...(smoke ? ofSettings("the smoke settings", old.smoke, own.smoke) : []),
    ...ofVariants("column", columnsOf(old), columnsOf(own), smoke),
    ...ofVariants("row", old.rows, own.rows, smoke),
    ...gone("seed", old.seeds, own.seeds),
    ...(chose === undefined || chooses === undefined
      ? changed("the selection", chose && chosenBy(chose), chooses && chosenBy(chooses))
      : ofSelections(chose, chooses, old.rows, own.rows))
  ]
}
