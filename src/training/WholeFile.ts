import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type * as Option from "effect/Option"
import type * as PlatformError from "effect/PlatformError"

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
    const handle = yield* fs.open(aside, { flag: "w" })
    yield* handle.writeAll(bytes)
    yield* handle.sync
  })).pipe(
    Effect.andThen(fs.rename(aside, file)),
    Effect.tapError(() => Effect.ignore(fs.remove(aside)))
  )
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

/**
 * Whether nothing can be written where this happened, whatever was asked for: the disk is full, or takes nothing at all.
 *
 * @internal
 */
export const takesNothing = (error: PlatformError.PlatformError): boolean => says(/ENOSPC|EDQUOT|EROFS/, error)
