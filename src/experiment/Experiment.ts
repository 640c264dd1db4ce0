/** An experiment read from a file, checked as a whole, and planned as trials. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { resolve } from "node:path"
import type { Catalogues } from "../training/Catalogues.ts"
import { schemaOf } from "../training/config/schema.ts"
import * as Door from "../training/Door.ts"
import type * as TrainConfig from "../training/TrainConfig.ts"
import * as ValidationIssues from "../training/ValidationIssues.ts"
import { type Experiment, type PlanOptions, type Selection, type Settings } from "./design.ts"
import * as halving from "./halving.ts"
import * as problems from "./problems.ts"
import * as search from "./search.ts"
import { columnsOf, merged, sources } from "./settings.ts"
import { isDirectory, slug } from "./slug.ts"

export {
  type Experiment,
  type Measure,
  measures,
  type OneSetting,
  type PlanOptions,
  type Published,
  type Range,
  type Ranges,
  type Search,
  type Selection,
  type Settings,
  type Variant
} from "./design.ts"

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

/** An experiment that makes no sense, with all its problems at once. */
export class ExperimentError extends Schema.TaggedError<ExperimentError>()("ExperimentError", {
  experiment: Schema.String,
  problems: Schema.Array(Schema.String)
}) {
  override get message() {
    return this.problems.length === 1
      ? `Experiment ${this.experiment}: ${this.problems[0]}`
      : `Experiment ${this.experiment}:\n${this.problems.map((problem) => `  - ${problem}`).join("\n")}`
  }
}

/**
 * An experiment with its type checked: what an experiment file exports.
 *
 * @example
 * ```ts
 * import { Experiment } from "finegrain"
 * const rows = [{ name: "Sp", settings: { collection: "Sp" } }]
 * const { name } = Experiment.make({ name: "spheres", about: "Do spheres help?", base: {}, seeds: [1], rows })
 * name // => "spheres"
 * ```
 */
export const make = (experiment: Experiment): Experiment => experiment

const Loose = Schema.Record(Schema.String, Schema.Unknown)
const Value = Schema.Union([Schema.Finite, Schema.String])
const Ranges = Schema.Record(
  Schema.NonEmptyString,
  Schema.Union([
    Schema.Array(Value),
    Schema.Struct({
      from: Schema.Finite,
      to: Schema.Finite,
      scale: Schema.optionalKey(Schema.Literals(["log", "linear"]))
    })
  ])
)
const Named = Schema.Struct({ name: Schema.NonEmptyString, settings: Loose, smoke: Schema.optionalKey(Loose) })
const Row = Schema.Struct({ ...Named.fields, search: Schema.optionalKey(Ranges) })

/** Either of both, in one structure: a mistake in it is told once, not once for each. */
const Selection = Schema.Struct({
  setting: Schema.optionalKey(Schema.NonEmptyString),
  values: Schema.optionalKey(Schema.Array(Value)),
  candidates: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))),
  how: Schema.optionalKey(Schema.Literals(["grid", "random", "latin-hypercube", "successive-halving"])),
  over: Schema.optionalKey(Ranges),
  epochs: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))),
  factor: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(2))),
  seed: Schema.Int,
  validationImages: Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))
}).check(Schema.makeFilter((selection) => {
  const own = Object.keys(selection).filter((key) => key !== "seed" && key !== "validationImages")
  const isOne = own.includes("setting") && own.includes("values") && own.length === 2
  const isSeveral = own.includes("candidates") && own.includes("how") && !own.includes("setting") &&
    !own.includes("values")
  return isOne || isSeveral
    ? undefined
    : "needs either setting and values, or candidates and how; over, epochs and factor belong to the latter"
}))

/**
 * An experiment as a file exports it, and `experiment.json` holds it.
 *
 * @example
 * ```ts
 * import * as Schema from "effect/Schema"
 * import { Experiment } from "finegrain"
 * Schema.is(Experiment.ExperimentSchema)({ name: "a/b" }) // => false
 * ```
 */
export const ExperimentSchema = Schema.Struct({
  name: Schema.String.check(
    Schema.makeFilter((name: string) =>
      !/^[A-Za-z0-9._-]+$/.test(name)
        ? `"${name}" may hold letters, digits, ".", "_" and "-" only`
        : isDirectory(name)
        ? undefined
        : `"${name}" cannot name a directory`
    )
  ),
  about: Schema.String,
  use: Schema.optionalKey(Schema.Array(Schema.NonEmptyString)),
  base: Loose,
  rows: Schema.Array(Row),
  columns: Schema.optionalKey(Schema.Array(Named)),
  seeds: Schema.Array(Schema.Int),
  also: Schema.optionalKey(Schema.Array(Schema.NonEmptyString)),
  selection: Schema.optionalKey(Selection),
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

const decodeShape = Schema.decodeUnknownResult(ExperimentSchema, { errors: "all", onExcessProperty: "error" })
const isNamed = Schema.is(Named)

const isVariant = ([list, index]: ReadonlyArray<PropertyKey>) =>
  (list === "rows" || list === "columns") && typeof index === "number"

/** How a reader would tell the place of a mistake: rows by their names, everything else by its path. */
const inWords = (input: unknown, error: Schema.SchemaError): ReadonlyArray<string> =>
  ValidationIssues.of(error, input, "part", (path) => isVariant(path) ? 2 : 0).map(({ path, text }) => {
    if (!isVariant(path)) return text
    const [list, index] = path as unknown as readonly ["rows" | "columns", number]
    const { name } = (input as Record<typeof list, ReadonlyArray<{ readonly name?: unknown } | null>>)[list][index] ??
      {}
    return `${text} in ${list.slice(0, -1)} ${typeof name === "string" && name !== "" ? `"${name}"` : index + 1}`
  })

/** What of a value can be read as an experiment, so that its problems can be told together with those of the rest. */
const legible = (input: unknown, error: Schema.SchemaError): Experiment => {
  const given = typeof input === "object" && input !== null ? input as Record<string, unknown> : {}
  const broken = new Set(ValidationIssues.of(error, input, "part").map(({ path: [key] }) => key))
  const list = (key: string) =>
    Array.isArray(given[key]) ? { [key]: (given[key] as ReadonlyArray<unknown>).filter((one) => isNamed(one)) } : {}
  return {
    name: "",
    about: "",
    base: {},
    rows: [],
    seeds: [],
    ...Object.fromEntries(Object.entries(given).filter(([key]) => key in ExperimentSchema.fields && !broken.has(key))),
    ...list("rows"),
    ...list("columns")
  } as Experiment
}

/**
 * An experiment from a value of unknown type, as a file exports it.
 *
 * Fails with ExperimentError, which names the file and lists all problems, those that `plan` finds among them.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Experiment } from "finegrain"
 * const error = Effect.runSync(Effect.flip(Experiment.decode({ name: "a b", rows: [] }, "own.ts")))
 * error.experiment // => "own.ts"
 * ```
 */
export const decode = (
  input: unknown,
  source: string,
  options: PlanOptions = {}
): Effect.Effect<Experiment, ExperimentError> =>
  Effect.flatMap(
    // Whatever a getter of it throws is told once, here, as the file's own.
    Effect.try({
      try: () => plainCopy(input),
      catch: (error) =>
        new ExperimentError({ experiment: source, problems: [`it cannot be read: ${inOneLine(error)}`] })
    }),
    (copy) =>
      Effect.flatMap(
        opened(modulesOf(copy, options), source),
        ({ known }) => decodePlain(withModules(copy, modulesOf(copy, options)), source, options, known)
      )
  )

/** The modules of what may be an experiment, and of options, as absolute paths. */
const modulesOf = (input: unknown, { directory = ".", use = [] }: PlanOptions): ReadonlyArray<string> => {
  const own = typeof input === "object" && input !== null && "use" in input ? input.use : undefined
  const named = Array.isArray(own) && own.every((file) => typeof file === "string") ? own : []
  return [...new Set([...named.map((file) => resolve(directory, file)), ...use.map((file) => resolve(file))])]
}

/** Where they are is known from then on, whatever the working directory is. */
const withModules = (input: unknown, use: ReadonlyArray<string>): unknown =>
  use.length === 0 || typeof input !== "object" ? input : { ...input, use }

const opened = (use: ReadonlyArray<string>, experiment: string) =>
  Effect.mapError(Door.open(use), ({ message }) => new ExperimentError({ experiment, problems: [message] }))

const inOneLine = (error: unknown) => (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, " ")

/** A copy of a value made of plain objects and lists, every property read once. */
const plainCopy = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(plainCopy)
    : typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plainCopy(part)]))
    : value

const decodePlain = (
  input: unknown,
  source: string,
  options: PlanOptions,
  known: Catalogues
): Effect.Effect<Experiment, ExperimentError> => {
  const shape = decodeShape(input)
  const found = Result.match(shape, {
    onFailure: (error) => {
      // What is missing in the legible part may be there, illegible.
      return [...inWords(input, error), ...problems.of(legible(input, error), options, known, "part")]
    },
    onSuccess: (experiment) => problems.of(experiment as Experiment, options, known)
  })
  return found.length === 0
    ? Effect.succeed(Result.getOrThrow(shape) as Experiment)
    : Effect.fail(new ExperimentError({ experiment: source, problems: found }))
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
export const planned = ({ candidates, finals, later }: Cell): ReadonlyArray<Trial> => [
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

/**
 * The cells of an experiment, every configuration decoded.
 *
 * Fails with ExperimentError, which lists all problems: contradictions, unknown settings and values, names that do not
 * exist.
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
 * const ids = cells.flatMap(({ finals }) => finals(undefined)).map(({ id }) => id)
 * ids.slice(0, 2) // => ["Euc/small-cnn/seed-1", "Euc/small-cnn/seed-2"]
 * ids.slice(2) // => ["Sp/small-cnn/seed-1", "Sp/small-cnn/seed-2"]
 * const wrong = Experiment.plan({ ...experiment, baseline: "St", base: { epochs: 0 } })
 * const { problems } = Effect.runSync(Effect.flip(wrong))
 * problems[0] // => 'the baseline "St" is none of Euc, Sp'
 * problems[1] // => "epochs must be a value greater than or equal to 1, not 0 in base"
 * problems.length // => 2
 * ```
 */
export const plan = (
  experiment: Experiment,
  options: PlanOptions = {}
): Effect.Effect<ReadonlyArray<Cell>, ExperimentError> => {
  const use = modulesOf(experiment, options)
  return Effect.flatMap(opened(use, experiment.name), ({ known }) => {
    const found = problems.of(experiment, options, known)
    return found.length === 0
      ? Effect.sync(() => cellsOf(experiment, options, known, use.length === 0 ? {} : { use }))
      : Effect.fail(new ExperimentError({ experiment: experiment.name, problems: found }))
  })
}

/** The rungs of what chooses, one where nothing is halved, and in smoke runs, which train as they do otherwise. */
const rungsOf = (
  selection: Selection | undefined,
  smoke: boolean
): ReadonlyArray<{ readonly candidates: number; readonly epochs: number | undefined }> => {
  const all = { candidates: Infinity, epochs: undefined }
  if (smoke || !search.isSearch(selection)) return [all]
  return selection.how === "successive-halving" ? halving.rungs(selection) : [{ ...all, epochs: selection.epochs }]
}

const cellsOf = (
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
