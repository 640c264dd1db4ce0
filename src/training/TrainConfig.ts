/** Every setting of a training run in one schema, from which flags, help and tables derive. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { builtIn, type Catalogues } from "./Catalogues.ts"
import { contradictions } from "./config/contradictions.ts"
import { schemaOf, type TrainConfig } from "./config/schema.ts"
import * as ValidationIssues from "./ValidationIssues.ts"

export { idle } from "./config/idle.ts"
export { LayerConfig } from "./config/network.ts"
export { TrainConfig } from "./config/schema.ts"

/** A configuration with mistakes, all of them at once. */
export class ConfigError extends Schema.TaggedError<ConfigError>()("ConfigError", {
  source: Schema.String,
  problems: Schema.String
}) {
  override get message() {
    return `${this.source}: ${this.problems}`
  }
}

const strictly = { errors: "all", onExcessProperty: "error" } as const

/** A configuration, or every mistake in it; what contradicts each other where there is none. */
const decoded = (
  input: unknown,
  known: Catalogues
): Result.Result<TrainConfig, ReadonlyArray<ValidationIssues.ValidationIssue>> =>
  Schema.decodeUnknownResult(schemaOf(known), strictly)(input).pipe(
    Result.mapError((error) => ValidationIssues.of(error, input, "setting")),
    Result.flatMap((config) => {
      const problems = contradictions(config, known).map((text) => ({ path: [], text }))
      return problems.length === 0 ? Result.succeed(config) : Result.fail(problems)
    })
  )

/**
 * Every mistake in the settings of a run, in words.
 *
 * @example
 * ```ts
 * import { TrainConfig } from "finegrain"
 * TrainConfig.mistakes({ sed: 1 }).map(({ text }) => text) // => ['unknown setting "sed"']
 * ```
 */
export const mistakes = (
  input: unknown,
  known: Catalogues = builtIn
): ReadonlyArray<ValidationIssues.ValidationIssue> =>
  Result.match(decoded(input, known), { onFailure: (found) => found, onSuccess: () => [] })

/**
 * Decodes a configuration, reporting every problem at once; unknown keys are problems.
 *
 * Fails with ConfigError, whose message has them all.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { TrainConfig } from "finegrain"
 * const error = await Effect.runPromise(Effect.flip(TrainConfig.decode({ epochs: 0, sed: 1 }, "config.json")))
 * error.message // => 'config.json: unknown setting "sed"; epochs must be a value greater than or equal to 1, not 0'
 * ```
 */
export const decode = (
  input: unknown,
  source: string,
  known: Catalogues = builtIn
): Effect.Effect<TrainConfig, ConfigError> =>
  Effect.fromResult(
    Result.mapError(decoded(input, known), (found) =>
      new ConfigError({ source, problems: found.map(({ text }) => text).join("; ") }))
  )
