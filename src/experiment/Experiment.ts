/** An experiment read from a file, checked as a whole, and planned as trials. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { resolve } from "node:path"
import type { Catalogues } from "../training/Catalogues.ts"
import * as Door from "../training/Door.ts"
import * as cells from "./cells.ts"
import type { Experiment, PlanOptions } from "./design.ts"
import * as problems from "./problems.ts"
import * as schema from "./schema.ts"

export type { Cell, Rung, Trial } from "./cells.ts"
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
export { ExperimentSchema } from "./schema.ts"

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
        new ExperimentError({ experiment: source, problems: [`it cannot be read: ${Door.inOneLine(error)}`] })
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
  const shape = schema.decode(input)
  const found = Result.match(shape, {
    onFailure: (error) => {
      // What is missing in the legible part may be there, illegible.
      return [...schema.inWords(input, error), ...problems.of(schema.legible(input, error), options, known, "part")]
    },
    onSuccess: (experiment) => problems.of(experiment as Experiment, options, known)
  })
  return found.length === 0
    ? Effect.succeed(Result.getOrThrow(shape) as Experiment)
    : Effect.fail(new ExperimentError({ experiment: source, problems: found }))
}

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
): Effect.Effect<ReadonlyArray<cells.Cell>, ExperimentError> => {
  const use = modulesOf(experiment, options)
  return Effect.flatMap(opened(use, experiment.name), ({ known }) => {
    const found = problems.of(experiment, options, known)
    return found.length === 0
      ? Effect.sync(() => cells.of(experiment, options, known, use.length === 0 ? {} : { use }))
      : Effect.fail(new ExperimentError({ experiment: experiment.name, problems: found }))
  })
}

/**
 * Everything that the settings of an experiment can name.
 *
 * @internal
 */
export const known = (experiment: Experiment): Effect.Effect<Catalogues, ExperimentError> =>
  Effect.map(opened(modulesOf(experiment, {}), experiment.name), ({ known }) => known)
