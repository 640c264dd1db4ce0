/**
 * Modules of the user's own, as arguments and the files that they name say, before the command is read: its choices,
 * help and completion depend on them.
 */
import * as Effect from "effect/Effect"
import { basename, dirname, resolve } from "node:path"
import { isSet, valuesOf } from "./arguments.ts"
import * as ConfigFile from "./configFile.ts"

/**
 * The modules that something names, relative to a directory; none where it is not a list of paths, which whoever reads
 * it tells.
 */
const named = (given: unknown, directory: string): ReadonlyArray<string> => {
  const use = typeof given === "object" && given !== null && "use" in given ? given.use : undefined
  return Array.isArray(use) && use.every((file) => typeof file === "string")
    ? use.map((file) => resolve(directory, file))
    : []
}

const settingsIn = <R>(read: Effect.Effect<object, unknown, R>) => Effect.orElseSucceed(read, () => ({}))

/** Those that flags name, as absolute paths. */
export const ofFlags = (args: ReadonlyArray<string>): ReadonlyArray<string> =>
  valuesOf(args, "--use").map((file) => resolve(file))

/**
 * Those of the arguments of `train`, as absolute paths: of the run that is resumed, of the configuration, of flags. One
 * that has moved since a run began is the one that is given now.
 */
export const ofTraining = Effect.fnUntraced(function*(args: ReadonlyArray<string>) {
  const [config] = valuesOf(args, "--config")
  const [output] = valuesOf(args, "--output", "-o")
  const now = [
    ...(config === undefined ? [] : named(yield* settingsIn(ConfigFile.read(config)), dirname(config))),
    ...ofFlags(args)
  ]
  const earlier = isSet(args, "--resume") && output !== undefined
    ? named(yield* settingsIn(ConfigFile.ofRun(output)), output)
    : []
  const moved = new Set(now.map((file) => basename(file)))
  return [...new Set([...earlier.filter((file) => !moved.has(basename(file))), ...now])]
})
