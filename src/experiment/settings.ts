/** The settings of a cell from the places that have a say in them: experiment, column, row, smoke run. */
import * as Schema from "effect/Schema"
import { TrainConfig } from "../training/TrainConfig.ts"
import type { Experiment, Settings, Variant } from "./design.ts"

/** What a run has where nothing is said. */
const usual = Schema.decodeSync(Schema.Struct({ model: TrainConfig.fields.model }))({})

/** Where in an experiment some settings stand. */
export interface PlacedSettings {
  readonly place: string
  readonly settings: Settings
  /** Whether they hold in smoke runs only. */
  readonly isSmoke: boolean
}

/**
 * The columns, or the one that stands for none.
 *
 * @internal
 */
export const columnsOf = ({ base, columns }: Experiment): ReadonlyArray<Variant> =>
  columns ?? [{ name: base.model ?? usual.model, settings: {} }]

const ofVariant = (what: string, { name, settings, smoke = {} }: Variant): ReadonlyArray<PlacedSettings> => [
  { place: `${what} "${name}"`, settings, isSmoke: false },
  { place: `the smoke settings of ${what} "${name}"`, settings: smoke, isSmoke: true }
]

/**
 * The settings of a cell by where they stand, later ones before earlier ones: those of the experiment, of the column,
 * of the row.
 *
 * @internal
 */
export const sources = (
  { base, smoke = {} }: Experiment,
  row: Variant,
  column: Variant,
  isSmoke: boolean
): ReadonlyArray<PlacedSettings> =>
  [
    { place: "base", settings: base, isSmoke: false },
    { place: "the smoke settings", settings: smoke, isSmoke: true },
    ...ofVariant("column", column),
    ...ofVariant("row", row)
  ].filter((source) => isSmoke || !source.isSmoke)

/**
 * Every place of an experiment that has settings, once.
 *
 * @internal
 */
export const allSources = (experiment: Experiment): ReadonlyArray<PlacedSettings> => {
  const { base, rows, smoke = {} } = experiment
  return [
    { place: "base", settings: base, isSmoke: false },
    { place: "the smoke settings", settings: smoke, isSmoke: true },
    ...columnsOf(experiment).flatMap((column) => ofVariant("column", column)),
    ...rows.flatMap((row) => ofVariant("row", row))
  ]
}

/**
 * What they come to together.
 *
 * @internal
 */
export const merged = (all: ReadonlyArray<PlacedSettings>): Settings =>
  Object.fromEntries(all.flatMap(({ settings }) => Object.entries(settings)))
