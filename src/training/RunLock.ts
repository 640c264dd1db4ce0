import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type * as PlatformError from "effect/PlatformError"
import * as Schema from "effect/Schema"
import { hostname } from "node:os"

/** Who holds a lock. */
const Holder = Schema.Struct({ pid: Schema.Int, host: Schema.String })

const decodeHolder = Schema.decodeUnknownOption(Schema.fromJsonString(Holder))

const isAlive = (pid: number): boolean => {
  try {
    // Signal 0 only asks.
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"
  }
}

/** Held by another process: what is known of it. */
export interface Held {
  readonly _tag: "Held"
  readonly by: string
}

/**
 * Takes a lock file until the scope ends; one whose process no longer runs on this machine is taken over.
 *
 * Succeeds with who holds it where that is another process.
 *
 * @internal
 */
export const acquire = Effect.fnUntraced(function*(file: string) {
  const fs = yield* FileSystem.FileSystem
  const own = JSON.stringify({ pid: process.pid, host: hostname() })
  const take = Effect.as(fs.writeFileString(file, own, { flag: "wx" }), Option.none<Held>())
  const others = (error: PlatformError.PlatformError) =>
    error.reason._tag === "AlreadyExists"
      ? Effect.flatMap(fs.readFileString(file), (text) => {
        const holder = Option.getOrUndefined(decodeHolder(text))
        const isStale = holder !== undefined && holder.host === hostname() && !isAlive(holder.pid)
        // Aside first: of several that find the same stale lock, one can rename it, and what it moved is what it read.
        const aside = `${file}.${process.pid}`
        return isStale
          ? fs.rename(file, aside).pipe(
            Effect.andThen(fs.readFileString(aside)),
            Effect.tap((moved) => moved === text ? fs.remove(aside) : fs.rename(aside, file)),
            Effect.andThen(take)
          )
          : Effect.succeedSome<Held>({
            _tag: "Held",
            by: holder === undefined ? "an unknown process" : `process ${holder.pid} on ${holder.host}`
          })
      })
      : Effect.fail(error)
  return yield* Effect.acquireRelease(
    Effect.catch(take, others),
    (held) => Option.isNone(held) ? Effect.ignore(fs.remove(file)) : Effect.void
  )
})

/**
 * Whether a process of this machine that still runs, or one of another machine, holds a lock file.
 *
 * @internal
 */
export const isHeld = Effect.fnUntraced(function*(file: string) {
  const fs = yield* FileSystem.FileSystem
  const text = yield* Effect.orElseSucceed(fs.readFileString(file), () => "")
  const holder = Option.getOrUndefined(decodeHolder(text))
  return holder !== undefined && (holder.host !== hostname() || isAlive(holder.pid))
})
