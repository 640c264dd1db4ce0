/**
 * Kinds of settings, each a schema; what a setting is stands in its annotation `description`.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** A whole number from 1 upwards. */
export const count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))

/** A finite number above 0. */
export const positive = Schema.Finite.check(Schema.isGreaterThan(0))

/** A finite number from 0 upwards. */
export const notNegative = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))

/** A share: from 0 to below 1. */
export const share = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1, exclusiveMaximum: true }))

/** A setting with a value where none is given. */
export const orDefault = <S extends Schema.Top>(schema: S, value: S["Encoded"]) =>
  schema.pipe(Schema.withDecodingDefaultKey(Effect.succeed(value)))
