/** The data of an experiment, read before its first trial runs. */
import * as Effect from "effect/Effect"
import * as Struct from "effect/Struct"
import * as Catalogue from "../choices/Catalogue.ts"
import * as Subset from "../data/Subset.ts"
import type { Catalogues } from "../training/Catalogues.ts"
import * as Door from "../training/Door.ts"
import * as made from "../training/made.ts"
import type { TrainConfig } from "../training/TrainConfig.ts"

const distinct = <A>(values: ReadonlyArray<A>, key: (value: A) => unknown): ReadonlyArray<A> => [
  ...new Map(values.map((value) => [JSON.stringify(key(value)), value])).values()
]

/** Settings on which data depends before a part of it is taken. */
const dataOf = ({ datasets }: Catalogues) => (config: TrainConfig) => [
  config.dataset,
  config.imageSize,
  Struct.pick(config as Readonly<Record<string, unknown>>, Object.keys(Catalogue.parameters(datasets)))
]

/**
 * What is wrong with the data that configurations name: each dataset is read once, and must have as many images as the
 * runs ask for.
 *
 * @internal
 */
export const problems = Effect.fnUntraced(function*(configs: ReadonlyArray<TrainConfig>) {
  const { known } = yield* Door.open(configs[0]?.use ?? [])
  const own = dataOf(known)
  const each = yield* Effect.forEach(
    distinct(configs, own),
    Effect.fnUntraced(function*(first) {
      const dataset = yield* made.dataset(first, known)
      const parts = distinct(
        configs.filter((config) => JSON.stringify(own(config)) === JSON.stringify(own(first))),
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
