/** Settings that change nothing beside the others. */
import * as Catalogue from "../../choices/Catalogue.ts"
import * as Schedules from "../../optimizer/schedules.ts"
import { builtIn, type Catalogues } from "../Catalogues.ts"
import { ignoredBy } from "./contradictions.ts"
import type { TrainConfig } from "./schema.ts"

const knows = (catalogue: Catalogue.Catalogue, name: string, parameter: string): boolean =>
  parameter in (catalogue[name]?.parameters ?? {})

/** What says how something is watched, where nothing is. */
const idleWatch = ({ keepBest = false, patience, plateau }: TrainConfig): ReadonlyArray<readonly [string, string]> => [
  ...(keepBest || patience !== undefined || plateau !== undefined
    ? []
    : ["watch", "improvement"].map((key) => [key, "neither patience nor plateau nor keepBest is set"] as const)),
  ...(plateau === undefined ? [["plateauFactor", "plateau is not set"] as const] : [])
]

/** Parameters of none of the entries that are chosen. */
const idleOf = (catalogue: Catalogue.Catalogue, what: string, chosen: ReadonlyArray<string>) => {
  const [first, ...others] = (chosen.length === 0 ? [""] : chosen).map((name) => Catalogue.idle(catalogue, what, name))
  return [...first!].filter(([key]) => others.every((other) => other.has(key)))
}

/**
 * Settings that change nothing beside the others, with the reason.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { TrainConfig } from "finegrain"
 * const config = Effect.runSync(TrainConfig.decode({ schedule: "constant", exponent: 0.75 }, "example"))
 * TrainConfig.idle(config).get("exponent") // => "only the power schedule has it"
 * ```
 */
export const idle = (config: TrainConfig, known: Catalogues = builtIn): ReadonlyMap<string, string> => {
  const { backend, dataset, loss = "softmax-cross-entropy", model, optimizer = "fg-sgd", schedule, validationImages } =
    config
  const ignored = ignoredBy(config, known)
  return new Map([
    ...ignored.map((key) => [key, `${optimizer} has none`] as const),
    ...(ignored.includes("rule") ? [["rho", `${optimizer} has no rule`] as const] : []),
    ...Catalogue.idle(known.optimizers, "optimizer", optimizer),
    ...Schedules.idle(schedule, known.schedules),
    ...Catalogue.idle(known.losses, "loss", loss),
    ...Catalogue.idle(known.models, "model", model),
    ...idleOf(known.variations, "variation", config.vary ?? []),
    ...idleOf(known.measures, "measure", config.measures ?? []),
    ...idleWatch(config),
    ...(config.measures === undefined && !config.measureBounds
      ? [["measuresEvery", "nothing else is measured"] as const]
      : []),
    ...(Object.hasOwn(known.datasets, dataset) ? Catalogue.idle(known.datasets, "dataset", dataset) : []),
    ...(Object.hasOwn(known.datasets, dataset) && !knows(known.datasets, dataset, "imageSize")
      ? [["imageSize", `the images of ${dataset} have one size`] as const]
      : []),
    ...(Object.hasOwn(known.datasets, dataset)
      ? ["target", "targets"].map((key) => [key, `${dataset} says it itself`] as const)
      : []),
    ...(backend === "auto" ? [] : Catalogue.idle(known.backends, "backend", backend)),
    ...(validationImages === undefined
      ? []
      : [["testImages", "the held-out images stand in the place of the test set"] as const])
  ])
}
