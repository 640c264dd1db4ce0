import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import * as Renormalization from "../collections/Renormalization.ts"
import * as Tensors from "../numerics/Tensors.ts"
import type { Network } from "./constrained.ts"
import { applicationsOf, distributed, isModel, leavesOf } from "./layers/graph.ts"

type Features = Map<tfl.layers.Layer, ReadonlyArray<tf.Tensor>>

/** Finds the features that enter layers where a model gets these inputs: at every place where it applies them, models within it included. */
const collectFeatures = (
  model: tfl.LayersModel,
  inputs: tf.Tensor | Array<tf.Tensor>,
  wanted: ReadonlySet<tfl.layers.Layer>,
  found: Features
): void => {
  const leads = (layer: tfl.layers.Layer): boolean =>
    wanted.has(layer) || (isModel(layer) && leavesOf(layer).some((leaf) => wanted.has(leaf.layer)))
  const places = applicationsOf(model).map(({ inputs, layer }) => {
    const inner = distributed(layer)
    return { layer: inner ?? layer, inputs, everyStep: inner !== undefined }
  }).filter(({ layer }) => leads(layer))
  const symbols = [...new Set(places.flatMap(({ inputs }) => inputs))]
  if (symbols.length === 0) return
  const values = [tfl.model({ inputs: model.inputs, outputs: symbols }).predict(inputs)].flat()
  for (const { everyStep, inputs, layer } of places) {
    const entering = inputs.map((input) => {
      const value = values[symbols.indexOf(input)]!
      // [batch, time, …]: every step of every sample is a sample of its own.
      return everyStep ? tf.reshape(value, [-1, ...value.shape.slice(2)]) : value
    })
    if (isModel(layer)) collectFeatures(layer, entering, wanted, found)
    else found.set(layer, [...(found.get(layer) ?? []), ...entering])
  }
}

/** λ of features; of those at several places, over all of them. */
const deviationsOf = (features: ReadonlyArray<tf.Tensor>): tf.Tensor1D =>
  Renormalization.deviations(
    features.length === 1 ? features[0]! : tf.concat(features.map((x) => tf.reshape(x, [-1, x.shape.at(-1)!])))
  )

/**
 * λ of every constrained layer per input channel, from the features that a batch of inputs causes now; of a layer that the model applies at
 * several places, from the features at all of them.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import * as tfl from "@tensorflow/tfjs-layers"
 * import * as Effect from "effect/Effect"
 * import { Network } from "finegrain"
 * const model = tfl.sequential({ layers: [tfl.layers.conv2d({ inputShape: [6, 6, 2], filters: 2, kernelSize: 3, useBias: false })] })
 * const network = await Effect.runPromise(Network.make(model, { specification: "Sp" }))
 * const pixels = tf.concat([tf.zeros([1, 6, 6, 2]), tf.fill([1, 6, 6, 2], 6)])
 * const [lambdas] = await Effect.runPromise(Network.deviations(network, pixels))
 * [...lambdas!] // => [3, 3]
 * ```
 */
export const deviations = (
  { layers, model }: Network,
  inputs: tf.Tensor
): Effect.Effect<ReadonlyArray<Float32Array>, Tensors.ReadFailed> =>
  layers.length === 0 ? Effect.succeed([]) : Effect.scoped(Effect.gen(function*() {
    const lambdas = yield* Tensors.scoped(() => {
      const features: Features = new Map()
      collectFeatures(model, inputs, new Set(layers.map(({ layer }) => layer)), features)
      // Layers that the same features enter have one λ.
      const known = new Map<string, tf.Tensor1D>()
      return layers.map(({ layer }) => {
        const entering = features.get(layer)!
        const key = entering.map(({ id }) => id).join()
        const lambda = known.get(key) ?? deviationsOf(entering)
        known.set(key, lambda)
        return lambda
      })
    })
    const read = new Map<tf.Tensor, Float32Array>()
    for (const lambda of new Set(lambdas)) read.set(lambda, yield* Tensors.read(lambda))
    return lambdas.map((lambda) => read.get(lambda)!)
  }))
