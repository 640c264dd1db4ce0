import type * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import * as Collection from "../collections/Collection.ts"
import * as Renormalization from "../collections/Renormalization.ts"
import type * as Specification from "../collections/Specification.ts"
import { bindWeight, type BoundWeight, parsed, specificationByDefault, trainableWeights } from "./boundWeights.ts"
import type { ConstrainedLayer, Network, NetworkOptions, NetworkPoint, NetworkWeights } from "./constrained.ts"
import { leftOut } from "./declarations/leftOut.ts"
import { refusalOf } from "./declarations/refusals.ts"
import { DeclarationRefused } from "./declarations/Refused.ts"
import { settle } from "./declarations/settle.ts"
import { isEuclidean } from "./declarations/twice.ts"
import { nothingConstrained, unconstrainedLayers } from "./declarations/unconstrained.ts"
import * as Layers from "./Layers.ts"
import { named, refusedOverride } from "./names.ts"
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
export { LoadedOptimizer } from "./LoadedOptimizer.ts"
export {
  NetworkOptimizer,
  type NetworkOptimizerSettings,
  optimizer,
  type RenormalizationInputs
} from "./NetworkOptimizer.ts"
export { PlanError } from "./PlanError.ts"
export { planLayer } from "./planLayer.ts"
export { inputChannels, scaling } from "./scaling.ts"

/** The layers that are on manifolds, with the places of their variable and of their first leaf in ω. */
const constrainedLayers = (weights: ReadonlyArray<BoundWeight>): ReadonlyArray<ConstrainedLayer> => {
  const leaves = weights.map(({ plan }) => plan?.kinds.length ?? 1)
  return weights.flatMap(({ plan }, variable) =>
    plan === undefined
      ? []
      : [{ ...plan, variable, leaf: leaves.slice(0, variable).reduce((sum, own) => sum + own, 0) }]
  )
}

/** All weights as one problem: a point of ω, and a weight, for every variable. */
const problemOf = (weights: ReadonlyArray<BoundWeight>): Network["problem"] => ({
  collection: Collection.join<NetworkPoint>(...weights.map(({ bound }) => bound.collection)),
  arrangement: {
    shape: weights.map(({ variable }) => variable.shape),
    from: (values: NetworkWeights) => weights.map(({ bound }, i) => bound.arrangement.from(values[i]!)),
    to: (points: NetworkPoint) => weights.map(({ bound }, i) => bound.arrangement.to(points[i]!))
  }
})

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
 * penalties of weights are part of the loss, frozen layers stay frozen, a manifold that was asked for and has no
 * kernel is refused. `unconstrained` says which layers are on no manifold, and why.
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
  const { policy = Renormalization.unit, seed = 0 } = options
  settle(model)
  const byName = yield* Effect.fromResult(named(model))
  const refused = refusedOverride(model, byName, options) ?? refusalOf(model, byName)
  if (refused !== undefined) return yield* refused
  const tooSmall = windowProblem(model)
  if (tooSmall !== undefined) return yield* tooSmall
  Layers.accelerate(model)
  const weights = yield* Effect.forEach(trainableWeights(model, byName), (weight) => bindWeight(weight, options))
  const layers = constrainedLayers(weights)
  const asked = yield* Effect.fromResult(parsed(options.specification ?? "Euc"))
  if (layers.length === 0 && !isEuclidean(asked)) return yield* nothingConstrained(asked, byName, options.classes)
  const without = leftOut(layers, options.specification === undefined ? specificationByDefault : undefined)
  if (without !== undefined) return yield* without
  return {
    model,
    variables: weights.map(({ variable }) => variable),
    layers,
    unconstrained: unconstrainedLayers(byName, layers, options.classes),
    policy,
    seed,
    problem: problemOf(weights)
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
