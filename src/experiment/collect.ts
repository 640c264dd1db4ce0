/** Results as a pure function of what is on disk. */
import type * as Run from "../training/Run.ts"
import { choice } from "./choose.ts"
import type { Cell, Experiment, Measure, Trial } from "./Experiment.ts"
import type { Environment } from "./provenance.ts"
import * as Results from "./Results.ts"
import * as Statistics from "./Statistics.ts"
import { summaryMeasure } from "./summaryMeasures.ts"

/** What is on disk of a trial. */
export interface TrialRecord {
  readonly status: string
  readonly reason: string | undefined
  readonly summary: Omit<Run.RunSummary, "output"> | undefined
  readonly environment: Environment | undefined
  readonly report: string | undefined
}

/** What is on disk of an experiment. */
export interface Disk {
  readonly trial: (id: string) => TrialRecord
  /** Seeds of the final runs in the directory of a cell, those beside the experiment's own among them. */
  readonly seeds: (cell: Cell, chosen: number | string | undefined) => ReadonlyArray<number>
}

const sampleOf = (values: ReadonlyMap<number, number>) =>
  values.size === 0 ? undefined : Statistics.sample([...values.values()])

const alsoOf = (wanted: ReadonlyArray<Measure>, finals: ReadonlyArray<Results.TrialResult>) =>
  Object.fromEntries(wanted.flatMap((measure) => {
    const sample = sampleOf(Results.bySeed(summaryMeasure(measure).of, finals))
    return sample === undefined ? [] : [[measure, sample]]
  }))

/**
 * The results of a whole experiment from what is on disk of its trials, however much that is.
 *
 * @internal
 */
export const results = (
  experiment: Experiment,
  smoke: boolean,
  plan: ReadonlyArray<Cell>,
  disk: Disk
): Results.Results => {
  const environments: Array<Environment> = []
  const numbers = new Map<string, number>()
  const numberOf = (environment: Environment) => {
    const key = JSON.stringify(environment)
    const number = numbers.get(key) ?? environments.push(environment) - 1
    numbers.set(key, number)
    return number
  }
  const measured = ({ candidate, config, id, rung, seed }: Trial): Results.TrialResult => {
    const { environment, ...found } = disk.trial(id)
    const number = environment === undefined ? undefined : numberOf(environment)
    return { id, seed, candidate, ...(rung === undefined ? {} : { rung }), config, ...found, environment: number }
  }
  const cells = plan.map((cell) => {
    const { chosen, trials } = choice(cell, ({ id }) => {
      const found = disk.trial(id)
      return { isSettled: Results.isOver(found), accuracy: found.summary?.testAccuracy }
    })
    const candidates = trials.map(measured)
    const planned = cell.finals(chosen)
    const more = disk.seeds(cell, chosen).filter((seed) => !planned.some((trial) => trial.seed === seed))
    const finals = candidates.length > 0 && chosen === undefined
      ? []
      : [...planned, ...cell.finals(chosen, more.toSorted((a, b) => a - b))].map(measured)
    return { row: cell.row, column: cell.column, chosen, candidates, finals }
  })
  const baseline = experiment.baseline ?? experiment.rows[0]!.name
  const errorsOf = (row: string, column: string) =>
    Results.bySeed(Results.testError, cells.find((cell) => cell.row === row && cell.column === column)?.finals ?? [])
  const compared = cells.map(({ column, row }) =>
    row === baseline ? undefined : Statistics.byKey(errorsOf(row, column), errorsOf(baseline, column))
  )
  const tested = compared.filter((paired) => paired?.p !== undefined)
  const corrected = Statistics.holm(tested.map((paired) => paired!.p!))
  const withHolm = (paired: Statistics.Paired | undefined) => {
    const place = tested.indexOf(paired)
    return paired === undefined || place < 0 ? paired : { ...paired, holm: corrected[place]! }
  }
  return {
    name: experiment.name,
    about: experiment.about,
    publishedIn: experiment.published?.source,
    baseline,
    smoke,
    environments,
    cells: cells.map((cell, i): Results.CellResult => {
      const own = errorsOf(cell.row, cell.column)
      return Object.assign(cell, {
        error: sampleOf(own),
        versusBaseline: withHolm(compared[i]),
        also: alsoOf(experiment.also ?? [], cell.finals),
        published: experiment.published?.errors[cell.row]?.[cell.column]
      })
    })
  }
}
