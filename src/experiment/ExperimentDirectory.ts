import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Result from "effect/Result"
import * as Struct from "effect/Struct"
import * as RunDirectory from "../training/RunDirectory.ts"
import * as RunFiles from "../training/RunFiles.ts"
import * as RunLock from "../training/RunLock.ts"
import * as WholeFile from "../training/WholeFile.ts"
import * as collect from "./collect.ts"
import { differences, type StoredExperiment } from "./differences.ts"
import * as Experiment from "./Experiment.ts"
import * as ExperimentFiles from "./ExperimentFiles.ts"
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

/** Files that are written whole, by their full names: nothing else aside is ours. */
const wholeFiles = [
  "experiment.json",
  "failures.json",
  "results.json",
  "table.md",
  "manifests.jsonl",
  "manifests.jsonl.gz",
  "report.html"
]

const decodeStored = RunFiles.decode(ExperimentFiles.StoredExperiment, "experiment")
const decodeFailures = RunFiles.decode(ExperimentFiles.Failures, "list of failures")
const decodeResults = RunFiles.decode(ExperimentFiles.Results, "results")
const decodeTrial = RunFiles.decode(ExperimentFiles.TrialManifest, "manifest")
const decodeSummary = RunFiles.decode(RunFiles.Summary, "summary")

const anew = "Restore it, or run the experiment anew in another directory with --output."

const writeFile = Effect.fnUntraced(function*(directory: string, name: string, content: string | Uint8Array) {
  const path = yield* Path.Path
  const target = path.join(directory, name)
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content
  yield* Effect.mapError(WholeFile.write(target, bytes), RunDirectory.unwritten(target))
})

const writeJson = (directory: string, name: string, value: unknown) =>
  writeFile(directory, name, `${RunDirectory.toJson(value, 2)}\n`)

/**
 * What became of the trial itself, in one word; all other failures are named: `DatasetMissing` is
 * `failed (dataset missing)`.
 */
const ownWords: ReadonlyMap<string, string> = new Map([["Diverged", "diverged"], ["Crashed", "crashed"]])

const inWords = ({ error, isDisk = false }: Failure): string =>
  isDisk
    ? "failed (disk)"
    : ownWords.get(error) ??
      `failed (${error.replace(/Error$/, "").replaceAll(/([a-z])([A-Z])/g, "$1 $2").toLowerCase()})`

const nothing: collect.TrialRecord = {
  status: "not run",
  reason: undefined,
  summary: undefined,
  environment: undefined,
  report: undefined
}

/**
 * What became of one trial; one whose files are damaged is a failure of its own, and no reason to leave the others out.
 */
const find = Effect.fnUntraced(function*(directory: string, id: string, failure: Failure | undefined) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const own = path.join(directory, "trials", id)
  const manifest = yield* Effect.result(RunDirectory.readOwn(own, "manifest.json", decodeTrial))
  const summary = yield* Effect.result(RunDirectory.readOwn(own, "summary.json", decodeSummary))
  const damaged = Result.isFailure(manifest)
    ? manifest.failure
    : Result.isFailure(summary)
    ? summary.failure
    : undefined
  const there = Result.isSuccess(manifest) ? Option.getOrUndefined(manifest.success) : undefined
  const ended = Result.isSuccess(summary) ? Option.getOrUndefined(summary.success) : undefined
  const report = ["trials", id, "report.html"].join("/")
  // Earlier versions did not look at what the last step did.
  const lost = ended?.status === "completed" && ended.testLoss !== undefined && !Number.isFinite(ended.testLoss)
  const isDone = ended?.status === "completed" && !lost
  const state = (): Pick<collect.TrialRecord, "status" | "reason"> =>
    damaged !== undefined
      ? { status: "damaged", reason: damaged.message }
      : isDone
      ? { status: "completed", reason: undefined }
      : failure !== undefined
      ? { status: inWords(failure), reason: failure.reason }
      : lost
      ? { status: "diverged", reason: `The test loss after the last step is ${ended.testLoss}.` }
      : there === undefined
      ? { status: "not run", reason: undefined }
      : { status: ended?.status ?? "killed", reason: ended?.status === "failed" ? ended.reason : undefined }
  const isRunning = yield* RunLock.isHeld(path.join(own, "run.lock"))
  return {
    ...(isRunning ? { status: "running", reason: undefined } : state()),
    summary: isDone ? Struct.omit(ended, ["output"]) : undefined,
    environment: there === undefined ? undefined : provenance.environmentOf(there),
    report: (yield* Effect.orElseSucceed(fs.exists(path.join(directory, report)), () => false)) ? report : undefined
  } satisfies collect.TrialRecord
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
  Effect.map(
    RunDirectory.readOwn(directory, "experiment.json", decodeStored, anew),
    (found) => found as Option.Option<StoredExperiment>
  )

/**
 * The failures that a directory records.
 *
 * @internal
 */
export const failures = (directory: string) =>
  Effect.map(
    RunDirectory.readOwn(
      directory,
      "failures.json",
      decodeFailures,
      "Restore it, or delete it: trials that failed are then tried again."
    ),
    (found): Failures => Option.getOrElse(found, () => ({}))
  )

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
const hasEnded = (found: collect.TrialRecord) => found.status === "completed" || Results.hasFailed(found)

/**
 * All cells of an experiment as it was run, whatever part of it is run now.
 *
 * @internal
 */
export const planOf = ({ experiment, smoke }: StoredExperiment) => Experiment.plan(experiment, { smoke })

/**
 * The results of an experiment from the trials in a directory; those that have ended are read once, into `ended`.
 *
 * @internal
 */
export const gather = Effect.fnUntraced(function*(
  directory: string,
  { experiment, smoke }: StoredExperiment,
  plan: ReadonlyArray<Experiment.Cell>,
  failed: Failures,
  ended: Map<string, collect.TrialRecord>
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
 * The results in a directory: from its trials, however many have ended; where those are not there, as they were written
 * down. None where there is no experiment.
 *
 * @internal
 */
export const results = Effect.fnUntraced(function*(directory: string) {
  const fromTrials = yield* collected(directory)
  return Option.isSome(fromTrials)
    ? fromTrials
    : yield* RunDirectory.readOwn(directory, "results.json", decodeResults, anew)
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
      Effect.option(RunDirectory.readWhole(path.join(directory, "trials", id), "manifest.json", decodeTrial)),
      (manifest) =>
        Option.match(Option.flatten(manifest), { onNone: () => [], onSome: (one) => [provenance.line(id, one)] })
    ))
  const { bytes, name, other } = provenance.file(all.flat())
  yield* writeFile(directory, name, bytes)
  const stale = path.join(directory, other)
  yield* Effect.mapError(fs.remove(stale, { force: true }), RunDirectory.unwritten(stale))
})

const plain = (value: StoredExperiment): StoredExperiment => JSON.parse(JSON.stringify(value)) as StoredExperiment

/** What may stand in a directory before there is an experiment in it. */
const isBefore = (name: string): boolean =>
  /^(experiment\.lock(\.taking)?|failures\.json)$/.test(name) || WholeFile.isAside(name, wholeFiles)

/**
 * Refuses a way from a directory down to one below it that leaves it by a link: what lies there is not ours.
 *
 * @internal
 */
export const inside = Effect.fnUntraced(function*(directory: string, below: string) {
  const path = yield* Path.Path
  const parts = path.relative(directory, below).split(path.sep)
  for (const [i] of parts.entries()) {
    const step = path.join(directory, ...parts.slice(0, i + 1))
    if (yield* WholeFile.isLink(step)) {
      return yield* new RunDirectory.RunDirectoryError({
        path: step,
        reason: "it is a link, which is not followed out of the directory",
        remedy: "Put a directory in its place, or choose another one with --output."
      })
    }
  }
})

/**
 * Puts the directory of a trial aside, whole, under a name that no trial has: what it holds may be more than ours.
 *
 * @internal
 */
export const setAside = Effect.fnUntraced(function*(trial: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const [parent, name] = [path.dirname(trial), path.basename(trial)]
  const numbers = (yield* entries(parent)).flatMap((other) =>
    other.startsWith(`${name}.diverged.`) ? [Number(other.slice(`${name}.diverged.`.length)) || 0] : []
  )
  const aside = path.join(parent, `${name}.diverged.${1 + Math.max(0, ...numbers)}`)
  yield* fs.rename(trial, aside).pipe(
    Effect.catchIf((error) => error.reason._tag === "NotFound", () => Effect.void),
    Effect.mapError(RunDirectory.unwritten(trial))
  )
})

const isResult = (name: string) => ["trials", "results.json"].includes(name)

/**
 * Opens a directory for an experiment, for this process alone until the scope ends. What is there already must be the
 * same experiment.
 *
 * Fails with RunDirectoryError where another process is at work on it or it cannot be written, with ExperimentError
 * where it holds trials that are not to be mixed with these.
 *
 * @internal
 */
export const open = Effect.fnUntraced(function*(directory: string, own: StoredExperiment, resume: boolean) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const refuse = (problems: ReadonlyArray<string>) =>
    new Experiment.ExperimentError({ experiment: own.experiment.name, problems: [...problems] })
  if ((yield* entries(directory)).includes("manifest.json")) {
    return yield* refuse([`${directory} holds a training run: choose another directory with --output`])
  }
  // Looked at before anything is written, and again once nobody else can be at work on it.
  const before = yield* entries(directory)
  const foreign = before.filter((name) => !isBefore(name))
  if (foreign.length > 0 && !before.includes("experiment.json") && !before.some(isResult)) {
    return yield* refuse([
      `${directory} is not empty, and what it holds is no experiment: choose another directory with --output`
    ])
  }
  if (before.length > 0) {
    yield* stored(directory)
    yield* failures(directory)
  }
  yield* Effect.mapError(fs.makeDirectory(directory, { recursive: true }), RunDirectory.unwritten(directory))
  yield* RunDirectory.lock(directory, "experiment.lock")
  const held = (yield* entries(directory)).filter((name) => name === "experiment.json" || isResult(name))
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
  yield* inside(directory, trials)
  yield* RunDirectory.tidy(directory, wholeFiles)
  yield* writeJson(directory, "experiment.json", own)
  yield* Effect.mapError(fs.makeDirectory(trials, { recursive: true }), RunDirectory.unwritten(trials))
  return trials
})
