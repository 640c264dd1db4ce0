/**
 * Settings from files: configurations, and the manifests of runs.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as TrainConfig from "../src/training/TrainConfig.ts"

/** A JSON object; fails with ConfigError. */
export const read = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const text = yield* Effect.mapError(
    fs.readFileString(path),
    (error) => new TrainConfig.ConfigError({ source: path, problems: error.message })
  )
  const parsed = yield* Effect.try({
    try: (): unknown => JSON.parse(text),
    catch: (error) => new TrainConfig.ConfigError({ source: path, problems: `not JSON: ${(error as Error).message}` })
  })
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    return yield* new TrainConfig.ConfigError({ source: path, problems: "not a JSON object" })
  }
  return parsed
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
