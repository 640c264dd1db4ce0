import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import type { LayerSpectrum } from "../NetworkSpectra.ts"
import * as RunDirectory from "../RunDirectory.ts"
import type { EpochDone, Event, StepDone } from "../Trainer.ts"
import { failing, ReportError } from "./ReportError.ts"

/** What a run left in its directory; a run that was killed or diverged left less. */
export interface Recorded {
  readonly epochs: ReadonlyArray<EpochDone>
  readonly steps: ReadonlyArray<StepDone>
  /** At the end; empty where it never came. */
  readonly spectra: ReadonlyArray<LayerSpectrum>
}

const readText = Effect.fnUntraced(function*(file: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* Effect.asSome(fs.readFileString(file)).pipe(
    Effect.catchIf((error) => error.reason._tag === "NotFound", () => Effect.succeedNone),
    Effect.mapError(failing(file))
  )
})

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

/** The events of a run that can be read; the last line of one that was killed may be cut off. */
const readEvents = Effect.fnUntraced(function*(directory: string) {
  const path = yield* Path.Path
  const text = Option.getOrElse(yield* readText(path.join(directory, "events.jsonl")), () => "")
  return text.split("\n").flatMap((line): ReadonlyArray<Event> => {
    try {
      return line === "" ? [] : [RunDirectory.fromJson(line) as Event]
    } catch {
      return []
    }
  })
})

/**
 * What a run recorded, as far as it got.
 *
 * @internal
 */
export const read = Effect.fnUntraced(function*(directory: string) {
  const events = yield* readEvents(directory)
  const spectra = yield* readJson(directory, "spectra.json")
  const recorded: Recorded = {
    epochs: events.filter((event) => event._tag === "EpochDone"),
    steps: events.filter((event) => event._tag === "StepDone"),
    spectra: Option.getOrElse(spectra, () => []) as ReadonlyArray<LayerSpectrum>
  }
  return recorded
})
