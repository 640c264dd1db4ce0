import type * as tf from "@tensorflow/tfjs-core"
import type * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Collection from "../collections/Collection.ts"
import * as Grouping from "../collections/Grouping.ts"
import { kernelArrangement } from "../collections/matricized.ts"
import * as Renormalization from "../collections/Renormalization.ts"
import * as Specification from "../collections/Specification.ts"
import * as Seed from "../numerics/Seed.ts"
import { type Bound, composed, reshaped, unconstrained } from "./bound.ts"
import type { ConstrainedLayer, Network, NetworkPoint, NetworkWeights, Options } from "./constrained.ts"
import { kernelClasses } from "./kernelClasses.ts"
import * as Layers from "./Layers.ts"
import { named, unknownLayer, weightName } from "./names.ts"
import { PlanError } from "./PlanError.ts"
import { planLayer } from "./planLayer.ts"
import { windowProblem } from "./windows.ts"

export type {
  ConstrainedLayer,
  Kind,
  LayerOptions,
  Network,
  NetworkPoint,
  NetworkWeights,
  Options
} from "./constrained.ts"
export { deviations } from "./features.ts"
export { geometry } from "./fingerprint.ts"
export { type LargestNorm, largestNorms } from "./largestNorms.ts"
export { PlanError } from "./PlanError.ts"
export { planLayer } from "./planLayer.ts"
export { scaling } from "./scaling.ts"

const variableOf = (weight: tfl.LayerVariable) => weight.read() as tf.Variable

const parsed = (
  specification: Specification.Specification | string
): Result.Result<Specification.Specification, Specification.SpecificationError> =>
  typeof specification === "string" ? Specification.parse(specification) : Result.succeed(specification)

/**
 * Gives the convolution kernels of any LayersModel collections of POMs; everything else (biases, batch normalization, dense and
 * other kernels) stays Euclidean. Conv1D, Conv2D and Dense kernels can be constrained, dense ones by `overrides`; those of models within
 * the model, and of `timeDistributed` layers, as well. Where layers of different models share a name, they go by the names of their
 * models and their own, as in `base/conv`; such a model trains, but TensorFlow.js does not load it again once it is saved.
 *
 * The network shares the model's variables: freeing one frees the other.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as tfl from "@tensorflow/tfjs-layers"
 * import { Network } from "finegrain"
 * const base = tfl.sequential({ layers: [
 *   tfl.layers.conv2d({ inputShape: [8, 8, 4], filters: 6, kernelSize: 3, name: "conv" })
 * ] })
 * const model = tfl.sequential({ layers: [base, tfl.layers.flatten(), tfl.layers.dense({ units: 2, name: "head" })] })
 * const network = await Effect.runPromise(Network.make(model, { specification: "Sp+St", seed: 1 }))
 * network.layers.map(({ name, groups }) => [name, groups.length]) // => [["conv", 10]]
 * ```
 */
export const make = Effect.fnUntraced(function*(
  model: tfl.LayersModel,
  options: Options = {}
): Effect.fn.Return<Network, PlanError | Specification.SpecificationError> {
  const { overrides = {}, policy = Renormalization.unit, seed = 0 } = options
  const byName = yield* Effect.fromResult(named(model))
  const tooSmall = windowProblem(model)
  if (tooSmall !== undefined) return yield* tooSmall
  const unknown = Object.keys(overrides).find((name) => !byName.has(name))
  if (unknown !== undefined) return yield* unknownLayer(model, byName, unknown)
  Layers.accelerate(model)
  // A model that is frozen as a whole says so itself, not by its layers' weights.
  const trainable = new Set(model.trainableWeights)
  const bounds: Array<Bound> = []
  const variables: Array<tf.Variable> = []
  const layers: Array<ConstrainedLayer> = []
  let leaf = 0
  for (const [name, layer] of byName) {
    const own = overrides[name]
    const toKernel = kernelClasses[layer.getClassName()]
    if (own !== undefined && toKernel === undefined) {
      return yield* new PlanError({
        layer: name,
        reason: `a ${layer.getClassName()} layer has no kernel that can be constrained`,
        workable: [...byName].filter(([, l]) => l.getClassName() in kernelClasses).map(([name]) => name)
      })
    }
    const wanted = own !== undefined || (toKernel !== undefined && layer.getClassName() !== "Dense")
    for (const [position, weight] of layer.trainableWeights.filter((w) => trainable.has(w)).entries()) {
      const variable = variableOf(weight)
      if (wanted && position === 0) {
        const settings = { specification: "Sp+Ob+St+Euc", strategy: Grouping.PIO(), ...options, ...own }
        const specification = yield* Effect.fromResult(parsed(settings.specification))
        const shape = toKernel!(variable.shape)
        const plan = yield* Effect.fromResult(
          planLayer(name, shape, { ...settings, specification }, Seed.split(seed, name))
        )
        const kernel = reshaped(kernelArrangement(plan.matricization, shape), shape, variable.shape)
        bounds.push({ collection: plan.collection, arrangement: composed(plan.arrangement, kernel) })
        layers.push({
          name,
          layer,
          shape,
          matricization: plan.matricization,
          specification,
          strategy: settings.strategy,
          groups: plan.groups,
          kinds: plan.kinds,
          variable: variables.length,
          leaf
        })
        leaf += plan.kinds.length
      } else {
        bounds.push(unconstrained(weightName(name, layer, weight), variable.shape))
        leaf += 1
      }
      variables.push(variable)
    }
  }
  return {
    model,
    variables,
    layers,
    policy,
    seed,
    problem: {
      collection: Collection.join<NetworkPoint>(...bounds.map(({ collection }) => collection)),
      arrangement: {
        shape: variables.map(({ shape }) => shape),
        from: (weights) => bounds.map(({ arrangement }, i) => arrangement.from(weights[i]!)),
        to: (points) => bounds.map(({ arrangement }, i) => arrangement.to(points[i]!))
      }
    }
  }
})

/**
 * Writes weights into the model's variables.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import * as tfl from "@tensorflow/tfjs-layers"
 * import * as Effect from "effect/Effect"
 * import { Network } from "finegrain"
 * const model = tfl.sequential({ layers: [tfl.layers.conv2d({ inputShape: [6, 6, 2], filters: 2, kernelSize: 3, useBias: false })] })
 * const network = await Effect.runPromise(Network.make(model, { specification: "Sp" }))
 * Network.assign(network, network.variables.map((v) => tf.onesLike(v)))
 * network.variables[0]!.dataSync()[0] // => 1
 * ```
 */
export const assign = ({ variables }: Network, weights: NetworkWeights): void => {
  for (const [i, variable] of variables.entries()) variable.assign(weights[i]!)
}
