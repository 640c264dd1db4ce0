import * as Effect from "effect/Effect"
import * as Datasets from "../data/Datasets.ts"
import * as Subset from "../data/Subset.ts"
import type { TrainConfig } from "../training/TrainConfig.ts"

const distinct = <A>(values: ReadonlyArray<A>, key: (value: A) => unknown): ReadonlyArray<A> => [
  ...new Map(values.map((value) => [JSON.stringify(key(value)), value])).values()
]

const dataOf = ({ dataset, imageSize }: TrainConfig) => [dataset, imageSize]

/**
 * What is wrong with the data that configurations name: each dataset is read once, and must have as many images as the
 * runs ask for.
 *
 * @internal
 */
export const problems = Effect.fnUntraced(function*(configs: ReadonlyArray<TrainConfig>) {
  const each = yield* Effect.forEach(
    distinct(configs, dataOf),
    Effect.fnUntraced(function*(own) {
      const dataset = yield* Datasets.load(own.dataset, own.imageSize)
      const parts = distinct(
        configs.filter((config) => JSON.stringify(dataOf(config)) === JSON.stringify(dataOf(own))),
        ({ testImages, trainImages, validationImages }) => [testImages, trainImages, validationImages]
      )
      return yield* Effect.forEach(parts, (config) =>
        Effect.match(Subset.take(dataset, config), {
          onFailure: ({ message }) => [message],
          onSuccess: () => []
        }))
    }, Effect.catch((error) => Effect.succeed([[error.message]])))
  )
  return [...new Set(each.flat(2))]
})
