/** Flags of launchers, derived from their catalogue. */
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Catalogue from "../src/choices/Catalogue.ts"
import type * as Launcher from "../src/experiment/launchers/Launcher.ts"
import { launchers } from "../src/experiment/launchers/launchers.ts"
import * as ValidationIssues from "../src/training/ValidationIssues.ts"
import { flagsOf, given, kebab } from "./settings.ts"

const aliases = { jobs: "j" }

const names = Catalogue.names(launchers)

/** Which launcher. */
export const launcher = Flag.Literals("launcher", names).pipe(
  Flag.withDescription(`where trials run: ${Catalogue.help(launchers)} (default ${names[0]})`),
  Flag.withDefault(names[0]!)
)

/** Parameters of all launchers, by name. */
export const parameters = flagsOf(Schema.Struct(Catalogue.parameters(launchers)), aliases)

/**
 * The launcher of a name with the parameters that were given, to be opened for a grid.
 *
 * Fails with all problems: parameters of other launchers, and values that make no sense.
 */
export const decode = Effect.fnUntraced(function*(
  name: string,
  flags: Readonly<Record<string, Option.Option<unknown>>>
) {
  const values = given(flags)
  const idle = Catalogue.idle(launchers, "launcher", name)
  const foreign = Object.keys(values).flatMap((key) => idle.has(key) ? [`--${kebab(key)}: ${idle.get(key)}`] : [])
  if (foreign.length > 0) return yield* Effect.fail(foreign)
  const schema = Schema.Struct(launchers[name]!.parameters ?? {}) as unknown as Schema.Codec<object>
  const settings = yield* Effect.mapError(
    Schema.decodeUnknownEffect(schema, { errors: "all" })(values),
    (error) => ValidationIssues.of(error, values, "flag").map(({ text }) => `--${text.replace(/^[A-Za-z]+/, kebab)}`)
  )
  return (grid: Launcher.Given) => Catalogue.make(launchers, name, settings, grid)
})
