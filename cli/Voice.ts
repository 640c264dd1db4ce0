/** What a command says, and to whom: words for people, nothing, or one JSON value for programs. */
import * as Flag from "effect/cli/Flag"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Terminal from "effect/Terminal"
import { toJson } from "../src/training/RunFiles.ts"
import { isSet } from "./arguments.ts"

const json = GlobalFlag.Setting("json")({
  flag: Flag.Boolean("json").pipe(
    Flag.withDescription("Print the result as one JSON value, and nothing else; errors as JSON on stderr"),
    Flag.withDefault(false)
  )
})

const quiet = GlobalFlag.Setting("quiet")({
  flag: Flag.Boolean("quiet").pipe(
    Flag.withAlias("q"),
    Flag.withDescription("Print nothing but errors"),
    Flag.withDefault(false)
  )
})

/** Flags of every command. */
export const flags = [json, quiet] as const

const Told = Context.Reference<(value: unknown) => Effect.Effect<void>>("finegrain/cli/Told", {
  defaultValue: () => () => Effect.void
})

/** Tells programs the result of a command; people have read it in words. */
export const result = (value: unknown): Effect.Effect<void> =>
  Effect.flatMap(Effect.service(Told), (tell) => tell(value))

const silent = (console: Console.Console): Console.Console =>
  Object.assign(Object.create(console) as Console.Console, { log: () => undefined })

/** Takes the words from a command where they are not wanted. */
export const layer = Layer.unwrap(
  Effect.gen(function*() {
    const [isJson, isQuiet] = [yield* json, yield* quiet]
    if (!isJson && !isQuiet) return Layer.empty
    const console = yield* Console.Console
    const terminal = yield* Terminal.Terminal
    return Layer.mergeAll(
      Layer.succeed(Console.Console, silent(console)),
      Layer.succeed(Terminal.Terminal, { ...terminal, display: () => Effect.void }),
      Layer.succeed(Told, (value) => isJson ? Effect.sync(() => console.log(toJson(value, 2))) : Effect.void)
    )
  })
)

/** Whether arguments ask for JSON, where they could not be read as a command. */
export const isJson = (args: ReadonlyArray<string>): boolean => isSet(args, "--json")
