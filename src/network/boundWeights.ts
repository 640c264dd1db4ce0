/** The trainable weights of a model, each on its manifolds or free, as its class and the overrides say. */
import type * as tf from "@tensorflow/tfjs-core"
import type * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Grouping from "../collections/Grouping.ts"
import * as Renormalization from "../collections/Renormalization.ts"
import * as Specification from "../collections/Specification.ts"
import * as Seed from "../numerics/Seed.ts"
import { bind, type Bound, labelled, unconstrained } from "./bound.ts"
import type { ConstrainedLayer, NetworkOptions } from "./constrained.ts"
import { constraintOf } from "./declarations/private.ts"
import type { DeclarationRefused } from "./declarations/Refused.ts"
import { constrainedTwice, isEuclidean } from "./declarations/twice.ts"
import { classOf, type LayerKernel, ownName } from "./kernelClasses.ts"
import { labels } from "./labels.ts"
import { weightName } from "./names.ts"
import type { PlanError } from "./PlanError.ts"
import { groupName } from "./planLayer.ts"
import { isNormalized, recommendedRates } from "./recommendedRates.ts"

/** The specification of who gives none. */
export const specificationByDefault = "Sp+Ob+St+Euc"

/** A weight, and the layer that has it. */
interface OwnWeight {
  readonly layerName: string
  readonly layer: tfl.layers.Layer
  readonly weight: tfl.LayerVariable
}

/** A variable on its manifolds, and how its kernel is constrained, where it is. */
export interface BoundWeight {
  readonly bound: Bound
  readonly variable: tf.Variable
  readonly plan?: Omit<ConstrainedLayer, "variable" | "leaf">
}

/** A specification from its text, or as it is. */
export const parsed = (
  specification: Specification.Specification | string
): Result.Result<Specification.Specification, Specification.SpecificationError> =>
  typeof specification === "string" ? Specification.parse(specification) : Result.succeed(specification)

/**
 * The weights that are trained, layer by layer; those of layers within layers once. A model that is frozen as a whole
 * says so itself, not by its layers' weights.
 */
export const trainableWeights = (
  model: tfl.LayersModel,
  byName: ReadonlyMap<string, tfl.layers.Layer>
): ReadonlyArray<OwnWeight> => {
  const left = new Set(model.trainableWeights)
  return [...byName].flatMap(([layerName, layer]) =>
    layer.trainableWeights.filter((weight) => left.delete(weight)).map((weight) => ({ layerName, layer, weight }))
  )
}

/** The settings of a weight: the network's, then those of its layer, then its own; and whether there are such. */
const settingsOf = ({ layerName }: OwnWeight, kernel: LayerKernel | undefined, options: NetworkOptions) => {
  const { overrides = {} } = options
  const own = [overrides[layerName], overrides[`${layerName}/${kernel?.weight}`]].filter((o) => o !== undefined)
  const settings: NetworkOptions = Object.assign({}, options, ...own)
  return { settings, overridden: own.length > 0 }
}

/** A weight that takes every value, or all that a constraint of TensorFlow.js leaves it. */
const free = ({ layer, layerName, weight }: OwnWeight, variable: tf.Variable): BoundWeight => {
  const bound = unconstrained(weightName(layerName, layer, weight), variable.shape, constraintOf(weight))
  return { variable, bound: labelled(bound, () => labels(layerName, layer, ownName(weight), "Euc")) }
}

/** A weight as the options have it. */
export const bindWeight = Effect.fnUntraced(function*(own: OwnWeight, options: NetworkOptions): Effect.fn.Return<
  BoundWeight,
  DeclarationRefused | PlanError | Specification.SpecificationError
> {
  const { layer, layerName, weight } = own
  const variable = weight.read() as tf.Variable
  const { byDefault, kernels } = classOf(layer, options.classes)
  const kernel = kernels.find((kernel) => kernel.weight === ownName(weight))
  const { overridden, settings } = settingsOf(own, kernel, options)
  const specification = yield* Effect.fromResult(parsed(settings.specification ?? specificationByDefault))
  // A kernel in Euclidean space is as free as a constraint of its own leaves it.
  const isFree = constraintOf(weight) !== undefined && isEuclidean(specification)
  if (kernel === undefined || !(byDefault || overridden) || isFree) return free(own, variable)
  const name = kernels.length === 1 ? layerName : `${layerName}/${kernel.weight}`
  const { plan, ...bound } = yield* Effect.fromResult(bind(
    { ...settings, specification, strategy: settings.strategy ?? Grouping.PIO() },
    kernel,
    name,
    variable.shape,
    Seed.split(options.seed ?? 0, name)
  ))
  const twice = constrainedTwice(name, layer, weight, plan.kinds)
  if (twice !== undefined) return yield* twice
  const symbols = new Map(plan.kinds.map(({ manifold, symbol }) => [manifold.name, symbol]))
  const labelsOf = ({ manifold }: { readonly manifold: string }) =>
    labels(layerName, layer, kernel.weight, symbols.get(manifold)!)
  const { gamma } = settings.policy ?? Renormalization.unit
  const factors = recommendedRates(plan, gamma, isNormalized(layer))
  const rates = new Map(factors.map((factor, i) => [groupName(name, i), factor]))
  return {
    variable,
    bound: labelled(bound, labelsOf, (pom) => rates.get(pom.name)),
    plan: { ...plan, name, layer, kernel }
  }
})
