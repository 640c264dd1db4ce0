/** Quantities that are measured at the end of an epoch where a run is asked for them. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Catalogue from "../../choices/Catalogue.ts"
import type { Dataset } from "../../data/Dataset.ts"
import type * as Network from "../../network/Network.ts"
import type * as Tensors from "../../numerics/Tensors.ts"
import type { MeasureRecord } from "../TrainingEvent.ts"
import type { MeasureAxes } from "./MeasureAxes.ts"

/** What is there at the end of an epoch, with the weights that are tested in the model. */
export interface AtEpoch {
  readonly network: Network.Network
  readonly dataset: Dataset
  readonly epoch: number
}

/** A number, or several by name, one line of the figure each. */
export type Measured = number | Readonly<Record<string, number>>

/** A quantity that is measured at the end of every epoch; its figure says what `about` says where nothing else is. */
export interface AskedMeasure<in Given = AtEpoch>
  extends
    Catalogue.Maker<Given, Measured | Promise<Measured> | Effect.Effect<Measured, Tensors.ReadFailed>>,
    Partial<MeasureAxes>
{}

/** A measure that a run was asked for, with what it is given. */
export interface Asked {
  readonly name: string
  readonly axes: MeasureAxes
  readonly measure: (at: AtEpoch) => Effect.Effect<MeasureRecord["readings"], MeasureFailed | Tensors.ReadFailed>
}

/** A measure that gives no numbers. */
export class MeasureFailed extends Schema.TaggedError<MeasureFailed>()("MeasureFailed", {
  name: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `The measure ${this.name} failed: ${this.reason}`
  }
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
  { about, caption = about, make, scale, title = name, value = name, zero }: AskedMeasure<never>,
  settings: object
): Asked => {
  const failed = (error: unknown) => new MeasureFailed({ name, reason: reasonOf(error) })
  return {
    name,
    axes: {
      title,
      caption,
      value,
      ...(scale === undefined ? {} : { scale }),
      ...(zero === undefined ? {} : { zero })
    },
    measure: Effect.fnUntraced(function*(at) {
      const given = yield* Effect.try({ try: (): unknown => make({ ...settings, ...at } as never), catch: failed })
      const found: unknown = Effect.isEffect(given)
        ? yield* given as Effect.Effect<unknown, Tensors.ReadFailed>
        : yield* Effect.tryPromise({ try: () => Promise.resolve(given), catch: failed })
      const numbers = numbersIn(found)
      return numbers ?? (yield* failed("it gives neither a number nor numbers by name"))
    })
  }
}
