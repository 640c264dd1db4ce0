/** Modules of the user's own, as they travel with a grid: whole, with what they import, held to their checksums. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { dirname, join, relative, resolve, sep } from "node:path"
import * as Door from "../../training/Door.ts"
import * as RunFiles from "../../training/RunFiles.ts"
import { DatabaseError } from "./database.ts"

/** Modules, by paths below a directory that all of them share. */
export const Packed = Schema.Struct({
  /** What is named in `use`. */
  use: Schema.Array(Schema.String),
  files: Schema.Record(Schema.String, Schema.String),
  used: Schema.Array(RunFiles.Used)
})

/** Modules on their way. */
export type Packed = typeof Packed.Type

const sharedBy = (paths: ReadonlyArray<string>) => {
  const parts = paths.map((path) => dirname(path).split(sep))
  const first = parts[0] ?? []
  const end = first.findIndex((part, i) => parts.some((other) => other[i] !== part))
  return first.slice(0, end < 0 ? first.length : end).join(sep) || sep
}

/**
 * Modules and what they import by relative paths, as text.
 *
 * @internal
 */
export const pack = (used: ReadonlyArray<Door.Used>): Effect.Effect<Packed, DatabaseError> =>
  Effect.tryPromise({
    try: async () => {
      const pathsOf = ({ file, imports = {} }: Door.Used) => [
        file,
        ...Object.keys(imports).map((path) => resolve(dirname(file), path))
      ]
      const paths = [...new Set(used.flatMap(pathsOf))]
      const base = sharedBy(paths)
      const below = (path: string) => relative(base, path).replaceAll("\\", "/")
      const texts = await Promise.all(paths.map(async (path) => [below(path), await readFile(path, "utf8")] as const))
      return {
        use: used.map(({ file }) => below(file)),
        files: Object.fromEntries(texts),
        used: used.map((one) => ({ ...one, file: below(one.file) }))
      }
    },
    catch: (error) => new DatabaseError({ reason: (error as Error).message, remedy: "Look at the modules of use." })
  })

/** A path that stays below the directory that it is written in. */
const isBelow = (path: string) => /^[\w@.+ -]+(\/[\w@.+ -]+)*$/.test(path) && !path.split("/").includes("..")

/**
 * Writes modules into a directory, and gives the paths of those that `use` names.
 *
 * Fails with DatabaseError where they are not those of the checksums.
 *
 * @internal
 */
export const unpack = Effect.fnUntraced(function*(packed: Packed, directory: string) {
  const refuse = (reason: string) =>
    new DatabaseError({ reason: `the grid's modules are refused: ${reason}`, remedy: "Offer the grid anew." })
  const wrong = Object.keys(packed.files).find((path) => !isBelow(path))
  if (wrong !== undefined) return yield* refuse(`${wrong} is no path below a directory`)
  yield* Effect.tryPromise({
    try: async () => {
      for (const [path, text] of Object.entries(packed.files)) {
        await mkdir(dirname(join(directory, path)), { recursive: true })
        await writeFile(join(directory, path), text)
      }
    },
    catch: (error) =>
      new DatabaseError({ reason: (error as Error).message, remedy: "Name another --scratch.", isDisk: true })
  })
  const use = packed.use.map((path) => join(directory, path))
  const found = yield* Effect.promise(() => Promise.all(use.map(Door.usedOf)))
  const different = Door.difference(packed.used, found.filter((one) => one !== undefined))
  if (different !== undefined) return yield* refuse(different)
  return use
})
