import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import * as KernelOrder from "../collections/KernelOrder.ts"
import * as Renormalization from "../collections/Renormalization.ts"
import * as Tensors from "../numerics/Tensors.ts"
import type { ConstrainedLayer, Network } from "./constrained.ts"
import { applicationsOf, cellOf, distributed, holdersOf, isModel, leavesWithin } from "./layers/graph.ts"

/** What enters a layer at one place. */
interface Entered {
  readonly features: tf.Tensor
  /** The hidden state, of a recurrent layer. */
  readonly state?: tf.Tensor
}

type Found = Map<tfl.layers.Layer, ReadonlyArray<Entered>>

const add = (found: Found, layer: tfl.layers.Layer, entered: ReadonlyArray<Entered>) =>
  found.set(layer, [...(found.get(layer) ?? []), ...entered])

/** What makes a recurrent layer begin from zero and keep nothing. */
const forgetful = <A>(layers: ReadonlyArray<object>, f: () => A): A => {
  const stateful = layers.filter((layer): layer is { _stateful: boolean } =>
    "_stateful" in layer && layer._stateful === true
  )
  for (const layer of stateful) layer._stateful = false
  try {
    return f()
  } finally {
    for (const layer of stateful) layer._stateful = true
  }
}

/** What enters layers that another applies as it likes: by listening while it runs. */
const listen = (
  layer: tfl.layers.Layer,
  inputs: ReadonlyArray<tf.Tensor>,
  wanted: ReadonlyArray<tfl.layers.Layer>,
  found: Found
): void => {
  const heard: Array<readonly [tfl.layers.Layer, Entered]> = []
  const restore = wanted.map((inner) => {
    const target = cellOf(inner)
    const stock = Object.getOwnPropertyDescriptor(target, "call")
    const { call } = target
    target.call = (x, kwargs) => {
      const [features, state] = [x].flat().slice(0, 2).map((tensor) => tf.keep(tf.clone(tensor)))
      heard.push([inner, { features: features!, ...(state === undefined ? {} : { state }) }])
      return call.call(target, x, kwargs)
    }
    return () => {
      if (stock === undefined) delete (target as Partial<tfl.layers.Layer>).call
      else Object.defineProperty(target, "call", stock)
    }
  })
  try {
    tf.tidy(() => {
      forgetful(
        holdersOf(layer),
        () => layer.apply(inputs.length === 1 ? inputs[0]! : [...inputs], { training: false })
      )
    })
  } finally {
    for (const again of restore) again()
  }
  for (const [inner, { features, state }] of heard) {
    // From now on they belong to whoever asked.
    add(found, inner, [{ features: tf.clone(features), ...(state === undefined ? {} : { state: tf.clone(state) }) }])
    tf.dispose([features, state ?? []])
  }
}

/**
 * Finds what enters layers where a model gets these inputs: at every place where it applies them, models within it
 * included.
 */
const collect = (
  model: tfl.LayersModel,
  inputs: tf.Tensor | Array<tf.Tensor>,
  wanted: ReadonlySet<tfl.layers.Layer>,
  found: Found
): void => {
  const within = (layer: tfl.layers.Layer) =>
    leavesWithin(layer).map((leaf) => leaf.layer).filter((inner) => wanted.has(inner))
  const places = applicationsOf(model).map(({ inputs, layer }) => {
    const inner = distributed(layer)
    return { layer: inner ?? layer, inputs, everyStep: inner !== undefined }
  }).filter(({ layer }) => within(layer).length > 0)
  const symbols = [...new Set(places.flatMap(({ inputs }) => inputs))]
  if (symbols.length === 0) return
  const values = [tfl.model({ inputs: model.inputs, outputs: symbols }).predict(inputs)].flat()
  for (const { everyStep, inputs, layer } of places) {
    const entering = inputs.map((input) => {
      const value = values[symbols.indexOf(input)]!
      // [batch, time, …]: every step of every sample is a sample of its own.
      return everyStep ? tf.reshape(value, [-1, ...value.shape.slice(2)]) : value
    })
    const inside = within(layer)
    if (isModel(layer)) collect(layer, entering, wanted, found)
    else if (inside.length === 1 && inside[0] === layer && cellOf(layer) === layer) {
      add(found, layer, entering.map((features) => ({ features })))
    } else listen(layer, entering, inside, found)
  }
}

const channelsLast = (layer: tfl.layers.Layer, features: tf.Tensor): tf.Tensor =>
  layer.getConfig()["dataFormat"] === "channelsFirst"
    ? tf.transpose(features, [0, ...Array.from({ length: features.rank - 2 }, (_, i) => i + 2), 1])
    : features

/** Output c·M + m of a separable convolution's depthwise kernel, as its pointwise kernel gets it. */
const depthwise = (layer: tfl.layers.Layer, features: tf.Tensor): tf.Tensor => {
  const { depthwiseKernel, dilationRate, padding, strides } = layer as unknown as {
    readonly depthwiseKernel: tfl.LayerVariable
    readonly dilationRate: [number, number]
    readonly padding: "same" | "valid"
    readonly strides: [number, number]
  }
  const kernel = depthwiseKernel.read() as tf.Tensor4D
  return tf.depthwiseConv2d(features as tf.Tensor4D, kernel, strides, padding, "NHWC", dilationRate)
}

/** λ of features; of those at several places, over all of them. */
const deviationsOf = (features: ReadonlyArray<tf.Tensor>): tf.Tensor1D =>
  Renormalization.deviations(
    features.length === 1 ? features[0]! : tf.concat(features.map((x) => tf.reshape(x, [-1, x.shape.at(-1)!])))
  )

/** What enters a kernel where this enters its layer, channels last. */
const enters = ({ kernel, layer }: ConstrainedLayer, { features, state }: Entered): tf.Tensor => {
  const own = channelsLast(layer, kernel.entering === "state" ? state! : features)
  return kernel.entering === "depthwise features" ? depthwise(layer, own) : own
}

/**
 * λ of every constrained layer per input channel, from the features that a batch of inputs causes now; of a layer that
 * the model applies at several places, from the features at all of them. Into the recurrent kernel of a recurrent layer
 * enters its hidden state before every step, steps that a mask leaves out included, from state 0 also where the layer
 * keeps one; into the pointwise kernel of a separable convolution, what its depthwise kernel makes of the features. The
 * third gate of a GRU gets the state times its reset gate, of which no entry is larger; its λ is that of the state, as
 * that of the other gates. λ = 1 for the rows of an embedding.
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
 * const pixels = tf.concat([tf.zeros([1, 6, 6, 2]), tf.fill([1, 6, 6, 2], 6)])
 * const [lambdas] = await Effect.runPromise(Network.deviations(network, pixels))
 * [...lambdas!] // => [3, 3]
 * ```
 */
export const deviations = (
  { layers, model, variables }: Network,
  inputs: tf.Tensor | ReadonlyArray<tf.Tensor>
): Effect.Effect<ReadonlyArray<Float32Array>, Tensors.ReadFailed> =>
  layers.length === 0 ? Effect.succeed([]) : Effect.scoped(Effect.gen(function*() {
    const lambdas = yield* Tensors.scoped(() => {
      const found: Found = new Map()
      collect(
        model,
        inputs instanceof tf.Tensor ? inputs : [...inputs],
        new Set(layers.filter(({ kernel }) => kernel.entering !== "nothing").map(({ layer }) => layer)),
        found
      )
      // Layers that the same features enter have one λ.
      const known = new Map<string, tf.Tensor1D>()
      return layers.map((constrained) => {
        const { kernel: { entering, order }, layer, variable } = constrained
        if (entering === "nothing") return tf.ones([KernelOrder.channels(order, variables[variable]!.shape)])
        const places = found.get(layer)!
        const format = String(layer.getConfig()["dataFormat"])
        const own = entering === "depthwise features" ? layer.name : format
        const key = [entering, own, ...places.map(({ features }) => features.id)].join()
        const lambda = known.get(key) ?? deviationsOf(places.map((place) => enters(constrained, place)))
        known.set(key, lambda)
        return lambda
      }) as ReadonlyArray<tf.Tensor1D>
    })
    const read = new Map<tf.Tensor, Float32Array>()
    for (const lambda of new Set(lambdas)) read.set(lambda, yield* Tensors.read(lambda))
    return lambdas.map((lambda) => read.get(lambda)!)
  }))
