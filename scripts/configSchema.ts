import * as Schema from "effect/Schema"
import { join, resolve } from "node:path"
import { builtIn } from "../src/training/Catalogues.ts"
import { kinds } from "../src/training/doors/kinds.ts"
import * as TrainConfig from "../src/training/TrainConfig.ts"

/** Where the JSON Schema of configurations stands, for editors. */
export const configSchemaFile = join(resolve(import.meta.dirname, ".."), "docs", "config.schema.json")

type Json = Readonly<Record<string, unknown>>

/** Names to which a module of `use` may add others. */
const open = new Set(
  (Object.keys(kinds) as ReadonlyArray<keyof typeof kinds>).filter((kind) => kind !== "manifolds")
    .map((kind) => JSON.stringify(Object.keys(builtIn[kind])))
)

const isOpen = ({ enum: names }: Json) => open.has(JSON.stringify(names))

/** A property without the names that may not be all, which still are offered. */
const loose = (property: Json): Json => {
  const { enum: names, items, ...rest } = property
  if (isOpen(property)) return { ...rest, examples: names }
  const item = items as Json | undefined
  return item !== undefined && isOpen(item) ? { ...rest, items: loose(item) } : property
}

/**
 * The schema of settings as Effect derives it, with descriptions and defaults; without modules of `use`, which may add
 * names and settings, nothing unknown is accepted.
 */
const jsonSchema = (): Json => {
  const { fields } = TrainConfig.TrainConfig
  const defaults: Json = Schema.decodeUnknownSync(TrainConfig.TrainConfig)({})
  const { definitions, schema } = Schema.toJsonSchemaDocument(TrainConfig.TrainConfig)
  if (Object.keys(definitions).length > 0) throw new Error("settings have definitions now: they are left out here")
  const derived = schema["properties"] as Readonly<Record<string, Json>>
  const properties = Object.fromEntries(
    Object.entries<Schema.Top>(fields).map(([key, field]) => [key, {
      ...derived[key],
      description: Schema.resolveAnnotations(field)?.description,
      ...(defaults[key] === undefined ? {} : { default: defaults[key] })
    }])
  )
  const strict = Object.fromEntries(
    Object.entries(properties).map(([key, property]) => [
      key,
      JSON.stringify(loose(property)) === JSON.stringify(property) ? true : derived[key]
    ])
  )
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Settings of a training run with finegrain",
    type: "object",
    properties: Object.fromEntries(Object.entries(properties).map(([key, property]) => [key, loose(property)])),
    anyOf: [
      { required: ["use"] },
      { properties: { $schema: { type: "string" }, ...strict }, additionalProperties: false }
    ]
  }
}

/** The file as it should be. */
export const renderSchema = (): string => `${JSON.stringify(jsonSchema(), undefined, 2)}\n`
