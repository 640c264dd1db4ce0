/**
 * Settings from files: configurations as JSON, YAML or TOML, and the manifests of runs.
 */
import * as Effect from "effect/Effect"
import * as Toml from "effect/encoding/Toml"
import * as Yaml from "effect/encoding/Yaml"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Result from "effect/Result"
import * as TrainConfig from "../src/training/TrainConfig.ts"

/** A notation of configurations. */
interface Notation {
  readonly name: string
  readonly extensions: ReadonlyArray<string>
  /** Throws where the text is not in it. */
  readonly parse: (text: string) => unknown
}

/** JSON is YAML as well, which refuses a key that stands twice: `JSON.parse` would take the last one. */
const parseJson = (text: string): unknown => {
  const value: unknown = JSON.parse(text)
  Yaml.parse(text)
  return value
}

const json: Notation = { name: "JSON", extensions: [".json"], parse: parseJson }

/** Notations by the extension of the file; JSON where it has another. */
const notations: ReadonlyArray<Notation> = [
  json,
  { name: "YAML", extensions: [".yaml", ".yml"], parse: Yaml.parse },
  { name: "TOML", extensions: [".toml"], parse: (text) => Result.getOrThrow(Toml.parse(text)) }
]

/** Help for the flag: which notations there are, and how they are told apart. */
export const notationsHelp = `${notations.map(({ name }) => name).join(", ")} by its extension`

const plain = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(plain)
    : typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]))
    : value

/** An object of settings; what names the schema for editors is none. Fails with ConfigError. */
export const read = Effect.fnUntraced(function*(file: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const failed = (problems: string) => new TrainConfig.ConfigError({ source: file, problems })
  const text = yield* Effect.mapError(fs.readFileString(file), ({ message }) => failed(message))
  const extension = path.extname(file).toLowerCase()
  const { name, parse } = notations.find(({ extensions }) => extensions.includes(extension)) ?? json
  const parsed = yield* Effect.try({
    try: () => plain(parse(text)),
    catch: (error) => failed(`not ${name}: ${(error as Error).message}`)
  })
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    return yield* failed(name === "JSON" ? "not a JSON object" : `not settings by name, as ${name} writes them`)
  }
  const { $schema: _, ...settings } = parsed as Readonly<Record<string, unknown>>
  return settings
})

/** The settings of the run in a directory, none where there is no run. */
export const ofRun = Effect.fnUntraced(function*(directory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = path.join(directory, "manifest.json")
  if (!(yield* Effect.orElseSucceed(fs.exists(file), () => false))) return {}
  const { config = {} } = (yield* read(file)) as { readonly config?: object }
  return config
})
