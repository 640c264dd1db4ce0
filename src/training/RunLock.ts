/** A lock file: one process at a time, and none that outlives its process. */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type * as PlatformError from "effect/PlatformError"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { randomUUID } from "node:crypto"
import { ProcessIdentity, self, stateOf } from "./process.ts"

/**
 * A lock file is a lease: it says which process holds it, which whoever sees that process asks the system; and its
 * holder touches it again and again, which everybody else watches. A moment is never compared with a clock: a touch is
 * a change, whatever it changes to.
 */
const Holder = Schema.Struct({ ...ProcessIdentity.fields, token: Schema.optionalKey(Schema.String) })

const decodeHolder = Schema.decodeUnknownOption(Schema.fromJsonString(Holder))

/** Locks that this process holds, where the system does not tell when a process began. */
const own = new Set<string>()

/** Held by another process: what is known of it. */
export interface Held {
  readonly _tag: "Held"
  readonly by: string
}

/** Held by this process. */
export interface Taken {
  readonly _tag: "Taken"
  /** Whether it still is: another may have taken over from one that stood still. */
  readonly isOurs: Effect.Effect<boolean>
}

/** How a lease is kept and watched. */
export interface LeaseOptions {
  /** It is touched as often; steps longer than this delay the next touch to their end. */
  readonly every?: Duration.Input
  /**
   * One that nobody touched for so many looks, one after every `every`, has lapsed: looks, so that a machine that slept
   * counts one.
   */
  readonly looks?: number
}

const [usually, usualLooks]: [Duration.Input, number] = ["3 seconds", 10]

/** What a watcher compares: content, and the time of the last touch. */
const stampOf = Effect.fnUntraced(function*(file: string) {
  const fs = yield* FileSystem.FileSystem
  const text = yield* fs.readFileString(file)
  const { mtime } = yield* fs.stat(file)
  return { text, stamp: `${Option.getOrUndefined(mtime)?.getTime()} ${text}` }
})

const isGone = (error: PlatformError.PlatformError) => error.reason._tag === "NotFound"
const isThere = (error: PlatformError.PlatformError) => error.reason._tag === "AlreadyExists"

const nameOf = (text: string) =>
  Option.match(decodeHolder(text), {
    onNone: () => "an unknown process",
    onSome: ({ host, pid }) => `process ${pid} on ${host}`
  })

const judge = (text: string): "alive" | "dead" | "out of sight" => {
  const holder = Option.getOrUndefined(decodeHolder(text))
  if (holder === undefined) return "out of sight"
  return holder.token !== undefined && own.has(holder.token) ? "alive" : stateOf(holder)
}

/** What a look at a lock file comes to; watched as long as it takes. */
const look = Effect.fnUntraced(function*(file: string, { every = usually, looks = usualLooks }: LeaseOptions) {
  const first = yield* stampOf(file)
  const seen = judge(first.text)
  if (seen !== "out of sight") return { seen, text: first.text }
  for (let i = 0; i < looks; i++) {
    yield* Effect.sleep(every)
    const next = yield* stampOf(file)
    if (next.stamp !== first.stamp) return { seen: "alive" as const, text: next.text }
  }
  return { seen: "dead" as const, text: first.text }
})

/** A look that whoever waits for it may end, unlike the taking around it. */
type Looking = (file: string) => ReturnType<typeof look>

/** A file that is there with all of its content, or not at all. */
const create = Effect.fnUntraced(function*(file: string, text: string) {
  const fs = yield* FileSystem.FileSystem
  yield* fs.writeFileString(file, text, { flag: "wx" }).pipe(
    // A disk may be full after it has taken the name.
    Effect.tapError((error) => isThere(error) ? Effect.void : Effect.ignore(fs.remove(file)))
  )
})

/** Removes a lock that says this. */
const removeIf = Effect.fnUntraced(function*(file: string, text: string) {
  const fs = yield* FileSystem.FileSystem
  if ((yield* fs.readFileString(file)) === text) yield* fs.remove(file)
}, (removing) => Effect.ignore(removing))

/** Tries so often where others take, release or take over at the same moment. */
const attempts = 50
const aMoment: Duration.Input = "20 millis"

/**
 * Removes a lock whose holder is dead. Of several that find it so one does, the one that holds the guard; the others
 * look again.
 */
const takeOver = Effect.fnUntraced(function*(file: string, text: string, mine: string, looking: Looking) {
  const guard = `${file}.taking`
  yield* Effect.acquireUseRelease(
    create(guard, mine),
    () => removeIf(file, text),
    () => removeIf(guard, mine)
  ).pipe(
    Effect.catchIf(
      isThere,
      () =>
        Effect.flatMap(
          looking(guard),
          (found) => found.seen === "dead" ? removeIf(guard, found.text) : Effect.sleep(aMoment)
        )
    ),
    Effect.catchIf(isGone, () => Effect.void)
  )
})

const take = Effect.fnUntraced(function*(
  file: string,
  mine: string,
  looking: Looking
): Effect.fn.Return<Option.Option<Held>, PlatformError.PlatformError, FileSystem.FileSystem> {
  for (let i = 0; i < attempts; i++) {
    const taken = yield* create(file, mine).pipe(
      Effect.as(true),
      Effect.catchIf(isThere, () => Effect.succeed(false))
    )
    if (taken) return Option.none()
    const found = yield* looking(file).pipe(Effect.asSome, Effect.catchIf(isGone, () => Effect.succeedNone))
    if (Option.isNone(found)) yield* Effect.sleep(aMoment)
    else if (found.value.seen === "alive") return Option.some({ _tag: "Held", by: nameOf(found.value.text) })
    else yield* takeOver(file, found.value.text, mine, looking)
  }
  return Option.some({ _tag: "Held", by: "another process that began at the same moment" })
})

/** Touches a lock now and then, as long as it is ours. */
const renew = Effect.fnUntraced(function*(file: string, mine: string, { every = usually }: LeaseOptions) {
  const fs = yield* FileSystem.FileSystem
  const touch = Effect.gen(function*() {
    if ((yield* fs.readFileString(file)) !== mine) return
    const now = new Date()
    yield* fs.utimes(file, now, now)
  })
  yield* Effect.repeat(Effect.ignore(touch), Schedule.spaced(every))
})

/**
 * Takes a lock file until the scope ends; one whose process is dead, or has given no sign of life for long, is taken
 * over.
 *
 * Succeeds with who holds it where that is another process.
 *
 * @internal
 */
export const acquire = Effect.fnUntraced(function*(
  file: string,
  options: LeaseOptions = {}
): Effect.fn.Return<Held | Taken, PlatformError.PlatformError, FileSystem.FileSystem | Scope.Scope> {
  const fs = yield* FileSystem.FileSystem
  const token = randomUUID()
  const mine = JSON.stringify({ ...self(), token })
  // Interrupted between the file and the promise to remove it, a process would leave it behind.
  const held = yield* Effect.uninterruptibleMask((restore) =>
    Effect.acquireRelease(
      Effect.tap(
        take(file, mine, (watched) => restore(look(watched, options))),
        (held) => Effect.sync(() => Option.isNone(held) ? own.add(token) : own)
      ),
      (held) =>
        Option.isNone(held)
          ? Effect.andThen(removeIf(file, mine), Effect.sync(() => own.delete(token)))
          : Effect.void
    )
  )
  if (Option.isSome(held)) return held.value
  yield* Effect.forkScoped(renew(file, mine, options))
  // Whoever deletes the lock of a run that is at work wants it gone, not somebody else in its place: it is put there
  // again.
  const isOurs = Effect.catchIf(
    Effect.map(fs.readFileString(file), (text) => text === mine),
    isGone,
    () => Effect.catchIf(Effect.as(create(file, mine), true), isThere, () => Effect.succeed(false))
  )
  return {
    _tag: "Taken",
    isOurs: Effect.orElseSucceed(isOurs, () => true).pipe(Effect.provideService(FileSystem.FileSystem, fs))
  }
})

/**
 * Of another machine's holder whoever only wants to know believes what is younger than this, whatever the difference of
 * clocks.
 */
const recent = 60_000

/**
 * Whether a process holds a lock file, as far as one look tells.
 *
 * @internal
 */
export const isHeld = Effect.fnUntraced(function*(file: string) {
  const found = yield* Effect.option(stampOf(file))
  if (Option.isNone(found)) return false
  const seen = judge(found.value.text)
  if (seen !== "out of sight") return seen === "alive"
  return Math.abs(Date.now() - Number(found.value.stamp.split(" ")[0])) < recent
})
