/** The results of an experiment as data, as a table, and in Markdown. */
import { counted } from "../choices/counted.ts"
import type * as Run from "../training/Run.ts"
import { label } from "./cells.ts"
import { edgesOf } from "./edges.ts"
import type { Measure, Published } from "./Experiment.ts"
import * as provenance from "./provenance.ts"
import * as Statistics from "./Statistics.ts"
import { percentText, summaryMeasure, type SummaryQuantity, testError } from "./summaryMeasures.ts"

export { errorPercent } from "../training/measures.ts"
export { testError } from "./summaryMeasures.ts"

/**
 * The test error of a run in percent, of candidates that on held-out images; undefined where it has none.
 *
 * @internal
 */
export const errorOf = (summary: TrialResult["summary"]): number | undefined =>
  summary === undefined ? undefined : testError(summary)

/** A trial in a table: what it measured, or what became of it. */
export interface TrialResult {
  readonly id: string
  readonly seed: number
  readonly candidate: number | string | undefined
  /** The rung of successive halving in which it tries its candidate, from 1. */
  readonly rung?: number
  /** Its settings, as they were; a later version may know others. */
  readonly config: Readonly<Record<string, unknown>>
  /** In words: completed, not run, running, interrupted, killed, or how it failed, such as diverged. */
  readonly status: string
  readonly reason: string | undefined
  /** Without the directory, which means nothing elsewhere. Of trials that completed. */
  readonly summary: Omit<Run.RunSummary, "output"> | undefined
  /** Which of the environments it ran in. */
  readonly environment: number | undefined
  /** Its own page, relative to the directory of the experiment. */
  readonly report: string | undefined
}

/** States in which nothing went wrong, whatever is still to come. */
const innocent: ReadonlySet<string> = new Set(["completed", "not run", "running", "interrupted", "killed"])

/**
 * Whether a trial ended without a result. One that diverged would again; any other may not.
 *
 * @internal
 */
export const hasFailed = ({ status }: Pick<TrialResult, "status">): boolean => !innocent.has(status)

/**
 * Whether a trial has its answer for good. One that failed otherwise than by divergence may complete when it is run
 * again.
 *
 * @internal
 */
export const isOver = ({ status }: Pick<TrialResult, "status">): boolean =>
  status === "completed" || status === "diverged"

/** A cell of the table; errors are test errors in percent. */
export interface CellResult {
  readonly row: string
  readonly column: string
  readonly chosen: number | string | undefined
  /** Of successive halving those of all rungs that have begun. */
  readonly candidates: ReadonlyArray<TrialResult>
  readonly finals: ReadonlyArray<TrialResult>
  /** undefined where no seed completed. */
  readonly error: Statistics.Sample | undefined
  /** This row's errors minus the baseline's, over the seeds that both completed; negative is better. */
  readonly versusBaseline: Statistics.Paired | undefined
  /** What else the experiment measures, over the seeds that completed. */
  readonly also?: Readonly<Record<string, Statistics.Sample>>
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
  /** Versions, backends and data of the trials, each once. */
  readonly environments: ReadonlyArray<provenance.Environment>
  readonly cells: ReadonlyArray<CellResult>
}

/**
 * A quantity of the runs that have it, by their seeds.
 *
 * @internal
 */
export const bySeed = (quantity: SummaryQuantity, finals: ReadonlyArray<TrialResult>): ReadonlyMap<number, number> =>
  new Map(finals.flatMap(({ seed, summary }) => {
    const value = summary === undefined ? undefined : quantity(summary)
    return value === undefined ? [] : [[seed, value] as const]
  }))

const signed = (value: number): string => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`

/**
 * Mean ± deviation.
 *
 * @internal
 */
export const plusMinus = (
  { deviation, mean }: Pick<Statistics.Sample, "mean"> & { readonly deviation?: number | undefined },
  text = percentText
): string => deviation === undefined ? text(mean) : `${text(mean)} ± ${text(deviation)}`

/** States other than completed, with how many there are of each. */
const statesOf = (trials: ReadonlyArray<TrialResult>): ReadonlyArray<string> => {
  const open = trials.map(({ status }) => status).filter((status) => status !== "completed")
  return [...new Set(open)].map((status) => {
    const count = open.filter((other) => other === status).length
    return count === trials.length ? status : `${count} of ${trials.length} ${status}`
  })
}

const cellText = ({ candidates, error, finals }: CellResult): string => {
  const states = statesOf(finals.length === 0 ? candidates : finals)
  if (error === undefined && states.join() === "not run") return "not run"
  // What chooses has not ended, or has no result to choose by: there are no final runs.
  const note = finals.length > 0
    ? states.join(", ")
    : `to choose: ${states.length === 0 ? "completed" : states.join(", ")}`
  return `${error === undefined ? "–" : plusMinus(error)}${note === "" ? "" : ` (${note})`}`
}

/** Cut off where no error can be. */
const interval = ({ error }: CellResult): string => {
  if (error?.halfWidth === undefined) return "–"
  const [low, high] = [Math.max(0, error.mean - error.halfWidth), Math.min(100, error.mean + error.halfWidth)]
  return `${low.toFixed(2)} … ${high.toFixed(2)}`
}

const probability = (p: number): string => p < 0.001 ? "< 0.001" : p.toFixed(3)

/**
 * A mean difference with its sign, half of its 95 % interval, the p value of the test, and that by Holm's correction.
 *
 * @internal
 */
export const difference = (paired: Statistics.Paired | undefined): string => {
  if (paired === undefined) return "–"
  const { halfWidth, holm, mean, p } = paired
  const ps = [p, holm].filter((value) => value !== undefined).map(probability)
  return `${signed(mean)}${halfWidth === undefined ? "" : ` ± ${percentText(halfWidth)}`}${
    ps.length === 0 ? "" : ` (${ps.join("; ")})`
  }`
}

/**
 * What cells measured beside test errors, by name, each once.
 *
 * @internal
 */
export const alsoMeasured = ({ cells }: Results): ReadonlyArray<Measure> => [
  ...new Set(cells.flatMap(({ also = {} }) => Object.keys(also)))
]

const columnNames = ({ cells }: Results) => [...new Set(cells.map(({ column }) => column))]
const rowNames = ({ cells }: Results) => [...new Set(cells.map(({ row }) => row))]

/**
 * The table as header and rows of text: per column test error mean ± standard deviation, 95 % confidence interval,
 * difference from the baseline with the p value of the paired test, what else was measured, what was chosen, and what
 * was published.
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
  /** What a cell shows under which title, one list of both so that they cannot come apart. */
  const parts: ReadonlyArray<readonly [title: (column: string) => string, text: (cell: CellResult) => string]> = [
    [(column) => `${column}, test error %`, cellText],
    [() => "95 % interval", interval],
    [() => `minus ${results.baseline} (p; Holm)`, ({ versusBaseline }) => difference(versusBaseline)],
    ...alsoMeasured(results).map((measure) => {
      const { text, title } = summaryMeasure(measure)
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

/** A trial that failed, once for all that did so in the same words. */
const failuresOf = ({ cells }: Results): ReadonlyArray<string> =>
  cells.flatMap(({ candidates, column, finals, row }) =>
    [...candidates, ...finals].filter(hasFailed).map(({ reason, status, ...trial }) =>
      `${label({ ...trial, row, column })}: ${status}${reason === undefined ? "" : `. ${reason}`}`
    )
  )

/** Environments of the trials that the table shows, one for each. */
const environmentsShown = ({ cells, environments }: Results): ReadonlyArray<provenance.Environment> =>
  cells.flatMap(({ candidates, finals }) => [...candidates, ...finals]).flatMap(({ environment }) =>
    environment === undefined ? [] : environments[environment] ?? []
  )

const escaped = (text: string) => text.replaceAll("|", String.raw`\|`).replaceAll("\n", " ")

/** How many candidates each rung of successive halving had, in words, where it has chosen; of cells alike once. */
const rungsIn = ({ cells }: Results): ReadonlyArray<string> => {
  const texts = cells.map(({ candidates, chosen }) => {
    const tried = chosen === undefined ? [] : candidates.filter(({ rung }) => rung !== undefined)
    return [...Map.groupBy(tried, ({ rung }) => rung).values()].map((own) =>
      `${counted(own.length, "candidate")} of ${counted(Number(own[0]!.config["epochs"]), "epoch")}`
    ).join(", then ")
  })
  return [...new Set(texts)].filter((text) => text !== "").map((text) => {
    const own = cells.filter((_, i) => texts[i] === text)
    const where = own.length === cells.length
      ? ""
      : ` (${own.map(({ column, row }) => `${row}, ${column}`).join("; ")})`
    return `Chosen by successive halving: ${text}${where}.`
  })
}

/** Which differences so many seeds can see. */
const powerOf = ({ cells }: Results): ReadonlyArray<string> => {
  const tests = cells.filter(({ versusBaseline }) => versusBaseline?.p !== undefined)
  const count = Math.min(...tests.map(({ versusBaseline }) => versusBaseline!.count))
  if (tests.length === 0) return []
  const [alone, first] = [0.05, 0.05 / tests.length].map((level) => Statistics.detectable(count, level).toFixed(2))
  return [
    `With ${count} seeds the paired test finds a difference of ${alone} standard deviations of the differences with ` +
    `probability 0.8 at level 0.05${tests.length === 1 ? "" : `, and of ${first} at 0.05/${tests.length}`}.`
  ]
}

/**
 * The table of an experiment in Markdown, with what is asked above it, and below it what failed and why.
 *
 * @internal
 */
export const markdown = (results: Results): string => {
  const [header, rows] = table(results)
  const line = (cells: ReadonlyArray<string>) => `| ${cells.map(escaped).join(" | ")} |`
  const notes = [
    "Mean ± standard deviation over the seeds; Student's 95 % interval of the mean; difference from the baseline, " +
    "seed by seed, ± half of its 95 % interval, with the p value of the paired t test, and that by Holm's correction " +
    "over all differences of the table.",
    ...powerOf(results),
    ...rungsIn(results),
    ...(results.publishedIn === undefined ? [] : [`Published: ${results.publishedIn}.`]),
    ...provenance.notes(environmentsShown(results))
  ]
  const failures = failuresOf(results)
  const edges = results.cells.flatMap(edgesOf)
  return [
    `# ${results.name}${results.smoke ? " (smoke run)" : ""}`,
    "",
    results.about,
    "",
    line(header),
    line(header.map(() => "---")),
    ...rows.map(line),
    "",
    ...notes.flatMap((note) => [note, ""]),
    ...(edges.length === 0 ? [] : [
      "Chosen at the edge of what was tried, so that a wider range may hold something better:",
      "",
      ...edges.map((text) => `- ${escaped(text)}`),
      ""
    ]),
    ...(failures.length === 0 ? [] : ["Without a result:", "", ...failures.map((text) => `- ${escaped(text)}`), ""])
  ].join("\n")
}
