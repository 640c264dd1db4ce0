/**
 * What can be chosen by its name: records of entries, from which schemas, flags, help, completion, tables and the lists
 * in errors are derived. To add an entry, write it; nothing else names it.
 */
import * as Schema from "effect/Schema"
import { noun } from "./counted.ts"

/** Something that can be chosen; its name is its key in a catalogue. */
export interface Entry {
  /** What it is, in one line. */
  readonly about: string
  /** Settings that it knows beside those that every run has, described by their annotations. */
  readonly parameters?: Schema.Struct.Fields
  /** What may stand in brackets behind its name, where settings write it so. */
  readonly arguments?: Readonly<Record<string, unknown>>
}

/** An entry that makes a value of what it is given: the values of its parameters among it. */
export interface Maker<in Given, out Made> extends Entry {
  readonly make: (given: Given) => Made
}

/** Entries by name. */
export type Catalogue<E extends Entry = Entry> = Readonly<Record<string, E>>

/** Names of a catalogue, and any other text, which may be a name of the user's own. */
export type Name<C extends Catalogue> = (keyof C & string) | (string & {})

/**
 * Entries of one kind, with the types of their parameters inferred.
 *
 * @example
 * ```ts
 * import * as Schema from "effect/Schema"
 * import { Catalogue } from "finegrain"
 * const entry = Catalogue.entries<{ readonly rate: number }, number>()
 * const half = entry({ about: "half of it", make: ({ rate }) => rate / 2 })
 * const part = entry({
 *   about: "a part of it",
 *   parameters: { share: Schema.Finite },
 *   make: ({ rate, share }) => rate * share
 * })
 * [half.make({ rate: 4 }), part.make({ rate: 4, share: 0.75 })] // => [2, 3]
 * ```
 */
export const entries = <Given, Made>() =>
<F extends Schema.Struct.Fields = {}>(
  entry: Maker<Given & Schema.Struct.Type<F>, Made> & { readonly parameters?: F }
): Maker<Given & Schema.Struct.Type<F>, Made> & { readonly parameters?: F } => entry

/**
 * The names, in the order of their entries.
 *
 * @example
 * ```ts
 * import { Catalogue, Schedules } from "finegrain"
 * Catalogue.names(Schedules.schedules)[0] // => "constant"
 * ```
 */
export const names = <C extends Catalogue>(catalogue: C): ReadonlyArray<keyof C & string> => Object.keys(catalogue)

/**
 * A schema that accepts the names.
 *
 * @example
 * ```ts
 * import * as Schema from "effect/Schema"
 * import { Catalogue, Schedules } from "finegrain"
 * Schema.is(Catalogue.schema(Schedules.schedules))("cosine") // => true
 * ```
 */
export const schema = <C extends Catalogue>(catalogue: C): Schema.Codec<keyof C & string> =>
  Schema.Literals(names(catalogue))

/** A name as settings write it. */
const written = (name: string, { arguments: given = {} }: Entry): string =>
  Object.keys(given).length === 0 ? name : `${name}(${Object.keys(given).join(", ")})`

/**
 * Every entry in one line, for help.
 *
 * @example
 * ```ts
 * import { Catalogue } from "finegrain"
 * Catalogue.help({ plain: { about: "g = 1" }, steep: { about: "g = 2" } }) // => "plain: g = 1; steep: g = 2"
 * ```
 */
export const help = (catalogue: Catalogue): string =>
  Object.entries(catalogue).map(([name, entry]) => `${written(name, entry)}: ${entry.about}`).join("; ")

/**
 * A table for documents, in Markdown: a row for every entry, with its parameters.
 *
 * @example
 * ```ts
 * import { Catalogue } from "finegrain"
 * Catalogue.table({ plain: { about: "g = 1" } }) // => "| name | what it is |\n| --- | --- |\n| `plain` | g = 1 |"
 * ```
 */
export const table = (catalogue: Catalogue): string =>
  [
    ["name", "what it is"],
    ["---", "---"],
    ...Object.entries(catalogue).map(([name, entry]) => [
      [written(name, entry), ...Object.keys(entry.parameters ?? {})].map((text) => `\`${text}\``).join(", "),
      entry.about
    ])
  ].map((cells) => `| ${cells.join(" | ")} |`).join("\n")

/**
 * What the entry of a name makes of the settings that it knows and of what it is given.
 *
 * @example
 * ```ts
 * import { Catalogue, Schedules } from "finegrain"
 * const course = { rate: 1, steps: 4, stepsPerEpoch: 2 }
 * Catalogue.make(Schedules.schedules, "power", { exponent: 1, seed: 1 }, course).rate(1) // => 0.5
 * ```
 */
export const make = <Made>(
  catalogue: Catalogue<Maker<never, Made>>,
  name: string,
  settings: object,
  given: object
): Made => {
  const { make, parameters = {} } = catalogue[name]!
  const own = Object.entries(settings).filter(([key]) => Object.hasOwn(parameters, key))
  return make({ ...Object.fromEntries(own), ...given } as never)
}

/**
 * A catalogue of values that say their name and what they are.
 *
 * @example
 * ```ts
 * import { Catalogue, Renormalization } from "finegrain"
 * Catalogue.names(Catalogue.byName(Renormalization.policies))[0] // => "unit"
 * ```
 */
export const byName = <V extends Entry & { readonly name: string }>(
  values: ReadonlyArray<V>
): Readonly<Record<V["name"], V>> =>
  Object.fromEntries(values.map((value) => [value.name, value])) as Record<V["name"], V>

/** Parameters of all entries of a catalogue. */
export type Parameters<C extends Catalogue> = Together<Fields<C[keyof C]>>

type Fields<E> = E extends { readonly parameters?: infer F } ? Exclude<F, undefined> : never
type Together<U> = (U extends unknown ? (given: U) => void : never) extends (given: infer I) => void ? I : never

/**
 * The parameters of all entries; one that several know is one.
 *
 * @example
 * ```ts
 * import { Catalogue, Schedules } from "finegrain"
 * "exponent" in Catalogue.parameters(Schedules.schedules) // => true
 * ```
 */
export const parameters = <C extends Catalogue>(catalogue: C): Parameters<C> & Schema.Struct.Fields =>
  Object.assign({}, ...Object.values(catalogue).map(({ parameters = {} }) => parameters)) as
    & Parameters<C>
    & Schema.Struct.Fields

/**
 * Parameters of none of the chosen entries, with the reason why they change nothing.
 *
 * @example
 * ```ts
 * import { Catalogue, Schedules } from "finegrain"
 * Catalogue.idle(Schedules.schedules, "schedule", "constant").get("exponent") // => "only the power schedule has it"
 * ```
 */
export const idle = (
  catalogue: Catalogue,
  what: string,
  ...chosen: ReadonlyArray<string>
): ReadonlyMap<string, string> => {
  const used = new Set(chosen.flatMap((name) => Object.keys(catalogue[name]?.parameters ?? {})))
  const others = Object.keys(parameters(catalogue)).filter((parameter) => !used.has(parameter))
  return new Map(others.map((parameter) => {
    const owners = names(catalogue).filter((name) => Object.hasOwn(catalogue[name]?.parameters ?? {}, parameter))
    return [
      parameter,
      `only the ${owners.join(" and ")} ${noun(owners.length, `${what} has`, `${what}s have`)} it`
    ]
  }))
}
