/** Settings that change nothing beside the others. */
import * as Catalogue from "../../choices/Catalogue.ts"
import * as Datasets from "../../data/Datasets.ts"
import * as Schedules from "../../optimizer/schedules.ts"
import { builtIn, type Catalogues } from "../Catalogues.ts"
import { familiesIn, holds, ignoredBy } from "./contradictions.ts"
import type { TrainConfig } from "./schema.ts"

const knows = (catalogue: Catalogue.Catalogue, name: string, parameter: string): boolean =>
  parameter in (catalogue[name]?.parameters ?? {})

type Reasons = ReadonlyArray<readonly [string, string]>

/** What says how something is watched, where nothing is. */
const idleWatch = ({ keepBest = false, patience, plateau }: TrainConfig): Reasons => [
  ...(keepBest || patience !== undefined || plateau !== undefined
    ? []
    : ["watch", "improvement"].map((key) => [key, "neither patience nor plateau nor keepBest is set"] as const)),
  ...(plateau === undefined ? [["plateauFactor", "plateau is not set"] as const] : [])
]

/** What rescales weights or bends steps, where no manifold has norms or curvature for it, unless it is the default. */
const idleGeometry = (config: TrainConfig, known: Catalogues): Reasons => {
  const { measureLambda, metric, policy } = config
  const all = familiesIn(config, known)
  const text = [...new Set(all.map(({ symbol }) => symbol))].join("+")
  const isFree = all.every((family) => holds(family, ({ norms }) => !Number.isFinite(norms.frobenius.max)))
  const unscaled = `norms of matrices on ${text} have no bound, so that their weights are not rescaled`
  return [
    ...(isFree && policy !== "unit" ? [["policy", unscaled] as const] : []),
    ...(isFree && !measureLambda ? [["measureLambda", unscaled] as const] : []),
    ...(isFree && metric === "weights" ? [["metric", unscaled] as const] : []),
    ...(!measureLambda && policy === "unclamped"
      ? [["policy", "unclamped is unit where λ is not measured"] as const]
      : []),
    ...(all.every((family) => holds(family, ({ curvature }) => curvature.max <= 0))
      ? [["rho", `no manifold of ${text} has a curvature above 0`] as const]
      : [])
  ]
}

/** Where nothing between them depends on the length of a direction, it is all one what comes first. */
const idleOrder = ({ clip, ratesAfterRule, rule }: TrainConfig, hasNoRule: boolean): Reasons =>
  ratesAfterRule === true && clip === undefined && (hasNoRule || rule === "plain")
    ? [["ratesAfterRule", "steps are in proportion to their directions, so that it is all one where rates scale them"]]
    : []

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
    ...idleGeometry(config, known),
    ...idleOrder(config, ignored.includes("rule")),
    ...Catalogue.idle(known.optimizers, "optimizer", optimizer),
    ...Schedules.idle(schedule, known.schedules),
    ...Catalogue.idle(known.losses, "loss", loss),
    ...Catalogue.idle(known.models, "model", model),
    ...Catalogue.idle(known.variations, "variation", ...config.vary ?? []),
    ...Catalogue.idle(known.measures, "measure", ...config.measures ?? []),
    ...idleWatch(config),
    ...((config.measures ?? []).length === 0 && !config.measureBounds
      ? [["measuresEvery", "nothing else is measured"] as const]
      : []),
    // Directories have sizes and targets, too.
    ...[...Catalogue.idle(known.datasets, "dataset", dataset)].filter(([key]) =>
      Object.hasOwn(known.datasets, dataset) || !Object.hasOwn(Datasets.parameters, key)
    ),
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
