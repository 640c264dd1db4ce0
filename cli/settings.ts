/**
 * Flags of all settings of a run, each derived from its schema: name, kind, choices, description and default.
 */
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import type { Catalogues } from "../src/training/Catalogues.ts"
import { schemaOf } from "../src/training/config/schema.ts"

const aliases: Readonly<Record<string, string>> = {
  dataset: "d",
  collection: "c",
  seed: "s",
  epochs: "e",
  batchSize: "b"
}

export const kebab = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

const isInt = ({ checks }: SchemaAST.AST): boolean =>
  checks?.some(({ annotations }) => annotations?.["expected"] === "an integer") ?? false

const literalsOf = (ast: SchemaAST.AST): ReadonlyArray<string> | undefined =>
  ast._tag === "Literal"
    ? [String(ast.literal)]
    : ast._tag === "Union" && ast.types.every(({ _tag }) => _tag === "Literal")
    ? ast.types.map((type) => String((type as SchemaAST.Literal).literal))
    : undefined

type Values = Readonly<Record<string, unknown>>

/** `conv1.collection=St` as settings of the layer conv1; a layer may have any name, `__proto__` among them. */
const nested = (given: Readonly<Record<string, string>>): Values => {
  const found = new Map<string, Record<string, string>>()
  for (const [key, value] of Object.entries(given)) {
    const dot = key.lastIndexOf(".")
    const [outer, inner] = dot < 0 ? [key, ""] : [key.slice(0, dot), key.slice(dot + 1)]
    found.set(outer, { ...found.get(outer), [inner]: value })
  }
  return Object.fromEntries(found)
}

const numbers = (given: Readonly<Record<string, string>>): Values =>
  Object.fromEntries(Object.entries(given).map(([key, value]) => [key, Number(value)]))

/**
 * Pairs `key=value`, each key once: `Flag.KeyValuePair` would take the last of several. A word among `words` may stand
 * without a value, as that word times 1.
 */
const pairs = (name: string, words: ReadonlyArray<string> = []): Flag.Flag<Readonly<Record<string, string>>> => {
  const keyOf = (pair: string) => pair.slice(0, Math.max(0, pair.indexOf("=")))
  const wrong = (given: ReadonlyArray<string>) => {
    const none = given.find((pair) => !/^[^=]+=./s.test(pair))
    const expected = ["pairs key=value", ...words].join(" or ")
    if (none !== undefined) return `${expected}, not "${none}"`
    const twice = given.map(keyOf).find((key, i, keys) => keys.indexOf(key) !== i)
    return twice === undefined ? undefined : `each key once, not ${twice} twice`
  }
  return Flag.atLeast(Flag.withMetavar(Flag.String(name), "key=value"), 1).pipe(
    Flag.map((given) => given.map((pair) => words.includes(pair) ? `${pair}=1` : pair)),
    Flag.filter((given) => wrong(given) === undefined, (given) => wrong(given)!),
    Flag.map((given) => Object.fromEntries(given.map((pair) => [keyOf(pair), pair.slice(keyOf(pair).length + 1)])))
  )
}

/** A record of numbers, or one word for it. */
const numbersOr = (name: string, words: ReadonlyArray<string>): Flag.Flag<Values | string> =>
  Flag.map(pairs(name, words), (given) => {
    const [key, ...more] = Object.keys(given)
    return more.length === 0 && words.includes(key!) && given[key!] === "1" ? key! : numbers(given)
  })

const optional = (flag: Flag.Flag<unknown>): Flag.Flag<Option.Option<unknown>> => Flag.optional(flag)

/** An example of a record as it is written on the command line: `--layers conv1.collection=St`. */
const written = (name: string, example: unknown): string =>
  typeof example === "object" && example !== null
    ? Object.entries(example as Values).flatMap(([key, value]) =>
      typeof value === "object" && value !== null
        ? Object.entries(value as Values).map(([inner, own]) => `--${name} ${key}.${inner}=${String(own)}`)
        : [`--${name} ${key}=${String(value)}`]
    ).join(" ")
    : `--${name} ${String(example)}`

/** A flag, its value of the kind that the schema has; how lists are written. */
const flagOf = (name: string, ast: SchemaAST.AST): readonly [Flag.Flag<Option.Option<unknown>>, usage?: string] => {
  const literals = literalsOf(ast)
  if (literals !== undefined) return [optional(Flag.Literals(name, literals))]
  switch (ast._tag) {
    case "Boolean":
      return [optional(Flag.Boolean(name))]
    case "Number":
      return [optional(isInt(ast) ? Flag.Int(name) : Flag.Finite(name))]
    case "Arrays": {
      const [element] = ast.rest
      const choices = element === undefined ? undefined : literalsOf(element)
      const one: Flag.Flag<string> = choices === undefined ? Flag.String(name) : Flag.Literals(name, choices)
      return [
        Flag.map(Flag.atLeast(one, 0), (given) => given.length === 0 ? Option.none() : Option.some(given)),
        "may be given several times"
      ]
    }
    case "Objects":
      return [optional(Flag.map(pairs(name), ast.indexSignatures[0]?.type._tag === "Objects" ? nested : numbers))]
    case "Union": {
      const words = ast.types.flatMap((type) => literalsOf(type) ?? [])
      const isRecord = ast.types.some((type) => type._tag === "Objects")
      return [isRecord ? optional(numbersOr(name, words)) : optional(Flag.String(name))]
    }
    default:
      return [optional(Flag.String(name))]
  }
}

const shown = (value: unknown): string | undefined =>
  value === undefined || (typeof value === "object" && Object.keys(value as object).length === 0)
    ? undefined
    : `default ${String(value)}`

/** A flag for every field of a schema that stands alone. */
export const flagsOf = (
  schema: { readonly fields: Schema.Struct.Fields },
  aliases: Readonly<Record<string, string>>
) => {
  const decode = Schema.decodeUnknownEffect(schema as unknown as Schema.Codec<Values>)
  const defaults = Effect.runSync(decode({}))
  return Object.fromEntries(
    (Object.entries(schema.fields) as unknown as ReadonlyArray<[string, Schema.Top]>).map(([key, field]) => {
      const [flag, usage] = flagOf(kebab(key), Schema.toType(field).ast)
      // A flag that is there anyway has a use by its opposite only.
      const opposite = defaults[key] === true ? `--no-${kebab(key)} turns it off` : undefined
      const { description: about = "", examples = [] } = Schema.resolveAnnotations(field) ?? {}
      const lines = examples.map((example) => written(kebab(key), example)).join(" or ")
      const example = lines === "" ? undefined : `as ${lines}`
      const notes = [usage, example, shown(defaults[key]), opposite].filter((note) => note !== undefined)
      const described = Flag.withDescription(flag, notes.length === 0 ? about : `${about} (${notes.join("; ")})`)
      const alias = aliases[key]
      return [key, alias === undefined ? described : Flag.withAlias(described, alias)]
    })
  )
}

/** A flag for every setting of a run. */
export const flags = (known: Catalogues) => flagsOf(schemaOf(known), aliases)

/** The settings that were given by flags. */
export const given = (values: Readonly<Record<string, Option.Option<unknown>>>): Values =>
  Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => Option.isSome(value) ? [[key, value.value]] : [])
  )
