/** What became of the trials in the directory of an experiment, and its results from them. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Result from "effect/Result"
import * as Struct from "effect/Struct"
import * as ownFiles from "../../training/run/ownFiles.ts"
import * as RunFiles from "../../training/RunFiles.ts"
import * as RunLock from "../../training/RunLock.ts"
import { seedOf } from "../cells.ts"
import * as collect from "../collect.ts"
import type { StoredExperiment } from "../differences.ts"
import * as Experiment from "../Experiment.ts"
import * as ExperimentFiles from "../ExperimentFiles.ts"
import * as provenance from "../provenance.ts"
import * as Results from "../Results.ts"
import { anew, entries, type Failure, type Failures, failures, hasTrials, stored } from "./files.ts"

const decodeResults = RunFiles.decode(ExperimentFiles.Results, "results")
/** `manifest.json` of a trial. */
export const decodeTrial = RunFiles.decode(ExperimentFiles.TrialManifest, "manifest")

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
  const manifest = yield* Effect.result(ownFiles.readOwn(own, "manifest.json", decodeTrial))
  const summary = yield* Effect.result(ownFiles.readOwn(own, "summary.json", RunFiles.decodeSummary))
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

/** Whether there is nothing more to come from a trial, unless it is begun anew. */
const hasEnded = (found: collect.TrialRecord) => found.status === "completed" || Results.hasFailed(found)

/**
 * All cells of an experiment as it was run, whatever part of it is run now.
 */
export const planOf = ({ experiment, smoke }: StoredExperiment) => Experiment.plan(experiment, { smoke })

/**
 * What is on disk below the cells of a plan, and what became of it; trials that have ended are read once, into `ended`.
 */
export const records = Effect.fnUntraced(function*(
  directory: string,
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
  return { names, trials }
})

/**
 * The results of an experiment from the trials in a directory; those that have ended are read once, into `ended`.
 */
export const gather = Effect.fnUntraced(function*(
  directory: string,
  { experiment, smoke }: StoredExperiment,
  plan: ReadonlyArray<Experiment.Cell>,
  failed: Failures,
  ended: Map<string, collect.TrialRecord>
) {
  const { names, trials } = yield* records(directory, plan, failed, ended)
  return collect.results(experiment, smoke, plan, {
    trial: (id) => trials.get(id) ?? nothing,
    seeds: (cell, chosen) => names.get(cell.directory)!.flatMap((name) => seedOf(name, chosen) ?? [])
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
 */
export const results = Effect.fnUntraced(function*(directory: string) {
  const fromTrials = yield* collected(directory)
  return Option.isSome(fromTrials)
    ? fromTrials
    : yield* ownFiles.readOwn(directory, "results.json", decodeResults, anew)
})
