/**
 * Kinds of settings, each a schema; what a setting is stands in its annotation `description`.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/**
 * A whole number from 1 upwards.
 *
 * @example
 * ```ts
 * import * as Schema from "effect/Schema"
 * import { Setting } from "finegrain"
 * [0, 1, 1.5].map(Schema.is(Setting.count)) // => [false, true, false]
 * ```
 */
export const count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))

/**
 * A finite number above 0.
 *
 * @example
 * ```ts
 * import * as Schema from "effect/Schema"
 * import { Setting } from "finegrain"
 * [0, 0.1].map(Schema.is(Setting.positive)) // => [false, true]
 * ```
 */
export const positive = Schema.Finite.check(Schema.isGreaterThan(0))

/**
 * A finite number from 0 upwards.
 *
 * @example
 * ```ts
 * import * as Schema from "effect/Schema"
 * import { Setting } from "finegrain"
 * [-0.1, 0].map(Schema.is(Setting.notNegative)) // => [false, true]
 * ```
 */
export const notNegative = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))

/**
 * A share: from 0 to below 1.
 *
 * @example
 * ```ts
 * import * as Schema from "effect/Schema"
 * import { Setting } from "finegrain"
 * [0, 0.9, 1].map(Schema.is(Setting.share)) // => [true, true, false]
 * ```
 */
export const share = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1, exclusiveMaximum: true }))

/**
 * A setting with a value where none is given.
 *
 * @example
 * ```ts
 * import * as Schema from "effect/Schema"
 * import { Setting } from "finegrain"
 * const schema = Schema.Struct({ rate: Setting.orDefault(Setting.positive, 0.1) })
 * Schema.decodeUnknownSync(schema)({}).rate // => 0.1
 * ```
 */
export const orDefault = <S extends Schema.Top>(schema: S, value: S["Encoded"]) =>
  schema.pipe(Schema.withDecodingDefaultKey(Effect.succeed(value)))
