/** Directories of one experiment, as parts of a grid leave them, joined into one. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Struct from "effect/Struct"
import { randomUUID } from "node:crypto"
import { rmdir } from "node:fs/promises"
import { isDeepStrictEqual } from "node:util"
import * as WholeFile from "../../data/WholeFile.ts"
import type { Catalogues } from "../../training/Catalogues.ts"
import { filesOf } from "../../training/doors/sources.ts"
import * as made from "../../training/made.ts"
import * as ownFiles from "../../training/run/ownFiles.ts"
import * as RunDirectory from "../../training/RunDirectory.ts"
import * as RunFiles from "../../training/RunFiles.ts"
import * as RunLock from "../../training/RunLock.ts"
import { environment } from "../../training/sameRun.ts"
import type { TrialRecord } from "../collect.ts"
import { differences, type StoredExperiment } from "../differences.ts"
import * as Experiment from "../Experiment.ts"
import * as Results from "../Results.ts"
import { type Failures, failures, hasTrials, isBeside, stored, usual, writeFailures, writeJson } from "./files.ts"
import { planOf, records } from "./trials.ts"

/** One directory that is to be joined with others. */
interface Part {
  readonly directory: string
  readonly own: StoredExperiment
  readonly failures: Failures
  readonly trials: ReadonlyMap<string, TrialRecord>
}

/** A trial, and the directory that it is taken from. */
interface Taken {
  readonly id: string
  readonly part: Part
  readonly record: TrialRecord
}

const refuse = (experiment: string, problems: ReadonlyArray<string>) =>
  new Experiment.ExperimentError({ experiment, problems: [...problems] })

/** Where modules are is not what they are, which the manifests of trials tell. */
const shared = ({ experiment, smoke }: StoredExperiment) => ({ experiment: Struct.omit(experiment, ["use"]), smoke })

/** How the experiment of one directory differs from that of another, in any way at all. */
const unlike = (one: StoredExperiment, other: StoredExperiment): ReadonlyArray<string> => {
  const [a, b] = [shared(one), shared(other)]
  const named = [...new Set([...differences(a, b), ...differences(b, a).filter((text) => text.endsWith(" is gone"))])]
  if (named.length > 0 || isDeepStrictEqual(a, b)) return named
  const keys = Object.keys({ ...a.experiment, ...b.experiment }) as ReadonlyArray<keyof typeof a.experiment>
  return keys.filter((key) => !isDeepStrictEqual(a.experiment[key], b.experiment[key])).map((key) =>
    `${key} is not the same`
  )
}

/** One directory, which must hold an experiment and its trials, and nobody may be at work on. */
const opened = Effect.fnUntraced(function*(directory: string) {
  const path = yield* Path.Path
  const found = yield* stored(directory)
  if (Option.isNone(found)) {
    return yield* refuse(directory, ["it holds no experiment.json: no experiment was run there"])
  }
  const own = found.value
  if (!(yield* hasTrials(directory))) {
    return yield* refuse(own.experiment.name, [`${directory} holds results without trials, which cannot be joined`])
  }
  if (yield* RunLock.isHeld(path.join(directory, "experiment.lock"))) {
    return yield* refuse(own.experiment.name, [`a process is at work on ${directory}: wait for it`])
  }
  return { directory, own }
})

/** What two directories say of one trial, but for how long it took; undefined where they agree. */
const contradiction = (one: TrialRecord, other: TrialRecord): string | undefined => {
  if (one.status !== other.status) return `${one.status} and ${other.status}`
  if (one.status === "diverged") return one.reason === other.reason ? undefined : `${one.reason} and ${other.reason}`
  const told = ({ summary }: TrialRecord): Readonly<Record<string, unknown>> => ({ ...summary, seconds: undefined })
  const [a, b] = [told(one), told(other)]
  const key = Object.keys({ ...a, ...b }).find((name) => !isDeepStrictEqual(a[name], b[name]))
  return key === undefined ? undefined : `${key} ${String(a[key])} and ${String(b[key])}`
}

/** Every trial once: where several directories have it, from one where it is over; those must agree to the bit. */
const choose = (parts: ReadonlyArray<Part>) => {
  const problems: Array<string> = []
  const taken = new Map<string, Taken>()
  for (const part of parts) {
    for (const [id, record] of part.trials) {
      const before = taken.get(id)
      if (record.status === "damaged") problems.push(`${part.directory}: trial ${id} is damaged: ${record.reason}`)
      else if (record.status === "running") {
        problems.push(`${part.directory}: trial ${id} is being trained: wait for it`)
      } else if (before === undefined || (Results.isOver(record) && !Results.isOver(before.record))) {
        taken.set(id, { id, part, record })
      } else if (Results.isOver(record)) {
        const differs = contradiction(before.record, record)
        if (differs === undefined) continue
        problems.push(`trial ${id} is not the same in ${before.part.directory} and ${part.directory}: ${differs}`)
      }
    }
  }
  return { problems, taken: [...taken.values()] }
}

/** What trials of one table must share, by what it is. */
const factsOf = (manifest: RunFiles.Manifest, known: Catalogues): Readonly<Record<string, unknown>> => ({
  revision: manifest.versions?.revision ?? undefined,
  [made.dataInWords(manifest.config, known)]: manifest.dataset.sha256,
  ...Object.fromEntries(
    Object.entries(environment(manifest)).map(([what, is]) => [
      what.startsWith("backend") ? `${what} of ${manifest.backend?.name}` : what,
      is
    ])
  ),
  ...Object.fromEntries(
    [...filesOf(manifest.use ?? [])].map(([name, { sha256 }]) => [`the module ${name}`, sha256])
  )
})

/** Settings that a trial ran with and the experiment does not give it; those that either does not know are left out. */
const foreign = (trial: Experiment.Trial, config: Readonly<Record<string, unknown>>): ReadonlyArray<string> =>
  Object.entries(trial.config).flatMap(([key, planned]) =>
    ["threads", "use"].includes(key) || !(key in config) || isDeepStrictEqual(config[key], planned)
      ? []
      : [`${key} is ${JSON.stringify(config[key])}, not ${JSON.stringify(planned)}`]
  )

/** What keeps trials from standing in one table. */
const disagreements = Effect.fnUntraced(function*(
  parts: ReadonlyArray<Part>,
  plan: ReadonlyArray<Experiment.Cell>,
  catalogues: Catalogues
) {
  const path = yield* Path.Path
  const planned = new Map(
    plan.flatMap(({ candidates, finals, later }) => [
      ...candidates,
      ...later.flatMap(({ trials }) => trials),
      ...[undefined, ...candidates.map(({ candidate }) => candidate)].flatMap((chosen) => finals(chosen))
    ]).map((trial) => [trial.id, trial])
  )
  const known = new Map<string, { readonly is: unknown; readonly at: string }>()
  const problems = new Map<string, string>()
  const all = parts.flatMap(({ directory, trials }) => [...trials.keys()].map((id) => ({ directory, id })))
  for (const { directory, id } of all) {
    const manifest = yield* ownFiles.readOwn(
      path.join(directory, "trials", id),
      "manifest.json",
      RunFiles.decodeManifest
    )
    if (Option.isNone(manifest)) continue
    const trial = planned.get(id)
    for (const problem of trial === undefined ? [] : foreign(trial, manifest.value.config)) {
      problems.set(`${directory} ${id}`, `${directory}: trial ${id} is of another experiment: ${problem}`)
    }
    for (const [what, is] of Object.entries(factsOf(manifest.value, catalogues))) {
      const first = known.get(what)
      if (is === undefined) continue
      if (first === undefined) known.set(what, { is, at: directory })
      else if (!isDeepStrictEqual(first.is, is)) {
        problems.set(
          `${what} ${directory}`,
          `${what} is ${String(first.is)} in ${first.at}, and ${String(is)} in ${directory}`
        )
      }
    }
  }
  return [...problems.values()]
})

const copied = (from: string, to: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    yield* Effect.mapError(fs.makeDirectory(path.dirname(to), { recursive: true }), RunDirectory.unwritten(to))
    yield* Effect.mapError(
      fs.copy(from, to, { overwrite: false, preserveTimestamps: true }),
      RunDirectory.unwritten(to)
    )
  })

/** Writes the directory aside and puts it in its place, whole, where there is nothing. */
const written = Effect.fnUntraced(function*(
  directory: string,
  own: StoredExperiment,
  taken: ReadonlyArray<Taken>
) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const unwritten = Effect.mapError(RunDirectory.unwritten(directory))
  const aside = `${directory}.joining-${randomUUID()}`
  // A temporary directory would be its owner's alone, also once it has the name of the experiment.
  yield* Effect.acquireRelease(
    unwritten(WholeFile.makeDirectory(aside)),
    () => Effect.ignore(fs.remove(aside, { recursive: true, force: true }))
  )
  const trials = path.join(aside, "trials")
  yield* unwritten(fs.makeDirectory(trials))
  yield* Effect.forEach(taken, ({ id, part }) => {
    const from = path.join(part.directory, "trials", id)
    return Effect.flatMap(
      unwritten(fs.exists(from)),
      (isThere) => isThere ? copied(from, path.join(trials, id)) : Effect.void
    )
  })
  yield* writeJson(aside, "experiment.json", own)
  const failed = taken.flatMap(({ id, part }) => part.failures[id] === undefined ? [] : [[id, part.failures[id]]])
  if (failed.length > 0) yield* writeFailures(aside, Object.fromEntries(failed) as Failures)
  // Windows renames nothing onto a directory, be it empty, and no system onto one that is not: then the rename says so.
  yield* Effect.ignore(Effect.tryPromise(() => rmdir(directory)))
  yield* unwritten(fs.rename(aside, directory))
})

/** Whether there is nothing at a place, or a directory without anything. */
const isFree = Effect.fnUntraced(function*(place: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* Effect.match(fs.readDirectory(place), {
    onFailure: ({ reason }) => reason._tag === "NotFound",
    onSuccess: (names) => names.length === 0
  })
})

/**
 * Joins the directories of one experiment into a new one, as if one machine had run it all, and gives where that is;
 * the others stay as they are.
 *
 * Fails with ExperimentError, which tells everything that differs: the experiments, their settings, the data, engines,
 * revisions and modules of their trials, and trials that several directories have with different bits.
 */
export const merge = Effect.fnUntraced(function*(directories: ReadonlyArray<string>, output: string | undefined) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const found = yield* Effect.forEach(directories, opened)
  const [first, ...others] = found
  if (first === undefined || others.length === 0) {
    return yield* refuse(directories.join(), ["it takes two directories or more to join them"])
  }
  const own = { experiment: first.own.experiment, smoke: first.own.smoke }
  const { name } = own.experiment
  const real = yield* Effect.forEach(
    directories,
    (directory) => Effect.mapError(fs.realPath(directory), RunDirectory.unwritten(directory))
  )
  const twice = directories.filter((_, i) => real.indexOf(real[i]!) !== i)
  const to = path.resolve(output ?? usual(own))
  const before = [
    ...twice.map((directory) => `${directory} is given twice`),
    ...(yield* isFree(to)) ? [] : [`${to} is not empty: choose another directory with --output`],
    ...others.flatMap((other) =>
      unlike(first.own, other.own).map((text) => `from ${first.directory} to ${other.directory}: ${text}`)
    )
  ]
  if (before.length > 0) return yield* refuse(name, before)
  const plan = yield* planOf(own)
  const parts = yield* Effect.forEach(
    found,
    Effect.fnUntraced(function*({ directory, own }) {
      const failed = yield* failures(directory)
      const { trials } = yield* records(directory, plan, failed, new Map())
      const begun = [...trials].filter(([id, { status }]) => status !== "not run" && !isBeside(id))
      return { directory, own, failures: failed, trials: new Map(begun) } satisfies Part
    })
  )
  const { problems, taken } = choose(parts)
  if (problems.length > 0) return yield* refuse(name, problems)
  const disagreeing = yield* disagreements(parts, plan, yield* Experiment.known(own.experiment))
  if (disagreeing.length > 0) return yield* refuse(name, disagreeing)
  yield* written(to, own, taken)
  return to
}, Effect.scoped)
