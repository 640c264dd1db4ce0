/** The trials of an experiment, by the cells of its table. */
import * as Schema from "effect/Schema"
import type { Catalogues } from "../training/Catalogues.ts"
import { schemaOf } from "../training/config/schema.ts"
import type * as TrainConfig from "../training/TrainConfig.ts"
import type { Experiment, PlanOptions, Selection, Settings } from "./design.ts"
import * as halving from "./halving.ts"
import * as search from "./search.ts"
import { columnsOf, merged, sources } from "./settings.ts"
import { slug } from "./slug.ts"

/** One run of a grid. */
export interface Trial {
  /** Directory of its run below that of the experiment. */
  readonly id: string
  readonly row: string
  readonly column: string
  readonly seed: number
  /** The candidate that it tries, where it is one of those that choose. */
  readonly candidate: number | string | undefined
  /** The rung of successive halving, from 1. */
  readonly rung?: number
  readonly config: TrainConfig.TrainConfig
}

/** A further rung of successive halving: how many candidates go on to it, and what each of all would run in it. */
export interface Rung {
  readonly survivors: number
  readonly trials: ReadonlyArray<Trial>
}

/** A cell of the table, with everything that is to be run for it. */
export interface Cell {
  readonly row: string
  readonly column: string
  /** Directory of its trials below that of all trials. */
  readonly directory: string
  /** Runs that choose, one per candidate; of successive halving those of the first rung. */
  readonly candidates: ReadonlyArray<Trial>
  /** Rungs after the first. */
  readonly later: ReadonlyArray<Rung>
  /** The final runs, one per seed; with the candidate that was chosen. */
  readonly finals: (chosen: number | string | undefined, seeds?: ReadonlyArray<number>) => ReadonlyArray<Trial>
}

/** Of a smoke run, at most: held-out images, and candidates. */
const smokeSelection = { images: 40, candidates: 2 }

/**
 * The seed of the final run in a directory of this name, if it is one with what was chosen.
 *
 * @internal
 */
export const seedOf = (name: string, chosen: number | string | undefined): number | undefined => {
  const [, seed] = /^seed-(-?\d+)/.exec(name) ?? []
  return seed !== undefined && name === nameOf(Number(seed), chosen) ? Number(seed) : undefined
}

/** With what was chosen in its name: with more candidates another may be chosen, and both are kept. */
const nameOf = (seed: number, chosen: number | string | undefined): string =>
  chosen === undefined ? `seed-${seed}` : `seed-${seed}-at-${slug(String(chosen))}`

/**
 * As many trials as a cell comes to, whatever is chosen; of later rungs and the final runs nobody knows which.
 *
 * @internal
 */
export const trialsOf = ({ candidates, finals, later }: Cell): ReadonlyArray<Trial> => [
  ...candidates,
  ...later.flatMap(({ survivors, trials }) => trials.slice(0, survivors)),
  ...finals(undefined)
]

/**
 * A trial as a reader knows it.
 *
 * @internal
 */
export const label = (
  { candidate, column, row, rung, seed }: Pick<Trial, "candidate" | "column" | "row" | "rung" | "seed">
): string =>
  `${row}, ${column}, ${candidate === undefined ? `seed ${seed}` : `candidate ${candidate}`}${
    rung === undefined ? "" : `, rung ${rung}`
  }`

/** The rungs of what chooses, one where nothing is halved, and in smoke runs, which train as they do otherwise. */
const rungsOf = (
  selection: Selection | undefined,
  smoke: boolean
): ReadonlyArray<{ readonly candidates: number; readonly epochs: number | undefined }> => {
  const all = { candidates: Infinity, epochs: undefined }
  if (smoke || !search.isSearch(selection)) return [all]
  return selection.how === "successive-halving" ? halving.rungs(selection) : [{ ...all, epochs: selection.epochs }]
}

/** Every cell of an experiment in which no problem was found. */
export const of = (
  experiment: Experiment,
  { columns = [], only = [], seeds: own, smoke = false }: PlanOptions,
  known: Catalogues,
  use: Pick<Settings, "use">
): ReadonlyArray<Cell> => {
  const decodeConfig = Schema.decodeUnknownSync(schemaOf(known))
  const { rows, selection } = experiment
  const planned = own ?? experiment.seeds.slice(0, smoke ? 1 : undefined)
  const held = selection?.validationImages ?? 0
  const validationImages = smoke ? Math.min(held, smokeSelection.images) : held
  const isNow = ({ name }: { readonly name: string }) => columns.length === 0 || columns.includes(name)
  const rungs = rungsOf(selection, smoke)
  return rows.filter(({ name }) => only.length === 0 || only.includes(name)).flatMap((row) => {
    const candidates = search.candidatesOf(experiment, row)
    return columnsOf(experiment).filter(isNow).map((column): Cell => {
      const directory = `${slug(row.name)}/${slug(column.name)}`
      const settings = merged(sources(experiment, row, column, smoke))
      const trial = (
        name: string,
        seed: number,
        more: object,
        choosing?: Pick<Trial, "candidate" | "rung">
      ): Trial => ({
        id: `${directory}/${name}`,
        row: row.name,
        column: column.name,
        seed,
        candidate: undefined,
        ...choosing,
        config: decodeConfig({ ...search.over(settings, more), ...use, seed })
      })
      const inRung = ({ epochs }: { readonly epochs: number | undefined }, i: number) =>
        selection === undefined ? [] : candidates.slice(0, smoke ? smokeSelection.candidates : undefined).map((own) => {
          const more = { ...own.settings, ...(epochs === undefined ? {} : { epochs }), validationImages }
          const rung = rungs.length === 1 ? {} : { rung: i + 1 }
          const name = `select-${rungs.length === 1 ? "" : `rung-${i + 1}-`}${slug(String(own.candidate))}`
          return trial(name, selection.seed, more, { candidate: own.candidate, ...rung })
        })
      return {
        row: row.name,
        column: column.name,
        directory,
        candidates: inRung(rungs[0]!, 0),
        later: rungs.slice(1).map((rung, i) => ({ survivors: rung.candidates, trials: inRung(rung, i + 1) })),
        finals: (chosen, seeds = planned) => {
          const own = candidates.find(({ candidate }) => candidate === chosen)?.settings ?? {}
          return seeds.map((seed) => trial(nameOf(seed, chosen), seed, own))
        }
      }
    })
  })
}
