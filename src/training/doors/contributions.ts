/**
 * What a module of the user's own gives to the catalogues, and what of it cannot be taken.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Catalogue from "../../choices/Catalogue.ts"
import type * as Manifold from "../../geometry/Manifold.ts"
import { builtIn, type Catalogues } from "../Catalogues.ts"
import { schemaOf } from "../config/schema.ts"
import { recorded } from "../measures.ts"
import { anyKind, kinds } from "./kinds.ts"

type Kind = keyof typeof kinds

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

const isText = (value: unknown): value is string => typeof value === "string" && value.trim() !== ""

/** Entries of an export by name: those of an array say theirs, those of a record have it as their key. */
const named = (kind: Kind, value: unknown): Result.Result<ReadonlyArray<readonly [string, unknown]>, string> => {
  if (!isObject(value)) return Result.fail(`${kind} must be an array or a record of entries, not ${typeof value}`)
  if (!Array.isArray(value) && kind !== "manifolds") return Result.succeed(Object.entries(value))
  const key = kind === "manifolds" ? "symbol" : "name"
  const all = Object.values(value).map((entry) => [isObject(entry) ? entry[key] : undefined, entry] as const)
  const nameless = all.findIndex(([name]) => !isText(name))
  return nameless < 0
    ? Result.succeed(all as ReadonlyArray<readonly [string, unknown]>)
    : Result.fail(`entry ${nameless + 1} of ${kind} has no ${key}: give it one, a text`)
}

/** Of names; what follows "Ball:" in specifications is a radius. */
const word = /^(?!ball:)[a-z][\w:.-]*$/i

const mayBeMissing = (key: string, schema: Schema.Constraint): boolean =>
  Result.isSuccess(Schema.decodeUnknownResult(Schema.Struct({ [key]: schema as Schema.Codec<unknown> }))({}))

/** What is wrong with an entry, by itself. */
const fault = (kind: Kind, name: string, entry: unknown): string | undefined => {
  const it = `the ${kinds[kind]} ${name}`
  if (!word.test(name)) return `"${name}" cannot name a ${kinds[kind]}: use letters, digits, ".", ":", "_", "-"`
  if (!isObject(entry)) return `${it} must be an object, not ${typeof entry}`
  if (kind === "manifolds") {
    return !isText(entry["name"])
      ? `${it} has no name, a text for people`
      : typeof entry["at"] !== "function"
      ? `${it} has no function "at", which gives a manifold for every shape: it must be a Manifold.Family`
      : undefined
  }
  const { about, make, parameters = {} } = entry
  if (!isText(about)) return `${it} has no text "about", what it is in one line`
  if (typeof make !== "function") return `${it} has no function "make"`
  if (!isObject(parameters)) return `the parameters of ${it} must be schemas by name`
  const wrong = Object.entries(parameters).find(([, schema]) => !Schema.isSchema(schema))
  if (wrong !== undefined) return `the parameter ${wrong[0]} of ${it} is no schema`
  // Who chooses another entry says nothing of it.
  const needed = Object.entries(parameters as Schema.Struct.Fields).find(([key, schema]) => !mayBeMissing(key, schema))
  return needed === undefined
    ? undefined
    : `the parameter ${needed[0]} of ${it} has no default: give it one, or make it optional`
}

/** Names of a kind that are taken. */
const taken = (known: Catalogues, kind: Kind): ReadonlyArray<string> =>
  kind === "manifolds"
    ? known.manifolds.map(({ symbol }) => symbol)
    : Object.keys(kind === "measures" ? { ...recorded, ...known.measures } : known[kind])

const same = (kind: Kind, name: string) => (other: string) =>
  kind === "manifolds" ? other.toLowerCase() === name.toLowerCase() : other === name

const clash = (known: Catalogues, kind: Kind, name: string): string | undefined => {
  if (!taken(known, kind).some(same(kind, name))) return undefined
  const owner = taken(builtIn, kind).some(same(kind, name))
    ? "finegrain's own"
    : "that of another module, or there twice"
  return `the ${kinds[kind]} ${name} is ${owner}: give yours another name`
}

/** Parameters of the entry that are settings already: which schema and default were meant could not be told. */
const shadowed = (known: Catalogues, kind: Kind, name: string, entry: unknown): string | undefined => {
  const { parameters = {} } = entry as Catalogue.Entry
  const keys = Object.keys(parameters)
  if (keys.length === 0) return undefined
  const settings: Schema.Struct.Fields = schemaOf(known).fields
  // One that is another entry's, too, is that one.
  const taken = keys.find((key) => Object.hasOwn(settings, key) && settings[key] !== parameters[key])
  if (taken === undefined) return undefined
  const those = Object.hasOwn(schemaOf(builtIn).fields, taken) ? "" : ", of another entry of your own"
  const shared = those === "" ? "" : ", or give both the same schema value"
  return `the parameter ${taken} of the ${
    kinds[kind]
  } ${name} is a setting already${those}: give it another name${shared}`
}

/** What is wrong with what a family makes. */
const misshapen = (kind: Kind, name: string, entry: unknown): string | undefined =>
  kind !== "manifolds" || Result.isResult((entry as Manifold.Family).at([3, 3]))
    ? undefined
    : `the function "at" of the manifold ${name} gives no Result, of a manifold or of the reason why there is none`

const added = (known: Catalogues, kind: Kind, name: string, entry: unknown): Catalogues =>
  kind === "manifolds"
    ? { ...known, manifolds: [...known.manifolds, entry as Manifold.Family] }
    : { ...known, [kind]: { ...known[kind], [name]: entry } }

/**
 * The catalogues with what a module exports; or what of it cannot be taken, in a line.
 *
 * @internal
 */
export const joined = (
  known: Catalogues,
  exported: Readonly<Record<string, unknown>>
): Result.Result<Catalogues, string> => {
  const own = (Object.keys(kinds) as ReadonlyArray<Kind>).filter((kind) => exported[kind] !== undefined)
  if (own.length === 0) return Result.fail(`it exports none of ${anyKind}`)
  let all = known
  for (const kind of own) {
    const entries = named(kind, exported[kind])
    if (Result.isFailure(entries)) return Result.fail(entries.failure)
    for (const [name, entry] of entries.success) {
      const problem = fault(kind, name, entry) ?? clash(all, kind, name) ?? shadowed(all, kind, name, entry) ??
        misshapen(kind, name, entry)
      if (problem !== undefined) return Result.fail(problem)
      all = added(all, kind, name, entry)
    }
  }
  return Result.succeed(all)
}
