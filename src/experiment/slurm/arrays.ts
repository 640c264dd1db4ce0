/**
 * What stands in `slurm/` of an experiment's directory: a directory for every array that was submitted, with what each
 * task of it is to run, how far that is, and its log.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Schema from "effect/Schema"
import { randomBytes } from "node:crypto"
import * as WholeFile from "../../data/WholeFile.ts"
import * as ownFiles from "../../training/run/ownFiles.ts"
import * as RunDirectory from "../../training/RunDirectory.ts"
import * as RunFiles from "../../training/RunFiles.ts"
import { entries, writeFile, writeJson } from "../directory/files.ts"
import type { Trial } from "../Experiment.ts"
import type { LauncherError } from "../launchers/Launcher.ts"
import { inOurWords } from "./commands.ts"
import { script } from "./script.ts"

const Entry = Schema.Struct({
  row: Schema.String,
  column: Schema.String,
  seed: Schema.Int,
  candidate: Schema.optionalKey(Schema.Union([Schema.Finite, Schema.String])),
  rung: Schema.optionalKey(RunFiles.fromOne)
})

/** What a task is to run: a candidate, or a seed of the table with whatever will have been chosen. */
export type Entry = typeof Entry.Type

const ArrayFile = Schema.Struct({
  /** The name that Slurm knows it by. */
  name: Schema.String,
  trials: Schema.Array(Entry),
  used: Schema.Array(RunFiles.Used)
})

/** An array that was to be submitted; whether Slurm has it, Slurm says. */
export type ArrayFile = typeof ArrayFile.Type

/** How a task ended: with an outcome, or without anything to do. */
const Ended = Schema.Union([
  Schema.TaggedStruct("Completed", {}),
  Schema.TaggedStruct("Failed", {
    error: Schema.String,
    reason: Schema.String,
    isDisk: Schema.optionalKey(Schema.Boolean)
  }),
  Schema.TaggedStruct("Left", { reason: Schema.String })
])

const State = Schema.Struct({
  /** How often it has begun. */
  attempt: Schema.Int,
  node: Schema.String,
  /** When the attempt began, and when this was written, in milliseconds. */
  since: Schema.Finite,
  at: Schema.Finite,
  /** How much is done, from 0 to 1. */
  share: Schema.Finite,
  /** Directory of the trial below those of all, once it is known. */
  id: Schema.optionalKey(Schema.String),
  /** The checkpoint that the attempt began with. */
  checkpoint: Schema.optionalKey(Schema.String),
  ended: Schema.optionalKey(Ended)
})

/** What a task last said. */
export type State = typeof State.Type

const decodeArray = RunFiles.decode(ArrayFile, "array of trials")
const decodeState = RunFiles.decode(State, "state of a trial")

/** A place in an array. */
export interface Place {
  /** Directory of the array below that of the experiment. */
  readonly token: string
  readonly name: string
  readonly index: number
}

/**
 * What a trial is known by whatever is chosen.
 *
 * @internal
 */
export const keyOf = (
  { candidate, column, row, rung, seed }: Pick<Trial, "candidate" | "column" | "row" | "rung" | "seed">
): string =>
  JSON.stringify(
    candidate === undefined
      ? [row, column, seed]
      : [row, column, "candidate", candidate, ...(rung === undefined ? [] : [rung])]
  )

/**
 * The entry of a trial.
 *
 * @internal
 */
export const entryOf = ({ candidate, column, row, rung, seed }: Trial): Entry => ({
  row,
  column,
  seed,
  ...(candidate === undefined ? {} : { candidate }),
  ...(rung === undefined ? {} : { rung })
})

/** Where the arrays of an experiment are. */
const home = "slurm"

/** Where a task writes what it does, in the directory of its array. */
const stateFile = (index: number) => `${index}.json`

/** Where its log is, below the directory of the experiment. */
export const logOf = ({ index, token }: Place): string => `${home}/${token}/${index}.log`

/**
 * Writes an array that is to be submitted.
 *
 * @internal
 */
export const write = Effect.fnUntraced(
  function*(root: string, experiment: string, trials: ReadonlyArray<Entry>, used: ArrayFile["used"]) {
    const path = yield* Path.Path
    const earlier = (yield* entries(path.join(root, home))).flatMap((name) => Number.parseInt(name, 10) || 0)
    const token = `${String(1 + Math.max(0, ...earlier)).padStart(4, "0")}-${randomBytes(4).toString("hex")}`
    const directory = path.join(root, home, token)
    const array: ArrayFile = { name: `${experiment}.${token}`, trials, used }
    yield* Effect.mapError(WholeFile.makeDirectory(directory), RunDirectory.unwritten(directory))
    yield* writeFile(directory, "job.sh", script)
    yield* writeJson(directory, "array.json", array)
    return { token, directory, ...array }
  }
)

/**
 * Removes an array that nobody has, and with the last one the place of all.
 *
 * @internal
 */
export const remove = Effect.fnUntraced(function*(root: string, token: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  yield* fs.remove(path.join(root, home, token), { recursive: true })
  if ((yield* entries(path.join(root, home))).length === 0) yield* fs.remove(path.join(root, home), { recursive: true })
})

/**
 * An array by its directory.
 *
 * @internal
 */
export const read = (directory: string) => ownFiles.readOwn(directory, "array.json", decodeArray)

/**
 * All arrays of an experiment, in the order of their submission. What is damaged was not submitted.
 *
 * @internal
 */
export const all = Effect.fnUntraced(function*(root: string) {
  const path = yield* Path.Path
  const tokens = (yield* Effect.mapError(entries(path.join(root, home)), inOurWords)).toSorted()
  const found = yield* Effect.forEach(tokens, (token) =>
    Effect.map(
      Effect.option(read(path.join(root, home, token))),
      (array) => Option.toArray(Option.map(Option.flatten(array), (one) => ({ token, ...one })))
    ))
  return found.flat()
})

/**
 * Where every trial was last put, by its key.
 *
 * @internal
 */
export const latest = (
  arrays: ReadonlyArray<ArrayFile & { readonly token: string }>
): ReadonlyMap<string, Place & { readonly entry: Entry }> =>
  new Map(
    arrays.flatMap(({ name, token, trials }) =>
      trials.map((entry, index) => [keyOf({ candidate: undefined, ...entry }), { token, name, index, entry }] as const)
    )
  )

/**
 * What a task last said; undefined where it has not begun.
 *
 * @internal
 */
export const stateOf = Effect.fnUntraced(function*(root: string, { index, token }: Place) {
  const path = yield* Path.Path
  const directory = path.join(root, home, token)
  const found = yield* Effect.option(ownFiles.readOwn(directory, stateFile(index), decodeState))
  return Option.getOrUndefined(Option.flatten(found))
})

/**
 * Says what a task does.
 *
 * @internal
 */
export const tell = (directory: string, index: number, state: State) => writeJson(directory, stateFile(index), state)

/**
 * How trials of a cell failed, by their directories, as far as tasks have said so.
 *
 * @internal
 */
export const failures = Effect.fnUntraced(
  function*(root: string, cell: { readonly row: string; readonly column: string }): Effect.fn.Return<
    Readonly<Record<string, { readonly error: string; readonly reason: string; readonly isDisk?: boolean }>>,
    LauncherError,
    FileSystem.FileSystem | Path.Path
  > {
    const own = [...latest(yield* all(root)).values()].filter(({ entry: { column, row } }) =>
      row === cell.row && column === cell.column
    )
    const states = yield* Effect.forEach(own, (place) => stateOf(root, place))
    return Object.fromEntries(states.flatMap((state) => {
      if (state?.id === undefined || state.ended?._tag !== "Failed") return []
      const { error, isDisk, reason } = state.ended
      return [[state.id, { error, reason, ...(isDisk === undefined ? {} : { isDisk }) }]]
    }))
  }
)
