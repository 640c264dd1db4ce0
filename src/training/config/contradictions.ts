/** Settings that are each in order but exclude each other. */
import * as Result from "effect/Result"
import type * as Catalogue from "../../choices/Catalogue.ts"
import * as Specification from "../../collections/Specification.ts"
import type * as Manifold from "../../geometry/Manifold.ts"
import * as Optimizers from "../../optimizer/catalogue.ts"
import * as Schedules from "../../optimizer/schedules.ts"
import type { Catalogues } from "../Catalogues.ts"
import * as Controls from "../Controls.ts"
import type { TrainConfig } from "./schema.ts"

/** Whether something is so of the 3×3 matrices of a family, the size of most kernels; not of one that has none. */
export const holds = ({ at }: Manifold.Family, of: (manifold: Manifold.Manifold) => boolean): boolean =>
  Result.match(at([3, 3]), { onFailure: () => false, onSuccess: of })

/** Whether their sectional curvature has no bound. */
const isUnbounded = (family: Manifold.Family): boolean =>
  holds(family, ({ curvature }) => !Number.isFinite(curvature.max))

const familiesOf = (text: string, { manifolds }: Catalogues): ReadonlyArray<Manifold.Family> =>
  Result.getOrElse(Specification.parse(text, manifolds), () => [] as ReadonlyArray<Manifold.Family>)

/** All families that stand in the settings, of layers that differ as well. */
export const familiesIn = ({ collection, layers }: TrainConfig, known: Catalogues): ReadonlyArray<Manifold.Family> =>
  [collection, ...Object.values(layers).map((layer) => layer.collection ?? collection)]
    .flatMap((text) => familiesOf(text, known))

/** Settings that the optimizer does not know. */
export const ignoredBy = (
  { optimizer = "fg-sgd" }: TrainConfig,
  { optimizers }: { readonly optimizers: Catalogue.Catalogue<Optimizers.Entry> }
): ReadonlyArray<"momentum" | "rule"> => optimizers[optimizer]?.ignores ?? []

/** Why a schedule is longer than the run, as far as the number of epochs tells. */
const tooLong = ({ epochs, schedule, ...config }: TrainConfig, known: Catalogues): ReadonlyArray<string> => {
  const stepsPerEpoch = 2 ** 24
  try {
    Schedules.make(schedule, { rate: 1, steps: epochs * stepsPerEpoch, stepsPerEpoch }, config, known.schedules)
    return []
  } catch (error) {
    return [(error as Schedules.ScheduleError).message]
  }
}

/** Settings that are each in order but exclude each other. */
export const contradictions = (config: TrainConfig, known: Catalogues): ReadonlyArray<string> => {
  const { average, batchSize, evaluate, patience, plateau, rates, ratesAfterRule, rho, rule } = config
  const { testEvery = 1, vary = [], watch = "test-loss" } = config
  const all = familiesIn(config, known)
  const unrecommended = Optimizers.recommendedProblem(config.optimizer ?? "fg-sgd", config, known.optimizers)
  const unbounded = [...new Set(all.filter(isUnbounded).map(({ symbol }) => symbol))]
  return [
    ...tooLong(config, known),
    ...(rho !== undefined && rule === "plain" ? ["rho is set, but the plain rule knows none"] : []),
    ...(ratesAfterRule !== undefined && Object.keys(rates ?? {}).length === 0
      ? ["ratesAfterRule is set, but there are no rates"]
      : []),
    ...(unrecommended === undefined ? [] : [unrecommended]),
    ...(testEvery > 1 && Controls.isOfTests(watch) && (patience ?? plateau) !== undefined
      ? [
        `${
          patience === undefined ? "plateau" : "patience"
        } counts epochs by their tests, and testEvery leaves tests out`
      ]
      : []),
    ...(batchSize === 1 && vary.includes("mixup") ? ["mixup mixes images of a batch, and batchSize is 1"] : []),
    ...(batchSize === 1 && config.loss === "supervised-contrastive"
      ? ["supervised-contrastive compares images of a batch, and batchSize is 1"]
      : []),
    ...(evaluate !== undefined && average === undefined ? ["evaluate is set, but there is no average"] : []),
    ...(rule === "curvatureAware" && !ignoredBy(config, known).includes("rule") && unbounded.length > 0
      ? [
        `${
          unbounded.join(" and ")
        } has no bound of its sectional curvature, which the curvature-aware rule needs: set rule to "plain"`
      ]
      : [])
  ]
}
