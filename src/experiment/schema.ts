/** An experiment as a file exports it, and what is wrong with one that is none, in words. */
import * as Schema from "effect/Schema"
import * as Setting from "../choices/Setting.ts"
import * as ValidationIssues from "../training/ValidationIssues.ts"
import type { Experiment } from "./design.ts"
import { isDirectory } from "./slug.ts"

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
  candidates: Schema.optionalKey(Setting.count),
  how: Schema.optionalKey(Schema.Literals(["grid", "random", "latin-hypercube", "successive-halving"])),
  over: Schema.optionalKey(Ranges),
  epochs: Schema.optionalKey(Setting.count),
  factor: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(2))),
  seed: Schema.Int,
  validationImages: Setting.count
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

/** One of unknown type, every mistake of which is told. */
export const decode = Schema.decodeUnknownResult(ExperimentSchema, { errors: "all", onExcessProperty: "error" })
const isNamed = Schema.is(Named)

const isVariant = ([list, index]: ReadonlyArray<PropertyKey>) =>
  (list === "rows" || list === "columns") && typeof index === "number"

/** How a reader would tell the place of a mistake: rows by their names, everything else by its path. */
export const inWords = (input: unknown, error: Schema.SchemaError): ReadonlyArray<string> =>
  ValidationIssues.of(error, input, "part", (path) => isVariant(path) ? 2 : 0).map(({ path, text }) => {
    if (!isVariant(path)) return text
    const [list, index] = path as unknown as readonly ["rows" | "columns", number]
    const { name } = (input as Record<typeof list, ReadonlyArray<{ readonly name?: unknown } | null>>)[list][index] ??
      {}
    return `${text} in ${list.slice(0, -1)} ${typeof name === "string" && name !== "" ? `"${name}"` : index + 1}`
  })

/** What of a value can be read as an experiment, so that its problems can be told together with those of the rest. */
export const legible = (input: unknown, error: Schema.SchemaError): Experiment => {
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
