/** Files that are written whole or not at all. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import type * as PlatformError from "effect/PlatformError"

/**
 * Opens a file of this process' own, anew: what an earlier process of the same number left under its name goes, be it a
 * link, which is never followed to a file. A device has no content to lose.
 */
const openAside = Effect.fnUntraced(function*(aside: string) {
  const fs = yield* FileSystem.FileSystem
  const anew = fs.open(aside, { flag: "wx" })
  return yield* Effect.catchIf(
    anew,
    (error) => error.reason._tag === "AlreadyExists",
    () =>
      Effect.flatMap(
        Effect.option(fs.stat(aside)),
        (found) =>
          Option.isSome(found) && found.value.type === "CharacterDevice"
            ? fs.open(aside, { flag: "w" })
            : Effect.andThen(fs.remove(aside), anew)
      )
  )
})

/**
 * Writes a file whole or not at all: aside, flushed, renamed. What was there before stays where it fails.
 *
 * @internal
 */
export const write = Effect.fnUntraced(function*(
  file: string,
  bytes: Uint8Array
): Effect.fn.Return<void, PlatformError.PlatformError, FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  // Two processes may draw one report: each has a file of its own aside.
  const aside = `${file}.${process.pid}.part`
  yield* Effect.scoped(Effect.gen(function*() {
    const handle = yield* openAside(aside)
    yield* handle.writeAll(bytes)
    yield* handle.sync
  })).pipe(
    Effect.andThen(fs.rename(aside, file)),
    Effect.tapError(() => Effect.ignore(fs.remove(aside))),
    // What Node.js has begun goes on, whoever stops waiting: the file aside would stay.
    Effect.uninterruptible
  )
})

/**
 * Makes a directory, and those that it is in, where they are not there yet.
 *
 * One after the other: where the system says that a directory's own parent is missing though it is there, as below
 * /proc, `recursive` of Node.js asks again for ever.
 *
 * @internal
 */
export const makeDirectory = Effect.fnUntraced(function*(
  directory: string
): Effect.fn.Return<void, PlatformError.PlatformError, FileSystem.FileSystem | Path.Path> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const missing: Array<string> = []
  for (let at = path.resolve(directory); !(yield* fs.exists(at)) && path.dirname(at) !== at; at = path.dirname(at)) {
    missing.unshift(at)
  }
  // Each is there already, or becomes so meanwhile, where several processes make it.
  const make = (one: string) =>
    Effect.catchIf(
      fs.makeDirectory(one),
      (error) => error.reason._tag === "AlreadyExists",
      (error) => Effect.flatMap(fs.stat(one), ({ type }) => type === "Directory" ? Effect.void : Effect.fail(error))
    )
  yield* Effect.forEach(missing.length === 0 ? [directory] : missing, make, { discard: true })
})

/**
 * The bytes of a file; none where there is no such file.
 *
 * @internal
 */
export const read = Effect.fnUntraced(function*(
  file: string
): Effect.fn.Return<Option.Option<Uint8Array>, PlatformError.PlatformError, FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  return yield* Effect.catchIf(
    Effect.asSome(fs.readFile(file)),
    (error) => error.reason._tag === "NotFound",
    () => Effect.succeedNone
  )
})

const says = (codes: RegExp, error: PlatformError.PlatformError): boolean =>
  codes.test(`${error.message} ${String((error.reason as { readonly cause?: unknown }).cause ?? "")}`)

/**
 * Whether a file could not be written because the disk is full, or what of it is ours.
 *
 * @internal
 */
export const isDiskFull = (error: PlatformError.PlatformError): boolean => says(/ENOSPC|EDQUOT/, error)

/** Why nothing could be written, by the system's code for it. */
const reasons: ReadonlyArray<readonly [code: RegExp, reason: string]> = [
  [/ENOSPC|EDQUOT/, "the disk is full"],
  [/EROFS/, "its file system is read-only"],
  [/EACCES|EPERM/, "you may not write there"],
  [/EEXIST|ENOTDIR/, "there is a file in the place of a directory"],
  [/ENOENT/, "the directory that it belongs to is not there, or no longer"]
]

/**
 * Why a file or directory could not be written, in words.
 *
 * @internal
 */
export const inWords = (error: PlatformError.PlatformError): string =>
  reasons.find(([code]) => says(code, error))?.[1] ?? error.message

/**
 * Whether nothing can be written where this happened, whatever was asked for: the disk is full, or takes nothing at
 * all.
 *
 * @internal
 */
export const takesNothing = (error: PlatformError.PlatformError): boolean => says(/ENOSPC|EDQUOT|EROFS/, error)

/**
 * Whether a name is that of a file aside of one of these, as `write` names them: by its full name, so that nobody
 * else's is touched.
 *
 * @internal
 */
export const isAside = (name: string, files: ReadonlyArray<string>): boolean => {
  const [, file] = /^(.+)\.\d+\.part$/.exec(name) ?? []
  return file !== undefined && files.includes(file)
}

/**
 * Whether a path itself is a symbolic link.
 *
 * @internal
 */
export const isLink = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* Effect.match(fs.readLink(path), { onFailure: () => false, onSuccess: () => true })
})
