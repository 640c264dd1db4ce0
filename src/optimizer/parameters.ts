/**
 * Parameters of schedules and step rules: checked where they are given, and shown in names.
 */
import * as Schema from "effect/Schema"

/** A schedule or a rule with parameters that give steps which are no numbers. */
export class StepSizeError extends Schema.TaggedError<StepSizeError>()("StepSizeError", {
  name: Schema.String,
  parameter: Schema.String,
  expected: Schema.String,
  value: Schema.Number
}) {
  override get message() {
    return `${this.name}: ${this.parameter} must be ${this.expected}, not ${this.value}`
  }
}

const kinds = {
  "finite and at least 0": (value: number) => value >= 0,
  "finite and above 0": (value: number) => value > 0,
  "a whole number of at least 0": (value: number) => Number.isSafeInteger(value) && value >= 0,
  "a whole number of at least 1": (value: number) => Number.isSafeInteger(value) && value >= 1,
  finite: () => true
} as const

/**
 * Parameters of a kind each; written so that NaN is of none.
 *
 * @internal
 */
export const checked = (
  name: string,
  parameters: Readonly<Record<string, number>>,
  expected: Readonly<Record<string, keyof typeof kinds>>
): void => {
  for (const [parameter, kind] of Object.entries(expected)) {
    const value = parameters[parameter] ?? Number.NaN
    if (!Number.isFinite(value) || !kinds[kind](value)) {
      throw new StepSizeError({ name, parameter, expected: kind, value })
    }
  }
}

/**
 * `name(a=1, b=2)`.
 *
 * @internal
 */
export const format = (name: string, parameters: Readonly<Record<string, number>>): string =>
  `${name}(${Object.entries(parameters).map(([key, value]) => `${key}=${value}`).join(", ")})`
