/** Every event of a run that can be read, and what else its directory tells of it. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as RunFiles from "../../training/RunFiles.ts"
import type { EpochDone, StepDone } from "../../training/TrainingEvent.ts"
import * as RunRecord from "../RunRecord.ts"

/** A run as far as it got. */
export interface LoggedRun {
  /** When it began, in seconds since 1970; 0 where the system does not tell. */
  readonly began: number
  readonly config: Readonly<Record<string, unknown>>
  readonly summary: RunFiles.Summary | undefined
  readonly steps: ReadonlyArray<StepDone>
  readonly epochs: ReadonlyArray<EpochDone>
  /** What was measured at the end, by name. */
  readonly ends: RunRecord.RunRecord["ends"]
}

/** Reads a run; none where the directory has no manifest. Fails with ReportError where a file of it is damaged. */
export const read = Effect.fnUntraced(function*(directory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const manifest = yield* RunRecord.readOwn(directory, "manifest.json", RunFiles.decodeManifest)
  if (Option.isNone(manifest)) return Option.none<LoggedRun>()
  const info = yield* Effect.option(fs.stat(path.join(directory, "manifest.json")))
  const steps: Array<StepDone> = []
  const epochs: Array<EpochDone> = []
  yield* RunRecord.readEvents(directory, (event) => {
    if (event._tag === "EpochDone") epochs.push(event)
    else steps.push(event)
  })
  const run: LoggedRun = {
    began: Option.match(Option.flatMap(info, ({ mtime }) => mtime), { onNone: () => 0, onSome: Number }) / 1000,
    config: manifest.value.config,
    summary: Option.getOrUndefined(yield* RunRecord.readOwn(directory, "summary.json", RunFiles.decodeSummary)),
    steps,
    epochs,
    ends: yield* RunRecord.readEnds(directory, Effect.fail)
  }
  return Option.some(run)
})
