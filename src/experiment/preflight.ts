/** The data of an experiment, read before its first trial runs. */
import * as Effect from "effect/Effect"
import type { Dataset } from "../data/Dataset.ts"
import * as Subset from "../data/Subset.ts"
import type { Catalogues } from "../training/Catalogues.ts"
import * as Door from "../training/Door.ts"
import * as made from "../training/made.ts"
import type { TrainConfig } from "../training/TrainConfig.ts"
import type { Trial } from "./cells.ts"

const distinct = <A>(values: ReadonlyArray<A>, key: (value: A) => unknown): ReadonlyArray<A> => [
  ...new Map(values.map((value) => [JSON.stringify(key(value)), value])).values()
]

/** What keeps candidates from being chosen among: runs that have no accuracy. */
const unchoosable = Effect.fnUntraced(function*(config: TrainConfig, dataset: Dataset, known: Catalogues) {
  const why = yield* made.withoutAccuracy(config, dataset, known)
  return why === undefined ? [] : [
    `the selection chooses by accuracy, which runs on ${dataset.name} have not: ${why}; leave the selection out, and ` +
    `show the test loss with also: ["testLoss"]`
  ]
})

/**
 * What is wrong between trials and the data that they name: each dataset is read once, must have as many images as the
 * runs ask for, and candidates must have an accuracy by which one is chosen.
 *
 * @internal
 */
export const problems = Effect.fnUntraced(function*(trials: ReadonlyArray<Pick<Trial, "candidate" | "config">>) {
  const configs = trials.map(({ config }) => config)
  const { known } = yield* Door.open(configs[0]?.use ?? [])
  const own = (config: TrainConfig) => made.settingsOfData(config, known)
  const each = yield* Effect.forEach(
    distinct(configs, own),
    Effect.fnUntraced(function*(first) {
      const dataset = yield* made.dataset(first, known)
      const on = trials.filter(({ config }) => JSON.stringify(own(config)) === JSON.stringify(own(first)))
      const parts = distinct(
        on.map(({ config }) => config),
        ({ testImages, trainImages, validationImages }) => [testImages, trainImages, validationImages]
      )
      const taken = yield* Effect.forEach(parts, (config) =>
        Effect.match(Subset.take(dataset, config), {
          onFailure: ({ message }) => [message],
          onSuccess: () => []
        }))
      const candidates = on.filter(({ candidate }) => candidate !== undefined).map(({ config }) => config)
      const chosen = yield* Effect.forEach(
        distinct(candidates, ({ loss }) => loss),
        (config) => unchoosable(config, dataset, known)
      )
      return [...taken, ...chosen]
    }, Effect.catch((error) => Effect.succeed([[error.message]])))
  )
  return [...new Set(each.flat(2))]
})
