import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Stream from "effect/Stream"
import type { LayerSpectrum } from "../network/NetworkSpectra.ts"
import * as RunDirectory from "../training/RunDirectory.ts"
import type { EpochDone, Event } from "../training/Trainer.ts"
import { failing, ReportError } from "./ReportError.ts"
import * as Steps from "./Steps.ts"

/** What a run left in its directory; a run that was killed or diverged left less. */
export interface Recorded {
  readonly epochs: ReadonlyArray<EpochDone>
  readonly steps: Steps.Steps
  /** At the end; empty where it never came. */
  readonly spectra: ReadonlyArray<LayerSpectrum>
}

/**
 * A file of a directory; none where it is missing.
 *
 * @internal
 */
export const readJson = Effect.fnUntraced(function*(directory: string, name: string) {
  const path = yield* Path.Path
  const file = path.join(directory, name)
  return yield* RunDirectory.readJson(
    file,
    failing(file),
    (reason) => new ReportError({ path: file, reason: `it is not JSON (${reason})` })
  )
})

/** Tells every event of a run that can be read; the last line of one that was killed may be cut off. Never holds more than a few of them. */
const readEvents = Effect.fnUntraced(function*(directory: string, tell: (event: Event) => void) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = path.join(directory, "events.jsonl")
  const parse = (line: string): Event | undefined => {
    try {
      return RunDirectory.fromJson(line) as Event
    } catch {
      return undefined
    }
  }
  yield* fs.stream(file).pipe(
    Stream.decodeText,
    Stream.splitLines,
    Stream.runForEachArray((lines) =>
      Effect.sync(() => {
        for (const line of lines) {
          const event = parse(line)
          if (event !== undefined) tell(event)
        }
      })
    ),
    Effect.catchIf((error) => error.reason._tag === "NotFound", () => Effect.void),
    Effect.mapError(failing(file))
  )
})

/**
 * What a run recorded, as far as it got.
 *
 * @internal
 */
export const read = Effect.fnUntraced(function*(directory: string) {
  const epochs: Array<EpochDone> = []
  const collected = Steps.collector()
  yield* readEvents(directory, (event) => {
    if (event._tag === "EpochDone") epochs.push(event)
    if (event._tag === "StepDone") collected.add(event)
  })
  const spectra = yield* readJson(directory, "spectra.json")
  const recorded: Recorded = {
    epochs,
    steps: collected.steps(),
    spectra: Option.getOrElse(spectra, () => []) as ReadonlyArray<LayerSpectrum>
  }
  return recorded
})

/** Reads what a run recorded. */
export type Read = typeof read

/** When files were written last, and how large they are. */
const stampOf = Effect.fnUntraced(function*(directory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const stats = yield* Effect.forEach(
    ["events.jsonl", "spectra.json"],
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
export const remembering = (): Read => {
  const known = new Map<string, { readonly stamp: string; readonly recorded: Recorded }>()
  return Effect.fnUntraced(function*(directory) {
    const stamp = yield* stampOf(directory)
    const earlier = known.get(directory)
    if (earlier?.stamp === stamp) return earlier.recorded
    const recorded = yield* read(directory)
    known.set(directory, { stamp, recorded })
    return recorded
  })
}
