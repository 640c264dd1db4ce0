/** What a run was asked to measure at the end of every epoch. */
import * as Effect from "effect/Effect"
import type { EvaluationError } from "../trainer/evaluate.ts"
import type { MeasureRecord } from "../TrainingEvent.ts"
import { type AskedMeasure, type AtEpoch, MeasureFailed } from "./AtEpoch.ts"
import type { MeasureAxes } from "./MeasureAxes.ts"

/** A measure that a run was asked for, with what it is given. */
export interface Asked {
  readonly name: string
  readonly axes: MeasureAxes
  /** Whether steps are to measure how far they turn kernels. */
  readonly asksTurns?: boolean
  readonly measure: (at: AtEpoch) => Effect.Effect<MeasureRecord["readings"], EvaluationError | MeasureFailed>
}

const numbersIn = (measured: unknown): Readonly<Record<string, number>> | undefined => {
  const all = typeof measured === "number" ? { "": measured } : measured
  return typeof all === "object" && all !== null && Object.values(all).every((value) => typeof value === "number")
    ? all as Readonly<Record<string, number>>
    : undefined
}

const reasonOf = (error: unknown) => error instanceof Error ? error.message : String(error)

/**
 * An entry, which may be a user's own, as a run measures it: given its settings, at once, by a promise or by an Effect.
 *
 * @internal
 */
export const asked = (
  name: string,
  { about, asksTurns = false, caption = about, limits, make, scale, title = name, value = name, zero }: AskedMeasure<
    never
  >,
  settings: object
): Asked => {
  const failed = (error: unknown) => new MeasureFailed({ name, reason: reasonOf(error) })
  return {
    name,
    asksTurns,
    axes: {
      title,
      caption,
      value,
      ...(scale === undefined ? {} : { scale }),
      ...(zero === undefined ? {} : { zero }),
      ...(limits === undefined ? {} : { limits })
    },
    measure: Effect.fnUntraced(function*(at) {
      const given = yield* Effect.try({ try: (): unknown => make({ ...settings, ...at } as never), catch: failed })
      const found: unknown = Effect.isEffect(given)
        ? yield* given as Effect.Effect<unknown, EvaluationError>
        : yield* Effect.tryPromise({ try: () => Promise.resolve(given), catch: failed })
      const numbers = numbersIn(found)
      return numbers ?? (yield* failed("it gives neither a number nor numbers by name"))
    })
  }
}
