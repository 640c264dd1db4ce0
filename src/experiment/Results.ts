import * as Struct from "effect/Struct"
import type * as Job from "../Job.ts"
import type { TrainConfig } from "../TrainConfig.ts"
import type { Experiment, Measure, Published } from "./Experiment.ts"
import type { CellOutcome, Outcome } from "./Runner.ts"
import * as Statistics from "./Statistics.ts"

/** A trial in a table: what it measured, or how it failed. */
export interface Measured {
  readonly id: string
  readonly seed: number
  readonly candidate: number | string | undefined
  readonly config: TrainConfig
  /** Without the directory, which means nothing elsewhere. */
  readonly summary: Omit<Job.Summary, "output"> | undefined
  readonly failure: string | undefined
}

/** A cell of the table; errors are test errors in percent. */
export interface CellResult {
  readonly row: string
  readonly column: string
  readonly chosen: number | string | undefined
  readonly candidates: ReadonlyArray<Measured>
  readonly finals: ReadonlyArray<Measured>
  /** undefined where no seed completed. */
  readonly error: Statistics.Sample | undefined
  /** This row's errors minus the baseline's, over the seeds that both completed; negative is better. */
  readonly versusBaseline: Statistics.Paired | undefined
  /** What else the experiment measures, over the seeds that completed. */
  readonly also?: Readonly<Partial<Record<Measure, Statistics.Sample>>>
  readonly published: Published | undefined
}

/** What an experiment gave; `results.json`. */
export interface Results {
  readonly name: string
  readonly about: string
  /** Where the published numbers are from. */
  readonly publishedIn?: string | undefined
  readonly baseline: string
  readonly smoke: boolean
  /** What the runs say of versions, backend and data; that of the first one. */
  readonly environment: unknown
  readonly cells: ReadonlyArray<CellResult>
}

const withoutOutput = (summary: Job.Summary) => Struct.omit(summary, ["output"])

const measured = ({ result, trial: { candidate, config, id, seed } }: Outcome): Measured => ({
  id,
  seed,
  candidate,
  config,
  summary: result._tag === "Completed" ? withoutOutput(result.summary) : undefined,
  failure: result._tag === "Completed" ? undefined : `${result.error}: ${result.reason}`
})

type Quantity = (summary: Omit<Job.Summary, "output">) => number | undefined

const percentWrong = (accuracy: number | undefined) => accuracy === undefined ? undefined : 100 * (1 - accuracy)

const testError: Quantity = ({ testAccuracy }) => percentWrong(testAccuracy)

const percentText = (value: number) => value.toFixed(2)
/** Of quantities that may become very small. */
const threeDigits = (value: number) => value.toPrecision(3)

const quantities: Readonly<Record<Measure, readonly [title: string, text: typeof percentText, of: Quantity]>> = {
  trainLoss: ["training loss", threeDigits, ({ trainLoss }) => trainLoss],
  trainError: ["training error %", percentText, ({ trainAccuracy }) => percentWrong(trainAccuracy)],
  testLoss: ["test loss", threeDigits, ({ testLoss }) => testLoss],
  gap: [
    "test minus training error %",
    percentText,
    ({ testAccuracy, trainAccuracy }) =>
      testAccuracy === undefined || trainAccuracy === undefined ? undefined : 100 * (trainAccuracy - testAccuracy)
  ],
  gradientNorm: ["gradient norm", threeDigits, ({ gradientNorm }) => gradientNorm]
}

const bySeed = (quantity: Quantity, finals: ReadonlyArray<Measured>): ReadonlyMap<number, number> =>
  new Map(finals.flatMap(({ seed, summary }) => {
    const value = summary === undefined ? undefined : quantity(summary)
    return value === undefined ? [] : [[seed, value] as const]
  }))

const sampleOf = (values: ReadonlyMap<number, number>) =>
  values.size === 0 ? undefined : Statistics.sample([...values.values()])

const alsoOf = (wanted: ReadonlyArray<Measure>, finals: ReadonlyArray<Measured>) =>
  Object.fromEntries(wanted.flatMap((measure) => {
    const sample = sampleOf(bySeed(quantities[measure][2], finals))
    return sample === undefined ? [] : [[measure, sample]]
  }))

/**
 * The table's numbers from what the trials gave.
 *
 * @internal
 */
export const of = (
  experiment: Experiment,
  outcomes: ReadonlyArray<CellOutcome>,
  smoke: boolean,
  environment: unknown
): Results => {
  const baseline = experiment.baseline ?? experiment.rows[0]!.name
  const cells = outcomes.map(({ candidates, cell: { column, row }, chosen, finals }) => ({
    row,
    column,
    chosen,
    candidates: candidates.map(measured),
    finals: finals.map(measured)
  }))
  const errorsOf = (row: string, column: string) =>
    bySeed(testError, cells.find((cell) => cell.row === row && cell.column === column)?.finals ?? [])
  return {
    name: experiment.name,
    about: experiment.about,
    publishedIn: experiment.published?.source,
    baseline,
    smoke,
    environment,
    cells: cells.map((cell) => {
      const own = errorsOf(cell.row, cell.column)
      const other = errorsOf(baseline, cell.column)
      const both = [...own.keys()].filter((seed) => other.has(seed))
      return Object.assign(cell, {
        error: sampleOf(own),
        versusBaseline: cell.row === baseline || both.length === 0
          ? undefined
          : Statistics.paired(both.map((seed) => own.get(seed)!), both.map((seed) => other.get(seed)!)),
        also: alsoOf(experiment.also ?? [], cell.finals),
        published: experiment.published?.errors[cell.row]?.[cell.column]
      })
    })
  }
}

const signed = (value: number) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`
const plusMinus = ({ deviation, mean }: Published | Statistics.Sample, text = percentText) =>
  deviation === undefined ? text(mean) : `${text(mean)} ± ${text(deviation)}`

const failed = ({ failure }: Measured) => failure === undefined ? [] : [failure.split(":")[0]!.toLowerCase()]

const cellText = ({ error, finals }: CellResult): string => {
  const failures = finals.flatMap(failed)
  const note = failures.length === 0
    ? ""
    : ` (${failures.length} of ${finals.length}: ${[...new Set(failures)].join(", ")})`
  return `${error === undefined ? "–" : plusMinus(error)}${note}`
}

/** Cut off where no error can be. */
const interval = ({ error }: CellResult): string => {
  if (error?.halfWidth === undefined) return "–"
  const [low, high] = [Math.max(0, error.mean - error.halfWidth), Math.min(100, error.mean + error.halfWidth)]
  return `${low.toFixed(2)} … ${high.toFixed(2)}`
}

const probability = (p: number): string => p < 0.001 ? "< 0.001" : p.toFixed(3)

const difference = ({ versusBaseline }: CellResult): string =>
  versusBaseline === undefined
    ? "–"
    : `${signed(versusBaseline.mean)}${versusBaseline.p === undefined ? "" : ` (${probability(versusBaseline.p)})`}`

const columnNames = ({ cells }: Results) => [...new Set(cells.map(({ column }) => column))]
const rowNames = ({ cells }: Results) => [...new Set(cells.map(({ row }) => row))]

/**
 * The table as header and rows of text: per column test error mean ± standard deviation, 95 % confidence interval, difference from the
 * baseline with the p value of the paired test, what else was measured, what was chosen, and what was published.
 *
 * @internal
 */
export const table = (
  results: Results
): readonly [header: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>] => {
  const { cells } = results
  const columns = columnNames(results)
  const [chosen, published] = [
    cells.some((cell) => cell.chosen !== undefined),
    cells.some((cell) => cell.published !== undefined)
  ]
  const also = [...new Set(cells.flatMap((cell) => Object.keys(cell.also ?? {}) as Array<Measure>))]
  /** What a cell shows under which title, one list of both so that they cannot come apart. */
  const parts: ReadonlyArray<readonly [title: (column: string) => string, text: (cell: CellResult) => string]> = [
    [(column) => `${column}, test error %`, cellText],
    [() => "95 % interval", interval],
    [() => `minus ${results.baseline} (p)`, difference],
    ...also.map((measure) => {
      const [title, text] = quantities[measure]
      const shown = ({ also }: CellResult) => also?.[measure] === undefined ? "–" : plusMinus(also[measure], text)
      return [() => title, shown] as const
    }),
    ...(chosen ? [[() => "chosen", (cell: CellResult) => String(cell.chosen ?? "–")] as const] : []),
    ...(published
      ? [
        [
          () => "published",
          (cell: CellResult) => cell.published === undefined ? "–" : plusMinus(cell.published)
        ] as const
      ]
      : [])
  ]
  const header = ["row", ...columns.flatMap((column) => parts.map(([title]) => title(column)))]
  const rows = rowNames(results).map((row) =>
    [row].concat(columns.flatMap((column) => {
      const cell = cells.find((c) => c.row === row && c.column === column)!
      return parts.map(([, text]) => text(cell))
    }))
  )
  return [header, rows]
}

/**
 * The same in Markdown, with what is asked above it.
 *
 * @internal
 */
export const markdown = (results: Results): string => {
  const [header, rows] = table(results)
  const line = (cells: ReadonlyArray<string>) => `| ${cells.join(" | ")} |`
  const notes = [
    "Mean ± standard deviation over the seeds; Student's 95 % interval of the mean; difference from the baseline, seed by seed, with the " +
    "p value of the paired t test.",
    ...(results.publishedIn === undefined ? [] : [`Published: ${results.publishedIn}.`])
  ]
  return [
    `# ${results.name}${results.smoke ? " (smoke run)" : ""}`,
    "",
    results.about,
    "",
    line(header),
    line(header.map(() => "---")),
    ...rows.map(line),
    "",
    ...notes.flatMap((note) => [note, ""])
  ].join("\n")
}
