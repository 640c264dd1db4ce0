import type * as tf from "@tensorflow/tfjs-core"
import type * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Collection from "../collections/Collection.ts"
import * as Grouping from "../collections/Grouping.ts"
import * as Renormalization from "../collections/Renormalization.ts"
import * as Specification from "../collections/Specification.ts"
import * as Seed from "../numerics/Seed.ts"
import { bind, type Bound, labelled, unconstrained } from "./bound.ts"
import type { ConstrainedLayer, Network, NetworkOptions, NetworkPoint, NetworkWeights } from "./constrained.ts"
import { constraintOf } from "./declarations/private.ts"
import { refusalOf } from "./declarations/refusals.ts"
import { DeclarationRefused } from "./declarations/Refused.ts"
import { settle } from "./declarations/settle.ts"
import { constrainedTwice, isEuclidean } from "./declarations/twice.ts"
import { nothingConstrained, unconstrainedLayers } from "./declarations/unconstrained.ts"
import { classOf, ownName } from "./kernelClasses.ts"
import { labels } from "./labels.ts"
import * as Layers from "./Layers.ts"
import { named, refusedOverride, weightName } from "./names.ts"
import type { PlanError } from "./PlanError.ts"
import { windowProblem } from "./windows.ts"

export type {
  ConstrainedLayer,
  Kind,
  LayerOptions,
  Network,
  NetworkOptions,
  NetworkPoint,
  NetworkWeights
} from "./constrained.ts"
export { DeclarationRefused }
export type { Unconstrained } from "./declarations/unconstrained.ts"
export { deviations } from "./features.ts"
export { fingerprint } from "./fingerprint.ts"
export type { Entering, LayerClass, LayerKernel, OwnClasses } from "./kernelClasses.ts"
export { type LargestNorm, largestNorms } from "./largestNorms.ts"
export { PlanError } from "./PlanError.ts"
export { planLayer } from "./planLayer.ts"
export { inputChannels, scaling } from "./scaling.ts"

const variableOf = (weight: tfl.LayerVariable) => weight.read() as tf.Variable

const parsed = (
  specification: Specification.Specification | string
): Result.Result<Specification.Specification, Specification.SpecificationError> =>
  typeof specification === "string" ? Specification.parse(specification) : Result.succeed(specification)

/**
 * Gives the convolution kernels of any LayersModel collections of POMs; everything else (biases, batch normalization,
 * …) stays Euclidean.
 *
 * | layers | kernels | constrained |
 * | --- | --- | --- |
 * | `conv1d`, `conv2d`, `conv3d`, `conv2dTranspose`, `conv3dTranspose` | `kernel` | yes |
 * | `depthwiseConv2d` | `depthwise_kernel`, a block for each channel | yes |
 * | `separableConv2d` | `depthwise_kernel`, `pointwise_kernel` | yes |
 * | `dense` | `kernel` | by `overrides` |
 * | `embedding` | `embeddings`, rows | by `overrides` |
 * | `simpleRNN`, `gru`, `lstm`, `convLstm2d`, their cells | `kernel`, `recurrent_kernel` by gates | by `overrides` |
 * | `Models.groupedConv2d` | `kernel`, a block for each group of channels | yes |
 * | own classes | those that `classes` says | as it says |
 *
 * `overrides` call a layer by its name, and one of several kernels as in `lstm/recurrent_kernel`. Layers of models
 * within the model, of `timeDistributed`, `bidirectional` and `rnn` ones, and within layers of own classes, count as
 * well. Where layers of different models share a name, they go by the names of their models and their own, as in
 * `base/conv`; such a model trains, but TensorFlow.js does not load it again once it is saved.
 *
 * What else the layers declare is honoured or refused by name: constraints of Euclidean weights hold after every step,
 * penalties of weights are part of the loss, frozen layers stay frozen. `unconstrained` says which layers are on no
 * manifold, and why.
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
  options: NetworkOptions = {}
): Effect.fn.Return<Network, DeclarationRefused | PlanError | Specification.SpecificationError> {
  const { overrides = {}, policy = Renormalization.unit, seed = 0 } = options
  settle(model)
  const byName = yield* Effect.fromResult(named(model))
  const refused = refusedOverride(model, byName, options) ?? refusalOf(model, byName)
  if (refused !== undefined) return yield* refused
  const tooSmall = windowProblem(model)
  if (tooSmall !== undefined) return yield* tooSmall
  Layers.accelerate(model)
  // A model that is frozen as a whole says so itself, not by its layers' weights.
  const trainable = new Set(model.trainableWeights)
  const bounds: Array<Bound> = []
  const variables: Array<tf.Variable> = []
  const layers: Array<ConstrainedLayer> = []
  let leaf = 0
  for (const [layerName, layer] of byName) {
    const { byDefault, kernels } = classOf(layer, options.classes)
    for (const weight of layer.trainableWeights) {
      // Also those of layers that it holds, which came before it.
      if (!trainable.delete(weight)) continue
      const variable = variableOf(weight)
      const constraint = constraintOf(weight)
      const kernel = kernels.find((kernel) => kernel.weight === ownName(weight))
      const own = [overrides[layerName], overrides[`${layerName}/${kernel?.weight}`]].filter((o) => o !== undefined)
      const settings: NetworkOptions = Object.assign({}, options, ...own)
      const specification = yield* Effect.fromResult(parsed(settings.specification ?? "Sp+Ob+St+Euc"))
      // A kernel in Euclidean space is as free as a constraint of its own leaves it.
      const isFree = constraint !== undefined && isEuclidean(specification)
      if (kernel !== undefined && (byDefault || own.length > 0) && !isFree) {
        const name = kernels.length === 1 ? layerName : `${layerName}/${kernel.weight}`
        const bound = yield* Effect.fromResult(
          bind(
            { ...settings, specification, strategy: settings.strategy ?? Grouping.PIO() },
            kernel,
            name,
            variable.shape,
            Seed.split(seed, name)
          )
        )
        const twice = constrainedTwice(name, layer, weight, bound.plan.kinds)
        if (twice !== undefined) return yield* twice
        const symbols = new Map(bound.plan.kinds.map(({ manifold, symbol }) => [manifold.name, symbol]))
        bounds.push(labelled(bound, ({ manifold }) => labels(layerName, layer, kernel.weight, symbols.get(manifold)!)))
        layers.push({ ...bound.plan, name, layer, kernel, variable: variables.length, leaf })
        leaf += bound.plan.kinds.length
      } else {
        const free = unconstrained(weightName(layerName, layer, weight), variable.shape, constraint)
        bounds.push(labelled(free, () => labels(layerName, layer, ownName(weight), "Euc")))
        leaf += 1
      }
      variables.push(variable)
    }
  }
  const asked = yield* Effect.fromResult(parsed(options.specification ?? "Euc"))
  if (layers.length === 0 && !isEuclidean(asked)) return yield* nothingConstrained(asked, byName, options.classes)
  return {
    model,
    variables,
    layers,
    unconstrained: unconstrainedLayers(byName, layers, options.classes),
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
 * const conv = tfl.layers.conv2d({ inputShape: [6, 6, 2], filters: 2, kernelSize: 3, useBias: false })
 * const model = tfl.sequential({ layers: [conv] })
 * const network = await Effect.runPromise(Network.make(model, { specification: "Sp" }))
 * Network.assign(network, network.variables.map((v) => tf.onesLike(v)))
 * network.variables[0]!.dataSync()[0] // => 1
 * ```
 */
export const assign = ({ variables }: Network, weights: NetworkWeights): void => {
  for (const [i, variable] of variables.entries()) variable.assign(weights[i]!)
}
