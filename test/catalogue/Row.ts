import * as NodeServices from "@effect/platform-node/NodeServices"
import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs"
import { join, relative } from "node:path"
import { finegrain } from "../commandLine.ts"

/**
 * One bad input that the project knows: what is given, and the one clear line that it is answered with, or the right
 * value.
 *
 * To add a row, add it to the list of a file of your area in this folder
 * (`export const rows: ReadonlyArray<Row> = […]`), and, where the file is new, the file to the list in
 * `catalogue.test.ts`. A row runs on the engine cpu, in an empty directory of its own; it should take milliseconds.
 *
 * ```
 * { area: "schedules", given: "a rate of NaN", says: /rate.*finite.*NaN/, run: () => Schedule.constant(Number.NaN) }
 * { area: "Poincaré ball", given: "two points at the rim", value: expect.closeTo(0.69, 2), run: () => …dataSync()[0] }
 * { area: "run directories", given: "a directory of somebody else's", says: "DIR: it is not empty. …",
 *   prepare: (directory) => writeFileSync(join(directory, "notes.part"), "mine"),
 *   run: (directory) => told("train", "--output", directory), untouched: "everything" }
 * ```
 */
export interface Row {
  readonly area: string
  /** What the user gives, in words; rows of one area differ in it. */
  readonly given: string
  /** Puts what is given into an empty directory. */
  readonly prepare?: (directory: string) => unknown
  /**
   * Gives it to finegrain: an Effect, a promise, or a value at once. Where `says` is there, what it fails or throws
   * with, or the text that it yields, is the line; where `value` is there, what it yields is the value.
   */
  readonly run: (directory: string) => unknown
  /** The line, the row's directory written `DIR`: the whole of it as a string, or what must be found in it. */
  readonly says?: RegExp | string
  /** The right value, as `toEqual` takes it. */
  readonly value?: unknown
  /**
   * Files of the directory, as paths below it, that are byte for byte what they were; or all, with none beside them.
   */
  readonly untouched?: "everything" | ReadonlyArray<string>
}

/** What a command says on stderr, for rows of the command line; fails where it succeeds. */
export const told = async (...args: ReadonlyArray<string>): Promise<string> => {
  const { code, stderr, stdout } = await finegrain(...args)
  if (code === 0) throw new Error(`finegrain ${args.join(" ")} succeeded with: ${stdout}`)
  return stderr.trimEnd()
}

/** What a row's input came to; a defect is no answer. */
export type Outcome =
  | { readonly _tag: "Value" | "Defect"; readonly value: unknown }
  | { readonly _tag: "Line"; readonly line: string }

const messageOf = (error: unknown) => error instanceof Error ? error.message : String(error)

const line = (error: unknown): Outcome => ({ _tag: "Line", line: messageOf(error) })

const ofEffect = (effect: Effect.Effect<unknown, unknown, never>): Promise<Outcome> =>
  Effect.runPromise(
    effect.pipe(
      Effect.map((value): Outcome => ({ _tag: "Value", value })),
      Effect.catch((error) => Effect.succeed(line(error))),
      Effect.catchDefect((defect) => Effect.succeed<Outcome>({ _tag: "Defect", value: defect }))
    )
  )

/** What a tensor holds: on webgpu what it was computed with fails when it is read. */
const read = async (value: unknown) => value instanceof tf.Tensor ? [...await value.data()] : value

/** Runs a row in a directory. */
export const outcomeOf = async ({ run }: Row, directory: string): Promise<Outcome> => {
  try {
    const given = run(directory)
    return Effect.isEffect(given)
      ? await ofEffect(
        Effect.scoped(given as Effect.Effect<unknown, unknown, never>).pipe(Effect.provide(NodeServices.layer))
      )
      : { _tag: "Value", value: await read(await given) }
  } catch (error) {
    return line(error)
  }
}

/** Every file below a directory with its bytes, every link with where it leads: what two moments are compared by. */
export const snapshot = (directory: string): ReadonlyMap<string, string> =>
  new Map(
    readdirSync(directory, { recursive: true, withFileTypes: true }).map((entry) => {
      const file = join(entry.parentPath, entry.name)
      const stat = lstatSync(file)
      const content = stat.isSymbolicLink()
        ? `-> ${readlinkSync(file)}`
        : stat.isFile()
        ? createHash("sha256").update(readFileSync(file)).digest("hex")
        : "directory"
      return [relative(directory, file), content] as const
    }).toSorted(([a], [b]) => a < b ? -1 : 1)
  )
