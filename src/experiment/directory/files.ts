/** Whole files of the directory of an experiment: what it is, how trials failed, and how such files are written. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as WholeFile from "../../data/WholeFile.ts"
import * as ownFiles from "../../training/run/ownFiles.ts"
import * as RunDirectory from "../../training/RunDirectory.ts"
import * as RunFiles from "../../training/RunFiles.ts"
import type { StoredExperiment } from "../differences.ts"
import * as ExperimentFiles from "../ExperimentFiles.ts"

/** How a trial failed, by the name of its error; `failures.json` holds those of all trials. */
export interface Failure {
  readonly error: string
  readonly reason: string
  /** Where nothing could be written. */
  readonly isDisk?: boolean
}

/** Failures by the trial. */
export type Failures = Readonly<Record<string, Failure>>

/** Files that are written whole, by their full names: nothing else aside is ours. */
export const wholeFiles = [
  "experiment.json",
  "failures.json",
  "results.json",
  "table.md",
  "manifests.jsonl",
  "manifests.jsonl.gz",
  "report.html"
]

/**
 * Where an experiment is kept, unless something else is said.
 */
export const usual = ({ experiment: { name }, shard, smoke }: StoredExperiment): string =>
  `runs/${name}${smoke ? "-smoke" : ""}${shard === undefined ? "" : `-${shard.index}-of-${shard.count}`}`

const decodeStored = RunFiles.decode(ExperimentFiles.StoredExperiment, "experiment")
const decodeFailures = RunFiles.decode(ExperimentFiles.Failures, "list of failures")

/** What to do about a damaged file that cannot be made again. */
export const anew = "Restore it, or run the experiment anew in another directory with --output."

/** Writes a file, whole or not at all. */
export const writeFile = Effect.fnUntraced(function*(directory: string, name: string, content: string | Uint8Array) {
  const path = yield* Path.Path
  const target = path.join(directory, name)
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content
  yield* Effect.mapError(WholeFile.write(target, bytes), RunDirectory.unwritten(target))
})

/** Writes a value as JSON. */
export const writeJson = (directory: string, name: string, value: unknown) =>
  writeFile(directory, name, `${RunFiles.toJson(value, 2)}\n`)

/** Names in a directory; none where it is not there. */
export const entries = Effect.fnUntraced(function*(directory: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* fs.readDirectory(directory).pipe(
    Effect.catchIf(({ reason }) => reason._tag === "NotFound", () => Effect.succeed<Array<string>>([])),
    Effect.mapError(RunDirectory.unread(directory))
  )
})

/**
 * The experiment whose trials a directory holds.
 */
export const stored = (directory: string) =>
  Effect.map(
    ownFiles.readOwn(directory, "experiment.json", decodeStored, anew),
    (found) => found as Option.Option<StoredExperiment>
  )

/**
 * The failures that a directory records.
 */
export const failures = (directory: string) =>
  Effect.map(
    ownFiles.readOwn(
      directory,
      "failures.json",
      decodeFailures,
      "Restore it, or delete it: trials that failed are then tried again."
    ),
    (found): Failures => Option.getOrElse(found, () => ({}))
  )

/**
 * Records them.
 */
export const writeFailures = (directory: string, all: Failures) => writeJson(directory, "failures.json", all)

/**
 * Whether a directory holds trials.
 */
export const hasTrials = Effect.fnUntraced(function*(directory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  return yield* Effect.mapError(fs.exists(path.join(directory, "trials")), RunDirectory.unread(directory))
})

/** Why the directory of a trial was put aside. */
type Aside = "diverged" | "replaced"

/**
 * Whether a directory below that of a cell is no trial's: one that was put aside, or that has not arrived yet.
 */
export const isBeside = (id: string): boolean => /\.((diverged|replaced)\.\d+|arriving)$/.test(id)

/**
 * Puts the directory of a trial aside, whole, under a name that no trial has: what it holds may be more than ours.
 */
export const setAside = Effect.fnUntraced(function*(trial: string, why: Aside = "diverged") {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const [parent, start] = [path.dirname(trial), `${path.basename(trial)}.${why}.`]
  const numbers = (yield* entries(parent)).flatMap((other) =>
    other.startsWith(start) ? [Number(other.slice(start.length)) || 0] : []
  )
  const aside = path.join(parent, `${start}${1 + Math.max(0, ...numbers)}`)
  yield* fs.rename(trial, aside).pipe(
    Effect.catchIf((error) => error.reason._tag === "NotFound", () => Effect.void),
    Effect.mapError(RunDirectory.unwritten(trial))
  )
})
