/** Reading files and directories of data, where a failure is told in words. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import { DatasetMissing } from "./DataError.ts"

const codeOf = ({ reason }: PlatformError): string | undefined => {
  const { cause } = reason
  return typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : undefined
}

/**
 * Why a file could not be read, in words.
 *
 * @internal
 */
export const reasonOf = (error: PlatformError): string =>
  error.reason._tag === "PermissionDenied"
    ? "permission denied"
    : error.reason._tag === "NotFound"
    ? "it is not there"
    : codeOf(error) === "ELOOP"
    ? "its link leads in a circle"
    : error.message

const types: Partial<Record<FileSystem.File.Type, string>> = {
  Directory: "it is a directory",
  FIFO: "it is a pipe",
  Socket: "it is a socket",
  CharacterDevice: "it is a device",
  BlockDevice: "it is a device"
}

const unread = (file: string, reason: string) =>
  new DatasetMissing({
    what: `${file} is there but cannot be read (${reason})`,
    remedy: "Make it a file that you may read."
  })

/**
 * A file as a whole; none where it is missing. A pipe would never end, so that only what is a file is read.
 *
 * Fails with DatasetMissing where it is there but cannot be read.
 *
 * @internal
 */
export const read = Effect.fnUntraced(function*(
  file: string
): Effect.fn.Return<Uint8Array | undefined, DatasetMissing, FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  const orNone = <A>(effect: Effect.Effect<A, PlatformError>) =>
    effect.pipe(
      Effect.catchIf((error) => error.reason._tag === "NotFound", () => Effect.succeed(undefined)),
      Effect.mapError((error) => unread(file, reasonOf(error)))
    )
  const info = yield* orNone(fs.stat(file))
  if (info === undefined) return undefined
  if (info.type !== "File") return yield* unread(file, types[info.type] ?? "it is no file")
  return yield* orNone(fs.readFile(file))
})

/**
 * The names in a directory, in the order of their code units: "10" before "2", capitals before small letters.
 *
 * Fails with DatasetMissing where it is missing, no directory, or may not be read, with the remedy that the caller
 * knows.
 *
 * @internal
 */
export const namesIn = Effect.fnUntraced(function*(
  directory: string,
  remedy: string
): Effect.fn.Return<ReadonlyArray<string>, DatasetMissing, FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  const missing = (what: string) => new DatasetMissing({ what, remedy })
  const names = yield* Effect.mapError(fs.readDirectory(directory), (error) =>
    error.reason._tag === "NotFound"
      ? missing(`There is no directory ${directory}`)
      : missing(
        codeOf(error) === "ENOTDIR"
          ? `${directory} is no directory`
          : `${directory} cannot be read (${reasonOf(error)})`
      ))
  return names.toSorted()
})
