/**
 * An experiment as a value: rows, columns, seeds, and what is chosen by validation.
 */
import * as Catalogue from "../choices/Catalogue.ts"
import type * as TrainConfig from "../training/TrainConfig.ts"
import { summaryMeasures } from "./summaryMeasures.ts"

/** Settings of a training run, those that differ from others. */
export type Settings = Partial<(typeof TrainConfig.TrainConfig)["Encoded"]>

/** One row or column: a name, and what is special about it. */
export interface Variant {
  readonly name: string
  readonly settings: Settings
  /** What a smoke run changes in them, such as a smaller network. */
  readonly smoke?: Settings
  /** Of a row: the ranges of its own search, instead of those of the experiment. */
  readonly search?: Ranges
}

/**
 * What a table can show beside test errors, of any run: of the last epoch, losses and gradient norms as means over its
 * steps.
 *
 * @example
 * ```ts
 * import { Experiment } from "finegrain"
 * Experiment.measures.includes("trainLoss") // => true
 * ```
 */
export const measures = Catalogue.names(summaryMeasures)

/**
 * The name of what a table can show beside test errors: one of `measures`, or what the setting `measures` asks for, and
 * which of its numbers: "calibration", "label-noise/clean", "corruptions/noise 2"; without one it is their mean.
 */
export type Measure = keyof typeof summaryMeasures | (string & {})

/** How one setting is chosen for every cell: by validation on held-out training images, never on the test set. */
export interface OneSetting {
  /** Any setting but what the experiment sets itself; a user's own parameters, too. */
  readonly setting: string
  readonly values: ReadonlyArray<number | string>
  /** Seed of the runs that choose; one that no final run has. */
  readonly seed: number
  readonly validationImages: number
}

/** Values to try of a setting: a list, or all between two ends, drawn by logarithms unless it says otherwise. */
export type Range = ReadonlyArray<number | string> | {
  readonly from: number
  readonly to: number
  readonly scale?: "log" | "linear"
}

/** Ranges by setting; `rates.Sp` is the entry Sp of the setting rates. */
export type Ranges = Readonly<Record<string, Range>>

/**
 * How several settings at once are chosen for every cell, by validation on held-out training images: every row has
 * ranges of its own and the same number of candidates.
 */
export interface Search {
  /** Candidates of every cell. */
  readonly candidates: number
  /** Every combination of lists, uniform draws, or draws with one value in each n-th of every range. */
  readonly how: "grid" | "random" | "latin-hypercube" | "successive-halving"
  /** Ranges of rows that have none of their own. */
  readonly over?: Ranges
  /** Epochs of the runs that choose; default as in the final runs. Of successive halving those of the first rung. */
  readonly epochs?: number
  /** η of successive halving: of a rung's candidates one in η goes on, for η times as many epochs; default 3. */
  readonly factor?: number
  /** Seed of the draws and of the runs that choose; one that no final run has. */
  readonly seed: number
  readonly validationImages: number
}

/** What is chosen by validation on held-out training images: one setting, or several. */
export type Selection = OneSetting | Search

/**
 * A comparison as a value: what varies, what is fixed, the seeds, and how the table is laid out.
 *
 * A cell is a row in a column; its settings are `base`, then the column's, then the row's. A smoke run changes `base`,
 * and rows and columns that say so, and runs the first seed only.
 */
export interface Experiment {
  readonly name: string
  /** What is asked, in a sentence or two, for the report. */
  readonly about: string
  /** Modules of one's own, as the setting `use` names them; relative to the file of the experiment. */
  readonly use?: ReadonlyArray<string>
  readonly base: Settings
  readonly rows: ReadonlyArray<Variant>
  /** Default: one column, named after the model. */
  readonly columns?: ReadonlyArray<Variant>
  readonly seeds: ReadonlyArray<number>
  /** What the table shows beside test errors. */
  readonly also?: ReadonlyArray<Measure>
  readonly selection?: Selection
  /** The row that all others are compared with, seed by seed; default the first. */
  readonly baseline?: string
  /** What a smoke run changes in `base`, so that it takes minutes. */
  readonly smoke?: Settings
  /** Numbers from the literature, shown beside the measured ones as published. */
  readonly published?: {
    /** Where they are from. */
    readonly source: string
    /** By row and column. */
    readonly errors: Readonly<Record<string, Readonly<Record<string, Published>>>>
  }
}

/** A test error in percent, with its standard deviation where it was published. */
export interface Published {
  readonly mean: number
  readonly deviation?: number
}

/** What of an experiment to run. */
export interface PlanOptions {
  readonly smoke?: boolean
  readonly seeds?: ReadonlyArray<number> | undefined
  /** Names of rows. */
  readonly only?: ReadonlyArray<string> | undefined
  /** Names of columns. */
  readonly columns?: ReadonlyArray<string> | undefined
  /** Modules beside those of the experiment. */
  readonly use?: ReadonlyArray<string>
  /** What paths of modules are relative to; default the working directory. */
  readonly directory?: string
}
