/**
 * The door for values of the user's own: `use: ["./mine.ts"]` names modules whose exports join the catalogues.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { resolve } from "node:path"
import { builtIn, type Catalogues } from "./Catalogues.ts"
import { joined } from "./doors/contributions.ts"
import { importing } from "./doors/importing.ts"
import { type Used, usedOf } from "./doors/sources.ts"

export { difference, type Used, usedOf } from "./doors/sources.ts"

/** A module that cannot be used. */
export class DoorError extends Schema.TaggedError<DoorError>()("DoorError", {
  file: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.file} cannot be used: ${this.reason}`
  }
}

/** Catalogues with what modules added to them, and the modules by checksum. */
export interface Opened {
  readonly known: Catalogues
  readonly used: ReadonlyArray<Used>
}

/**
 * What somebody else's code threw.
 *
 * @internal
 */
export const inOneLine = (error: unknown) =>
  (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, " ").trim()

const load = Effect.fnUntraced(function*(file: string) {
  const used = yield* Effect.promise(() => usedOf(file))
  if (used === undefined) return yield* new DoorError({ file, reason: "there is no such file" })
  const exported = yield* Effect.tryPromise({
    try: () => importing(file),
    catch: (error) => new DoorError({ file, reason: `it throws when it is loaded: ${inOneLine(error)}` })
  })
  return { exported, used }
})

/**
 * Loads modules, once in a process, and joins what they export to the catalogues: by the name of one a record of
 * entries by name, or an array of entries with names. The setting `use` lists them.
 *
 * Paths are relative to the working directory. Fails with DoorError for a file that is missing or throws, an export of
 * another shape, and a name that is taken.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Door } from "finegrain"
 * const error = await Effect.runPromise(Effect.flip(Door.open(["/nowhere/mine.ts"])))
 * error.message // => "/nowhere/mine.ts cannot be used: there is no such file"
 * ```
 */
export const open = Effect.fnUntraced(function*(files: ReadonlyArray<string>): Effect.fn.Return<Opened, DoorError> {
  let known = builtIn
  const used: Array<Used> = []
  for (const file of new Set(files.map((file) => resolve(file)))) {
    const module = yield* load(file)
    const more = yield* Effect.try({
      try: () => joined(known, module.exported),
      catch: (error) => new DoorError({ file, reason: `it throws when its exports are read: ${inOneLine(error)}` })
    })
    if (Result.isFailure(more)) return yield* new DoorError({ file, reason: more.failure })
    known = more.success
    used.push(module.used)
  }
  return { known, used }
})
