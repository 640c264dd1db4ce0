/** The directory of an experiment: opened for one process, and written as its trials end. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as WholeFile from "../data/WholeFile.ts"
import * as ownFiles from "../training/run/ownFiles.ts"
import * as RunDirectory from "../training/RunDirectory.ts"
import { differences, type StoredExperiment } from "./differences.ts"
import { entries, failures, stored, wholeFiles, writeFile, writeJson } from "./directory/files.ts"
import { decodeTrial } from "./directory/trials.ts"
import * as Experiment from "./Experiment.ts"
import * as provenance from "./provenance.ts"
import * as Results from "./Results.ts"

export {
  type Failure,
  type Failures,
  failures,
  hasTrials,
  setAside,
  stored,
  usual,
  writeFailures
} from "./directory/files.ts"
export { merge } from "./directory/merge.ts"
export { gather, planOf, results } from "./directory/trials.ts"

/**
 * Writes `table.md`, and gives where it is.
 */
export const writeTable = Effect.fnUntraced(function*(directory: string, found: Results.Results) {
  const path = yield* Path.Path
  yield* writeFile(directory, "table.md", Results.markdown(found))
  return path.join(directory, "table.md")
})

/**
 * Writes `results.json` and `table.md`.
 */
export const write = Effect.fnUntraced(function*(directory: string, found: Results.Results) {
  yield* writeJson(directory, "results.json", found)
  yield* writeTable(directory, found)
})

/**
 * Writes the manifests of all trials, those that can be read, into one file that can be committed beside the results.
 */
export const writeManifests = Effect.fnUntraced(function*(directory: string, { cells }: Results.Results) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const ids = cells.flatMap(({ candidates, finals }) => [...candidates, ...finals].map(({ id }) => id))
  const all = yield* Effect.forEach(ids, (id) =>
    Effect.map(
      Effect.option(ownFiles.readWhole(path.join(directory, "trials", id), "manifest.json", decodeTrial)),
      (manifest) =>
        Option.match(Option.flatten(manifest), { onNone: () => [], onSome: (one) => [provenance.line(id, one)] })
    ))
  const { bytes, name, other } = provenance.file(all.flat())
  yield* writeFile(directory, name, bytes)
  const stale = path.join(directory, other)
  yield* Effect.mapError(fs.remove(stale, { force: true }), RunDirectory.unwritten(stale))
})

/**
 * Refuses a way from a directory down to one below it that leaves it by a link: what lies there is not ours.
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

const plain = (value: StoredExperiment): StoredExperiment => JSON.parse(JSON.stringify(value)) as StoredExperiment

/** What may stand in a directory before there is an experiment in it. */
const isBefore = (name: string): boolean =>
  /^(experiment\.lock(\.taking)?|failures\.json)$/.test(name) || WholeFile.isAside(name, wholeFiles)

const isResult = (name: string) => ["trials", "results.json"].includes(name)

const refuse = ({ experiment: { name } }: StoredExperiment, ...problems: ReadonlyArray<string>) =>
  new Experiment.ExperimentError({ experiment: name, problems: [...problems] })

/** Why a directory of these names is not for an experiment. */
const refusedBefore = (directory: string, names: ReadonlyArray<string>): string | undefined => {
  if (names.includes("manifest.json")) {
    return `${directory} holds a training run: choose another directory with --output`
  }
  const isForeign = names.some((name) => !isBefore(name)) && !names.includes("experiment.json") && !names.some(isResult)
  return isForeign
    ? `${directory} is not empty, and what it holds is no experiment: choose another directory with --output`
    : undefined
}

/** Refuses a directory whose trials are not to be mixed with those of an experiment. */
const sameExperiment = Effect.fnUntraced(function*(directory: string, own: StoredExperiment, resume: boolean) {
  const held = (yield* entries(directory)).filter((name) => name === "experiment.json" || isResult(name))
  if (!resume && held.length > 0) {
    const what = held.includes("trials") ? "trials" : held.join(" and ")
    const remedy = "go on with --resume, or choose another directory with --output"
    return yield* refuse(own, `${directory} already holds ${what}: ${remedy}`)
  }
  const earlier = yield* stored(directory)
  if (Option.isNone(earlier) && held.length > 0) {
    const lacks = "but no experiment.json that says of which experiment: choose another directory with --output"
    return yield* refuse(own, `${directory} holds ${held.join(" and ")}, ${lacks}`)
  }
  const different = Option.isNone(earlier) ? [] : differences(earlier.value, plain(own))
  if (different.length > 0) {
    return yield* refuse(
      own,
      `${directory} holds trials of another experiment: choose another directory with --output, or undo what differs`,
      ...different
    )
  }
})

/** What is written while an experiment runs, and follows from its trials. */
const drawn: ReadonlySet<string> = new Set([...wholeFiles, "figures", "trials"])

/**
 * Removes what this process wrote into a directory in which there was no experiment, where nothing has come of it: the
 * next try finds it as the first one did. Anything else that lies there, as what Slurm was told, is something.
 */
const takenBack = Effect.fnUntraced(function*(directory: string, isNew: boolean) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const names = (yield* entries(directory)).filter((name) => !isBefore(name))
  const trials = yield* entries(path.join(directory, "trials"))
  if (!isNew || trials.length > 0 || !names.every((name) => drawn.has(name))) return
  yield* Effect.forEach(
    names,
    (name) => Effect.ignore(fs.remove(path.join(directory, name), { recursive: true, force: true })),
    { discard: true }
  )
})

/**
 * Opens a directory for an experiment, for this process alone until the scope ends; gives where its trials are, and
 * what undoes it as long as nothing has come of it. What is there already must be the same experiment.
 *
 * Fails with RunDirectoryError where another process is at work on it or it cannot be written, with ExperimentError
 * where it holds trials that are not to be mixed with these.
 */
export const open = Effect.fnUntraced(function*(directory: string, own: StoredExperiment, resume: boolean) {
  const path = yield* Path.Path
  // Looked at before anything is written, and again once nobody else can be at work on it.
  const before = yield* entries(directory)
  const foreign = refusedBefore(directory, before)
  if (foreign !== undefined) return yield* refuse(own, foreign)
  if (before.length > 0) {
    yield* stored(directory)
    yield* failures(directory)
  }
  yield* Effect.mapError(WholeFile.makeDirectory(directory), RunDirectory.unwritten(directory))
  yield* ownFiles.lock(directory, "experiment.lock")
  yield* sameExperiment(directory, own, resume)
  const isNew = (yield* entries(directory)).every(isBefore)
  const trials = path.join(directory, "trials")
  yield* inside(directory, trials)
  yield* ownFiles.tidy(directory, wholeFiles)
  yield* writeJson(directory, "experiment.json", own)
  yield* Effect.mapError(WholeFile.makeDirectory(trials), RunDirectory.unwritten(trials))
  return { trials, takeBack: takenBack(directory, isNew) }
})
