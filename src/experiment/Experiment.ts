import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as TrainConfig from "../TrainConfig.ts"

/** Settings of a training run, those that differ from others. */
export type Settings = Partial<(typeof TrainConfig.TrainConfig)["Encoded"]>

/** One row or column: a name, and what is special about it. */
export interface Variant {
  readonly name: string
  readonly settings: Settings
  /** What a smoke run changes in them, such as a smaller network. */
  readonly smoke?: Settings
}

/** What a table can show beside test errors: of the last epoch, losses and gradient norms as means over its steps. */
export const measures = ["trainLoss", "trainError", "testLoss", "gap", "gradientNorm"] as const

/** One of them. */
export type Measure = (typeof measures)[number]

/** How one setting is chosen for every cell: by validation on held-out training images, never on the test set. */
export interface Selection {
  readonly setting: keyof Settings
  readonly values: ReadonlyArray<number | string>
  /** Seed of the runs that choose; one that no final run has. */
  readonly seed: number
  readonly validationImages: number
}

/**
 * A comparison as a value: what varies, what is fixed, the seeds, and how the table is laid out.
 *
 * A cell is a row in a column; its settings are `base`, then the column's, then the row's. A smoke run changes `base`, and rows and columns
 * that say so, and runs the first seed only.
 */
export interface Experiment {
  readonly name: string
  /** What is asked, in a sentence or two, for the report. */
  readonly about: string
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
  /** What a smoke run changes in `base`, so that it takes a minute. */
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

/** One run of a grid. */
export interface Trial {
  /** Directory of its run below that of the experiment. */
  readonly id: string
  readonly row: string
  readonly column: string
  readonly seed: number
  /** The candidate that it tries, where it is one of those that choose. */
  readonly candidate: number | string | undefined
  readonly config: TrainConfig.TrainConfig
}

/** A cell of the table, with everything that is to be run for it. */
export interface Cell {
  readonly row: string
  readonly column: string
  /** Runs that choose, one per candidate. */
  readonly candidates: ReadonlyArray<Trial>
  /** The final runs, one per seed; with the candidate that was chosen. */
  readonly finals: (chosen: number | string | undefined) => ReadonlyArray<Trial>
}

/** An experiment that makes no sense, with all its problems at once. */
export class ExperimentError extends Schema.TaggedError<ExperimentError>()("ExperimentError", {
  experiment: Schema.String,
  problems: Schema.Array(Schema.String)
}) {
  override get message() {
    return `Experiment ${this.experiment}:\n${this.problems.map((problem) => `  - ${problem}`).join("\n")}`
  }
}

/** What of an experiment to run. */
export interface Options {
  readonly smoke?: boolean
  readonly seeds?: ReadonlyArray<number> | undefined
  /** Names of rows. */
  readonly only?: ReadonlyArray<string> | undefined
}

/**
 * The same value, with its type checked; what an experiment file exports.
 *
 * @example
 * ```ts
 * import { Experiment } from "finegrain"
 * const { name } = Experiment.make({ name: "spheres", about: "Do spheres help?", base: {}, seeds: [1], rows: [{ name: "Sp", settings: { collection: "Sp" } }] })
 * name // => "spheres"
 * ```
 */
export const make = (experiment: Experiment): Experiment => experiment

const Loose = Schema.Record(Schema.String, Schema.Unknown)
const Named = Schema.Struct({ name: Schema.NonEmptyString, settings: Loose, smoke: Schema.optionalKey(Loose) })
const Value = Schema.Union([Schema.Finite, Schema.String])

const Shape = Schema.Struct({
  name: Schema.NonEmptyString.check(Schema.isPattern(/^[A-Za-z0-9._-]+$/)),
  about: Schema.String,
  base: Loose,
  rows: Schema.Array(Named),
  columns: Schema.optionalKey(Schema.Array(Named)),
  seeds: Schema.Array(Schema.Int),
  also: Schema.optionalKey(Schema.Array(Schema.Literals(measures))),
  selection: Schema.optionalKey(Schema.Struct({
    setting: Schema.String,
    values: Schema.Array(Value),
    seed: Schema.Int,
    validationImages: Schema.Int
  })),
  baseline: Schema.optionalKey(Schema.String),
  smoke: Schema.optionalKey(Loose),
  published: Schema.optionalKey(Schema.Struct({
    source: Schema.NonEmptyString,
    errors: Schema.Record(
      Schema.String,
      Schema.Record(
        Schema.String,
        Schema.Struct({ mean: Schema.Finite, deviation: Schema.optionalKey(Schema.Finite) })
      )
    )
  }))
})

const decodeShape = Schema.decodeUnknownEffect(Shape, { errors: "all", onExcessProperty: "error" })

/**
 * An experiment from a value of unknown type, as a file exports it; its settings are decoded by `plan`.
 *
 * Fails with ExperimentError, which names the file and lists all problems.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Experiment } from "finegrain"
 * const error = Effect.runSync(Effect.flip(Experiment.decode({ name: "a b", rows: [] }, "own.ts")))
 * error.experiment // => "own.ts"
 * ```
 */
export const decode = (input: unknown, source: string): Effect.Effect<Experiment, ExperimentError> =>
  decodeShape(input).pipe(
    Effect.map((experiment) => experiment as Experiment),
    Effect.mapError((error) => new ExperimentError({ experiment: source, problems: error.message.split("\n\n") }))
  )

/** Held-out images of a smoke run, at most. */
const smokeValidation = 100

const slug = (text: string): string => text.replaceAll(/[^A-Za-z0-9.-]+/g, "_").replaceAll(/^_+|_+$/g, "")

const repeated = (names: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...new Set(names.filter((name, i) => names.indexOf(name) !== i))
]

const columnsOf = ({ base, columns }: Experiment): ReadonlyArray<Variant> =>
  columns ?? [{ name: base.model ?? "small-cnn", settings: {} }]

/** What no schema sees. */
const contradictions = (experiment: Experiment, { only = [], seeds }: Options): ReadonlyArray<string> => {
  const { baseline, rows, selection } = experiment
  const published = experiment.published?.errors ?? {}
  const rowNames = rows.map(({ name }) => name)
  const columnNames = columnsOf(experiment).map(({ name }) => name)
  const used = seeds ?? experiment.seeds
  const unknown = (names: ReadonlyArray<string>, known: ReadonlyArray<string>, what: string) =>
    names.filter((name) => !known.includes(name)).map((name) => `${what} "${name}" is none of ${known.join(", ")}`)
  return [
    ...(rows.length === 0 ? ["it has no rows"] : []),
    ...(used.length === 0 ? ["it has no seeds"] : []),
    ...repeated(rowNames.map(slug)).map((name) => `there are two rows "${name}"`),
    ...repeated(columnNames.map(slug)).map((name) => `there are two columns "${name}"`),
    ...repeated(experiment.also ?? []).map((name) => `${name} is shown twice`),
    ...repeated(used.map(String)).map((seed) => `seed ${seed} is there twice`),
    ...unknown(baseline === undefined ? [] : [baseline], rowNames, "the baseline"),
    ...unknown(only, rowNames, "the row"),
    ...unknown(Object.keys(published), rowNames, "the published row"),
    ...Object.values(published).flatMap((cells) => unknown(Object.keys(cells), columnNames, "the published column")),
    ...(selection !== undefined && used.includes(selection.seed)
      ? [`seed ${selection.seed} chooses ${selection.setting}, and must not be one of the final runs`]
      : []),
    ...(selection !== undefined && selection.values.length === 0
      ? [`there are no values of ${selection.setting}`]
      : []),
    ...(selection === undefined
      ? []
      : [experiment.base, ...rows.map(({ settings }) => settings), ...columnsOf(experiment).map((c) => c.settings)]
        .filter((settings) => selection.setting in settings)
        .map(() => `${selection.setting} is both set and to be chosen`)
        .slice(0, 1))
  ]
}

/**
 * The cells of an experiment, every configuration decoded.
 *
 * Fails with ExperimentError, which lists all problems: contradictions, unknown settings and values, names that do not exist.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Experiment } from "finegrain"
 * const experiment = Experiment.make({
 *   name: "spheres", about: "Do spheres help?", base: { epochs: 1 }, seeds: [1, 2],
 *   rows: [{ name: "Euc", settings: { collection: "Euc" } }, { name: "Sp", settings: { collection: "Sp" } }]
 * })
 * const cells = Effect.runSync(Experiment.plan(experiment))
 * cells.flatMap(({ finals }) => finals(undefined)).map(({ id }) => id) // => ["Euc/small-cnn/seed-1", "Euc/small-cnn/seed-2", "Sp/small-cnn/seed-1", "Sp/small-cnn/seed-2"]
 * const wrong = Experiment.plan({ ...experiment, baseline: "St", base: { epochs: 0 } })
 * Effect.runSync(Effect.flip(wrong)).problems.length // => 3
 * ```
 */
export const plan = (
  experiment: Experiment,
  options: Options = {}
): Effect.Effect<ReadonlyArray<Cell>, ExperimentError> => {
  const { base, rows, selection } = experiment
  const problems: Array<string> = [...contradictions(experiment, options)]
  const seeds = options.seeds ?? experiment.seeds.slice(0, options.smoke === true ? 1 : undefined)
  const smoke = options.smoke === true ? experiment.smoke ?? {} : {}
  const wanted = options.only ?? []
  const cells = rows.filter(({ name }) => wanted.length === 0 || wanted.includes(name)).flatMap((row) =>
    columnsOf(experiment).map((column): Cell => {
      const place = `${slug(row.name)}/${slug(column.name)}`
      const own = ({ settings, smoke }: Variant) => options.smoke === true ? { ...settings, ...smoke } : settings
      const settings = { ...base, ...smoke, ...own(column), ...own(row) }
      const decoded = Effect.runSync(Effect.result(TrainConfig.decode(settings, `${row.name}, ${column.name}`)))
      if (Result.isFailure(decoded)) problems.push(decoded.failure.message)
      const trial = (own: string, seed: number, more: object, candidate?: number | string): Trial => {
        const result = Effect.runSync(
          Effect.result(TrainConfig.decode({ ...settings, ...more, seed }, `${place}/${own}`))
        )
        if (Result.isFailure(result) && Result.isSuccess(decoded)) problems.push(result.failure.message)
        return {
          id: `${place}/${own}`,
          row: row.name,
          column: column.name,
          seed,
          candidate,
          // Never run where there are problems.
          config: Result.isSuccess(result) ? result.success : {} as TrainConfig.TrainConfig
        }
      }
      return {
        row: row.name,
        column: column.name,
        candidates: selection === undefined ?
          [] :
          selection.values.map((value) =>
            trial(`select-${slug(String(value))}`, selection.seed, {
              [selection.setting]: value,
              validationImages: options.smoke === true
                ? Math.min(selection.validationImages, smokeValidation)
                : selection.validationImages
            }, value)
          ),
        finals: (chosen) =>
          seeds.map((seed) =>
            selection === undefined
              ? trial(`seed-${seed}`, seed, {})
              // With what was chosen in its name: with more candidates another may be chosen, and both are kept.
              : trial(`seed-${seed}-at-${slug(String(chosen))}`, seed, { [selection.setting]: chosen })
          )
      }
    })
  )
  // The values of the first candidate stand for those that will be chosen.
  for (const { finals } of cells) finals(selection?.values[0])
  return problems.length === 0
    ? Effect.succeed(cells)
    : Effect.fail(new ExperimentError({ experiment: experiment.name, problems: [...new Set(problems)] }))
}
