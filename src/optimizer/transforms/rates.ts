/** Learning rates per manifold, kind of parameter and layer, and those that a network recommends. */
import * as tf from "@tensorflow/tfjs-core"
import * as Collection from "../../collections/Collection.ts"
import type { PerPom } from "../PerPom.ts"
import { perPom } from "./perPom.ts"

/**
 * Factors of the learning rate by label: a manifold's symbol, `curved`, a kind of parameter, or `layers/` and a layer's
 * name. `recommended` is a factor of the rates that the network recommends.
 */
export type Rates = Readonly<Record<string, number>>

/** Rates, or in one word those that the network recommends, as they are. */
export type SaidRates = Rates | "recommended"

/** The label under which rates name the network's own. */
export const recommended = "recommended"

/** Rates by label, none where nothing is said. */
export const byLabel = (said: SaidRates = {}): Rates => said === recommended ? { [recommended]: 1 } : said

const labelsIn = (poms: ReadonlyArray<Collection.Pom>) => [...new Set(poms.flatMap(Collection.labelsOf))]

/** The product of all rates that a POM's labels have, and of what is recommended for it where that is asked for. */
export const factorOf = (said: SaidRates | undefined, pom: Collection.Pom): number => {
  const rates = byLabel(said)
  const factor = rates[recommended]
  const own = factor === undefined || pom.recommended === undefined ? 1 : factor * pom.recommended
  return Collection.labelsOf(pom).reduce((product, label) => product * (rates[label] ?? 1), own)
}

/** Why POMs cannot have these rates. */
const refusal = (rates: Rates, poms: ReadonlyArray<Collection.Pom>): string | undefined => {
  if (rates[recommended] !== undefined && poms.every((pom) => pom.recommended === undefined)) {
    return "no POM has a recommended rate: networks recommend them for kernels on manifolds whose norms are bounded"
  }
  const known = labelsIn(poms)
  const unknown = Object.keys(rates).filter((label) => label !== recommended && !known.includes(label))
  return unknown.length === 0
    ? undefined
    : `no POM goes by ${unknown.map((label) => `"${label}"`).join(", ")}: there is ${known.join(", ")}`
}

/**
 * Learning rates of their own for manifolds, kinds of parameters and layers: every POM's part times the product of the
 * rates of its labels, and with `recommended` times what its network recommends, so that `{ recommended: 2, St: 3 }`
 * are six times the recommended rates for Stiefel matrices, and twice for the others.
 *
 * What is recommended lets a filter with kernels on manifolds turn as far per step as a Euclidean one at the same
 * learning rate: below a normalization, where ‖∂L/∂F‖ is in proportion to 1/‖F‖, k = ‖F‖²/(‖F_E‖²·γ²) for a filter of
 * ‖F‖² = Σγ²‖ω‖² over its kernels and He's Euclidean one of ‖F_E‖² = 1.55; elsewhere k = 1/γ², so that W moves as far.
 * Euclidean POMs keep the learning rate. Only what is tangent is followed, so that an isotropic gradient turns a filter
 * by √(dim/mn) of that, and a normalization's ε must be small beside the variance that it normalizes.
 *
 * Before the curvature-aware rule, R is the norm of what will move and ‖v‖ ≤ r/(2ρ + R) binds; after it the bound
 * becomes k·r/(2ρ + R). Labels of a network's POMs: `Sp`, `St`, …; `curved`; `kernel`, `bias`, `normalization`,
 * `dense`, `other`; `layers/NAME`.
 *
 * @throws RangeError for a rate that is not positive and finite. Optimizers refuse labels that no POM has, and
 * `recommended` where no POM has a recommended rate.
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
export const rates = (said: SaidRates): PerPom => {
  const given = byLabel(said)
  const wrong = Object.entries(given).find(([, rate]) => !(rate > 0 && Number.isFinite(rate)))
  if (wrong !== undefined) {
    throw new RangeError(`the rate of ${wrong[0]} must be positive and finite, and is ${wrong[1]}`)
  }
  return perPom("rates", (_norms, { poms }) => ({
    factors: tf.tensor1d(poms.map((pom) => factorOf(given, pom)))
  }), { refuses: ({ poms }) => refusal(given, poms) })
}
