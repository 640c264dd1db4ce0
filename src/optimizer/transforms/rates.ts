/** Learning rates per manifold, kind of parameter and layer. */
import * as tf from "@tensorflow/tfjs-core"
import * as Collection from "../../collections/Collection.ts"
import type { PerPom } from "../PerPom.ts"
import { perPom } from "./perPom.ts"

/** Factors of the learning rate by label: a manifold's symbol, a kind of parameter, or `layers/` and a layer's name. */
export type Rates = Readonly<Record<string, number>>

const labelsIn = (poms: ReadonlyArray<Collection.Pom>) => [...new Set(poms.flatMap(Collection.labelsOf))]

/** The product of all rates that a POM's labels have. */
const rateOf = (rates: Rates, pom: Collection.Pom): number =>
  Collection.labelsOf(pom).reduce((product, label) => product * (rates[label] ?? 1), 1)

/**
 * Learning rates of their own for manifolds, kinds of parameters and layers: every POM's part times the product of the
 * rates of its labels.
 *
 * Before the curvature-aware rule, R is the norm of what will move and ‖v‖ ≤ r/(2ρ + R) binds; after it the bound
 * becomes k·r/(2ρ + R). Labels of a network's POMs: `Sp`, `St`, …; `kernel`, `bias`, `normalization`, `dense`, `other`;
 * `layers/NAME`.
 *
 * @throws RangeError for a rate that is not positive and finite. Optimizers refuse labels that no POM has.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, Sphere, Transform, Transforms } from "finegrain"
 * const at = { step: 0, x: tf.tensor2d([[1], [0]]), collection: Collection.pom(Sphere.make([2, 1])), scaling: [] }
 * const { direction } = Transforms.rates({ Sp: 40 }).update(tf.tensor2d([[0], [0.5]]), Transform.stateless, at)
 * direction!.dataSync()[1] // => 20
 * ```
 */
export const rates = (byLabel: Rates): PerPom => {
  const wrong = Object.entries(byLabel).find(([, rate]) => !(rate > 0 && Number.isFinite(rate)))
  if (wrong !== undefined) {
    throw new RangeError(`the rate of ${wrong[0]} must be positive and finite, and is ${wrong[1]}`)
  }
  return perPom("rates", (_norms, { poms }) => ({
    factors: tf.tensor1d(poms.map((pom) => rateOf(byLabel, pom)))
  }), {
    refuses: ({ poms }) => {
      const known = labelsIn(poms)
      const unknown = Object.keys(byLabel).filter((label) => !known.includes(label))
      return unknown.length === 0
        ? undefined
        : `no POM goes by ${unknown.map((label) => `"${label}"`).join(", ")}: there is ${known.join(", ")}`
    }
  })
}
