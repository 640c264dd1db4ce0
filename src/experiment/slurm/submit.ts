/** Submits trials as arrays. */
import * as Effect from "effect/Effect"
import { extname, join } from "node:path"
import { fileURLToPath } from "node:url"
import * as arrays from "./arrays.ts"
import * as commands from "./commands.ts"
import * as options from "./options.ts"

/** The process of a task has the extension of this file: TypeScript in the sources, JavaScript in the package. */
const taskFile = fileURLToPath(new URL(`./task${extname(import.meta.url)}`, import.meta.url))

/** What is submitted, and how. */
export interface Submitting {
  readonly root: string
  readonly name: string
  readonly used: arrays.ArrayFile["used"]
  readonly asked: options.Asked
  readonly throttle: number | undefined
  /** How many trials an array may have. */
  readonly largest: number
}

/**
 * Lists of at most so many.
 *
 * @internal
 */
export const split = <A>(all: ReadonlyArray<A>, largest: number): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: Math.ceil(all.length / largest) }, (_, i) => all.slice(i * largest, (i + 1) * largest))

/** Where a trial was put, and the task that Slurm knows it by. */
export interface Submitted extends arrays.Place {
  readonly entry: arrays.Entry
  readonly task: string
}

/** Removes an array that was refused. Where no answer came, Slurm may have it all the same, and says so. */
const forget = Effect.fnUntraced(function*(root: string, { name, token }: arrays.ArrayFile & { token: string }) {
  if ((yield* commands.squeue([name])).length === 0) yield* arrays.remove(root, token)
})

/**
 * Submits entries, after what has to have ended before, as arrays that are no larger than Slurm allows. With a throttle
 * one array follows the other, so that no more trials run at a time than all of them may.
 *
 * @internal
 */
export const submit = Effect.fnUntraced(function*(
  { asked, largest, name, root, throttle, used }: Submitting,
  entries: ReadonlyArray<arrays.Entry>,
  after: ReadonlyArray<string>
) {
  const submitted: Array<Submitted> = []
  let before: ReadonlyArray<string> = []
  for (const part of split(entries, largest)) {
    const array = yield* Effect.mapError(arrays.write(root, name, part, used), commands.inOurWords)
    const submission = { name: array.name, size: part.length, throttle, after: [...after, ...before] }
    const said = yield* Effect.tapError(
      commands.run("sbatch", [
        ...options.submission(asked, submission),
        join(array.directory, "job.sh"),
        array.directory,
        process.execPath,
        ...process.execArgv,
        taskFile
      ]),
      () => Effect.ignore(forget(root, array))
    )
    // With several clusters the name of one follows.
    const [id = ""] = said.trim().split(";")
    if (throttle !== undefined) before = [id]
    part.forEach((entry, index) =>
      submitted.push({ token: array.token, name: array.name, index, entry, task: `${id}_${index}` })
    )
  }
  return submitted
})
