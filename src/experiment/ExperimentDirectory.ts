import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Struct from "effect/Struct"
import type * as Job from "../training/Job.ts"
import * as RunDirectory from "../training/RunDirectory.ts"
import * as RunLock from "../training/RunLock.ts"
import * as WholeFile from "../training/WholeFile.ts"
import * as collect from "./collect.ts"
import { differences, type Stored } from "./differences.ts"
import * as Experiment from "./Experiment.ts"
import * as provenance from "./provenance.ts"
import * as Results from "./Results.ts"

/** How a trial failed, by the name of its error; `failures.json` holds those of all trials. */
export interface Failure {
  readonly error: string
  readonly reason: string
  /** Where nothing could be written. */
  readonly isDisk?: boolean
}

/** Failures by the trial. */
export type Failures = Readonly<Record<string, Failure>>

/** A file of JSON that may be missing. */
const readJson = Effect.fnUntraced(function*(directory: string, name: string) {
  const path = yield* Path.Path
  const file = path.join(directory, name)
  return yield* RunDirectory.readJson(file, RunDirectory.unread(file), (reason) =>
    new RunDirectory.RunDirectoryError({
      path: file,
      reason: `it is not JSON (${reason})`,
      remedy: "Restore it, or run the experiment anew in another directory with --output."
    }))
})

const writeFile = Effect.fnUntraced(function*(directory: string, name: string, content: string | Uint8Array) {
  const path = yield* Path.Path
  const target = path.join(directory, name)
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content
  yield* Effect.mapError(WholeFile.write(target, bytes), RunDirectory.unwritten(target))
})

const writeJson = (directory: string, name: string, value: unknown) =>
  writeFile(directory, name, `${RunDirectory.toJson(value, 2)}\n`)

/** What became of the trial itself, in one word; all other failures are named: `DatasetMissing` is `failed (dataset missing)`. */
const ownWords: ReadonlyMap<string, string> = new Map([["Diverged", "diverged"], ["Crashed", "crashed"]])

const inWords = ({ error, isDisk = false }: Failure): string =>
  isDisk
    ? "failed (disk)"
    : ownWords.get(error) ??
      `failed (${error.replace(/Error$/, "").replaceAll(/([a-z])([A-Z])/g, "$1 $2").toLowerCase()})`

const isSummary = (value: unknown): value is Job.Summary =>
  typeof value === "object" && value !== null && "status" in value

const nothing: collect.Found = {
  status: "not run",
  reason: undefined,
  summary: undefined,
  environment: undefined,
  report: undefined
}

/** What became of one trial. */
const find = Effect.fnUntraced(function*(directory: string, id: string, failure: Failure | undefined) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const own = path.join(directory, "trials", id)
  const manifest = Option.getOrUndefined(yield* readJson(own, "manifest.json")) as provenance.Manifest | undefined
  const summary = Option.getOrUndefined(Option.filter(yield* readJson(own, "summary.json"), isSummary))
  const report = ["trials", id, "report.html"].join("/")
  const state = (): Pick<collect.Found, "status" | "reason"> =>
    summary?.status === "completed"
      ? { status: "completed", reason: undefined }
      : failure !== undefined
      ? { status: inWords(failure), reason: failure.reason }
      : manifest === undefined
      ? { status: "not run", reason: undefined }
      : { status: summary?.status ?? "killed", reason: summary?.status === "failed" ? summary.reason : undefined }
  const isRunning = yield* RunLock.isHeld(path.join(own, "run.lock"))
  return {
    ...(isRunning ? { status: "running", reason: undefined } : state()),
    summary: summary?.status === "completed" ? Struct.omit(summary, ["output"]) : undefined,
    environment: manifest === undefined ? undefined : provenance.environmentOf(manifest),
    report: (yield* Effect.orElseSucceed(fs.exists(path.join(directory, report)), () => false)) ? report : undefined
  } satisfies collect.Found
})

const entries = Effect.fnUntraced(function*(directory: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* Effect.orElseSucceed(fs.readDirectory(directory), (): Array<string> => [])
})

/**
 * The experiment whose trials a directory holds.
 *
 * @internal
 */
export const stored = (directory: string) =>
  Effect.map(readJson(directory, "experiment.json"), (found) => found as Option.Option<Stored>)

/**
 * The failures that a directory records.
 *
 * @internal
 */
export const failures = (directory: string) =>
  Effect.map(readJson(directory, "failures.json"), (found) => Option.getOrElse(found, () => ({})) as Failures)

/**
 * Records them.
 *
 * @internal
 */
export const writeFailures = (directory: string, all: Failures) => writeJson(directory, "failures.json", all)

/**
 * Whether a directory holds trials.
 *
 * @internal
 */
export const hasTrials = Effect.fnUntraced(function*(directory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  return yield* Effect.orElseSucceed(fs.exists(path.join(directory, "trials")), () => false)
})

/** Whether there is nothing more to come from a trial, unless it is begun anew. */
const hasEnded = (found: collect.Found) => found.status === "completed" || Results.hasFailed(found)

/**
 * All cells of an experiment as it was run, whatever part of it is run now.
 *
 * @internal
 */
export const planOf = ({ experiment, smoke }: Stored) => Experiment.plan(experiment, { smoke })

/**
 * The results of an experiment from the trials in a directory; those that have ended are read once, into `ended`.
 *
 * @internal
 */
export const gather = Effect.fnUntraced(function*(
  directory: string,
  { experiment, smoke }: Stored,
  plan: ReadonlyArray<Experiment.Cell>,
  failed: Failures,
  ended: Map<string, collect.Found>
) {
  const path = yield* Path.Path
  const names = new Map(
    yield* Effect.forEach(plan, (cell) =>
      Effect.map(
        entries(path.join(directory, "trials", cell.directory)),
        (names) => [cell.directory, names.toSorted()] as const
      ))
  )
  const ids = new Set([
    ...[...names].flatMap(([own, inside]) => inside.map((name) => `${own}/${name}`)),
    ...Object.keys(failed)
  ])
  const trials = new Map(
    yield* Effect.forEach(
      ids,
      Effect.fnUntraced(function*(id) {
        const found = ended.get(id) ?? (yield* find(directory, id, failed[id]))
        if (hasEnded(found)) ended.set(id, found)
        return [id, found] as const
      })
    )
  )
  return collect.results(experiment, smoke, plan, {
    trial: (id) => trials.get(id) ?? nothing,
    seeds: (cell, chosen) => names.get(cell.directory)!.flatMap((name) => Experiment.seedOf(name, chosen) ?? [])
  })
})

/** The results of a directory that holds an experiment and its trials, from those; none where it does not. */
const collected = Effect.fnUntraced(function*(directory: string) {
  const found = yield* stored(directory)
  if (Option.isNone(found) || !(yield* hasTrials(directory))) return Option.none<Results.Results>()
  const plan = yield* planOf(found.value)
  return Option.some(yield* gather(directory, found.value, plan, yield* failures(directory), new Map()))
})

/**
 * The results in a directory: from its trials, however many have ended; where those are not there, as they were written down. None where
 * there is no experiment.
 *
 * @internal
 */
export const results = Effect.fnUntraced(function*(directory: string) {
  const fromTrials = yield* collected(directory)
  return Option.isSome(fromTrials)
    ? fromTrials
    : (yield* readJson(directory, "results.json")) as Option.Option<Results.Results>
})

/**
 * Writes `table.md`, and gives where it is.
 *
 * @internal
 */
export const writeTable = Effect.fnUntraced(function*(directory: string, found: Results.Results) {
  const path = yield* Path.Path
  yield* writeFile(directory, "table.md", Results.markdown(found))
  return path.join(directory, "table.md")
})

/**
 * Writes `results.json` and `table.md`.
 *
 * @internal
 */
export const write = Effect.fnUntraced(function*(directory: string, found: Results.Results) {
  yield* writeJson(directory, "results.json", found)
  yield* writeTable(directory, found)
})

/**
 * Writes the manifests of all trials into one file that can be committed beside the results.
 *
 * @internal
 */
export const writeManifests = Effect.fnUntraced(function*(directory: string, { cells }: Results.Results) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const ids = cells.flatMap(({ candidates, finals }) => [...candidates, ...finals].map(({ id }) => id))
  const all = yield* Effect.forEach(ids, (id) =>
    Effect.map(
      readJson(path.join(directory, "trials", id), "manifest.json"),
      (manifest) => Option.isNone(manifest) ? [] : [provenance.line(id, manifest.value as provenance.Manifest)]
    ))
  const { bytes, name, other } = provenance.file(all.flat())
  yield* writeFile(directory, name, bytes)
  const stale = path.join(directory, other)
  yield* Effect.mapError(fs.remove(stale, { force: true }), RunDirectory.unwritten(stale))
})

const plain = (value: Stored): Stored => JSON.parse(JSON.stringify(value)) as Stored

/**
 * Opens a directory for an experiment, for this process alone until the scope ends. What is there already must be the same experiment.
 *
 * Fails with RunDirectoryError where another process is at work on it or it cannot be written, with ExperimentError where it holds
 * trials that are not to be mixed with these.
 *
 * @internal
 */
export const open = Effect.fnUntraced(function*(directory: string, own: Stored, resume: boolean) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const refuse = (problems: ReadonlyArray<string>) =>
    new Experiment.ExperimentError({ experiment: own.experiment.name, problems: [...problems] })
  if ((yield* entries(directory)).includes("manifest.json")) {
    return yield* refuse([`${directory} holds a training run: choose another directory with --output`])
  }
  yield* Effect.mapError(fs.makeDirectory(directory, { recursive: true }), RunDirectory.unwritten(directory))
  yield* RunDirectory.lock(directory, "experiment.lock")
  const held = (yield* entries(directory)).filter((name) =>
    ["trials", "experiment.json", "results.json"].includes(name)
  )
  if (!resume && held.length > 0) {
    return yield* refuse([
      `${directory} already holds ${
        held.includes("trials") ? "trials" : held.join(" and ")
      }: go on with --resume, or choose another directory with --output`
    ])
  }
  const earlier = yield* stored(directory)
  if (Option.isNone(earlier) && held.length > 0) {
    return yield* refuse([
      `${directory} holds ${
        held.join(" and ")
      }, but no experiment.json that says of which experiment: choose another directory with --output`
    ])
  }
  const different = Option.isNone(earlier) ? [] : differences(earlier.value, plain(own))
  if (different.length > 0) {
    return yield* refuse([
      `${directory} holds trials of another experiment: choose another directory with --output, or undo what differs`,
      ...different
    ])
  }
  const trials = path.join(directory, "trials")
  yield* writeJson(directory, "experiment.json", own)
  yield* Effect.mapError(fs.makeDirectory(trials, { recursive: true }), RunDirectory.unwritten(trials))
  return trials
})
