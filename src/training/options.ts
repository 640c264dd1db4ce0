import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Options } from "./Trainer.ts"

/** An option of a run, or data, with which nothing can be trained. */
export class OptionRefused extends Schema.TaggedError<OptionRefused>()("OptionRefused", {
  option: Schema.String,
  expected: Schema.String,
  actual: Schema.String
}) {
  override get message() {
    return `${this.option} must be ${this.expected}, not ${this.actual}`
  }
}

const isCount = (value: number) => Number.isSafeInteger(value) && value >= 1

/**
 * Refuses what would only show as numbers that are none, or as nothing at all: no epoch, a split without an image.
 *
 * @internal
 */
export const check = (options: Options): Effect.Effect<void, OptionRefused> => {
  const { dataset, epochs, renormalizationImages = 1, seed } = options
  const counts = {
    epochs,
    renormalizationImages,
    "the number of training images": dataset.train.count,
    "the number of test images": dataset.test.count
  }
  const wrong = Object.entries(counts).find(([, value]) => !isCount(value))
  if (wrong !== undefined) {
    const [option, actual] = wrong
    return Effect.fail(new OptionRefused({ option, expected: "a whole number of at least 1", actual: String(actual) }))
  }
  return Number.isSafeInteger(seed)
    ? Effect.void
    : Effect.fail(new OptionRefused({ option: "seed", expected: "a whole number", actual: String(seed) }))
}
