/** What a run left on disk, read as far as it can be read. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import type * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { counted } from "../choices/counted.ts"
import { atEnd, fileOf } from "../training/measures.ts"
import type { RunEvent } from "../training/Run.ts"
import * as RunFiles from "../training/RunFiles.ts"
import type { EpochDone } from "../training/Trainer.ts"
import { failing, ReportError } from "./ReportError.ts"
import * as Steps from "./Steps.ts"

/** What a run left in its directory; a run that was killed or diverged left less. */
export interface RunRecord {
  readonly epochs: ReadonlyArray<EpochDone>
  readonly steps: Steps.Steps
  /** What was measured at the end, by name; nothing where it never came. */
  readonly ends: Readonly<Record<string, unknown>>
  /**
   * Files, or lines of a file, that are not what they should be, each with what is wrong; the rest goes without them.
   */
  readonly damaged: ReadonlyArray<string>
}

/**
 * A file of a directory by its schema; none where it is missing.
 *
 * @internal
 */
export const readOwn = Effect.fnUntraced(function*<A>(
  directory: string,
  name: string,
  decoding: (value: unknown) => Result.Result<A, string>
) {
  const path = yield* Path.Path
  const file = path.join(directory, name)
  return yield* RunFiles.read(file, decoding, failing(file), (reason) => new ReportError({ path: file, reason }))
})

const decodeEvent = Schema.decodeUnknownOption(RunFiles.LogLine)

/** Events of our own that no figure needs. */
const others: ReadonlySet<unknown> = new Set<RunEvent["_tag"]>(["HardlyMoves", "Resumed"])

const isOther = (value: unknown): boolean =>
  typeof value === "object" && value !== null && "_tag" in value && others.has(value._tag)

const parse = (line: string): unknown => {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

/**
 * Tells every event of a run that can be read, and how many lines cannot; the last line of one that was killed may be
 * cut off. Never holds more than a few of them.
 *
 * @internal
 */
export const readEvents = Effect.fnUntraced(
  function*(directory: string, tell: (event: typeof RunFiles.LogLine.Type) => void) {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const file = path.join(directory, "events.jsonl")
    let [damaged, last] = [0, false]
    yield* fs.stream(file).pipe(
      Stream.decodeText,
      Stream.splitLines,
      Stream.runForEachArray((lines) =>
        Effect.sync(() => {
          for (const line of lines) {
            const value = parse(line)
            const event = decodeEvent(value)
            if (Option.isSome(event)) tell(event.value)
            last = Option.isNone(event) && !isOther(value) && line !== ""
            if (last) damaged++
          }
        })
      ),
      Effect.catchIf((error) => error.reason._tag === "NotFound", () => Effect.void),
      Effect.mapError(failing(file))
    )
    return damaged - (last ? 1 : 0)
  }
)

/**
 * What was measured at the end, by name; the caller says what is to be done about a damaged file.
 *
 * @internal
 */
export const readEnds = Effect.fnUntraced(function*<E>(
  directory: string,
  damaged: (error: ReportError) => Effect.Effect<Option.Option<unknown>, E>
) {
  const all = yield* Effect.forEach(
    Object.entries(atEnd),
    Effect.fnUntraced(function*([name, { schema }]) {
      const file = fileOf(name)
      const found = yield* Effect.catch(readOwn(directory, file, RunFiles.decode(schema, file)), damaged)
      return Option.match(found, { onNone: () => [], onSome: (value) => [[name, value] as const] })
    })
  )
  return Object.fromEntries<unknown>(all.flat())
})

/**
 * What a run recorded, as far as it got, and as far as it can be read.
 */
export const read = Effect.fnUntraced(function*(directory: string) {
  const epochs: Array<EpochDone> = []
  const collected = Steps.collector()
  const damaged: Array<string> = []
  const note = ({ message }: ReportError) => Effect.sync(() => void damaged.push(message))
  const lines = yield* readEvents(directory, (event) => {
    if (event._tag === "EpochDone") epochs.push(event)
    else collected.add(event)
  }).pipe(Effect.catch((error) => Effect.as(note(error), 0)))
  if (lines > 0) damaged.push(`events.jsonl: ${counted(lines, "line is", "lines are")} no event of finegrain`)
  const recorded: RunRecord = {
    epochs,
    steps: collected.steps(),
    ends: yield* readEnds(directory, (error) => Effect.as(note(error), Option.none())),
    damaged
  }
  return recorded
})

/** Reads what a run recorded. */
export type ReadRunRecord = typeof read

/** When files were written last, and how large they are. */
const stampOf = Effect.fnUntraced(function*(directory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const stats = yield* Effect.forEach(
    ["events.jsonl", ...Object.keys(atEnd).map(fileOf)],
    (name) => Effect.option(fs.stat(path.join(directory, name)))
  )
  return stats.map(Option.match({
    onNone: () => "",
    onSome: ({ mtime, size }) => `${Option.getOrElse(mtime, () => new Date(0)).getTime()} ${size}`
  })).join("; ")
})

/**
 * A reader that reads a run again only where its files have changed since.
 *
 * @internal
 */
export const remembering = (): ReadRunRecord => {
  const known = new Map<string, { readonly stamp: string; readonly recorded: RunRecord }>()
  return Effect.fnUntraced(function*(directory) {
    const stamp = yield* stampOf(directory)
    const earlier = known.get(directory)
    if (earlier?.stamp === stamp) return earlier.recorded
    const recorded = yield* read(directory)
    known.set(directory, { stamp, recorded })
    return recorded
  })
}
