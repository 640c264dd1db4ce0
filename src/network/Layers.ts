// For its side effect: layers of TensorFlow.js count on it.
import "../engine/chainedOperations.ts"
import * as tf from "@tensorflow/tfjs-core"
import type * as tfl from "@tensorflow/tfjs-layers"
import { registerVolumeGradients } from "../engine/volumeGradients.ts"
import { isFrozen, remember } from "./declarations/frozen.ts"
import { partsOf } from "./declarations/private.ts"
import { releasingMasks } from "./declarations/randomness.ts"
import {
  alongLastAxis,
  applied,
  type BatchNormalization,
  complete,
  fits,
  isBatchNormalization
} from "./layers/batchNormalization.ts"
import { leavesOf, modelsOf } from "./layers/graph.ts"
import { addRelu, available } from "./layers/normalize.ts"
import { isRelu, type LayerRoles, rolesOf } from "./layers/roles.ts"

type Call = tfl.layers.Layer["call"]

const tensorsOf = (inputs: tf.Tensor | Array<tf.Tensor>) => Array.isArray(inputs) ? inputs : [inputs]

/** The plan of the model that runs as a whole at the moment. */
let running: LayerRoles | undefined

/** The model that runs as a whole at the moment, with all models within it. */
let outermost: tfl.LayersModel | undefined

const whileRunning = <A>(model: tfl.LayersModel, plan: LayerRoles | undefined, f: () => A): A => {
  const before = [running, outermost] as const
  running = plan
  outermost ??= model
  try {
    return f()
  } finally {
    ;[running, outermost] = before
  }
}

/** Whether a batch normalization takes the moments of its batch: in training, unless it is frozen. */
const followsBatch = (layer: tfl.layers.Layer, kwargs: Parameters<Call>[1]) =>
  kwargs["training"] === true && !isFrozen(layer, outermost)

/** Results that are rectified already. */
const rectified = new WeakSet<tf.Tensor>()

/** What passed a batch normalization that the sum after it does. */
const left = new WeakMap<tf.Tensor, BatchNormalization>()

const asRectified = (result: tf.Tensor): tf.Tensor => {
  rectified.add(result)
  return result
}

const accelerateBatchNormalization = (stock: Call, layer: tfl.layers.Layer): Call => {
  const overLastAxis: Call = (inputs, kwargs) => {
    const [x, second] = tensorsOf(inputs)
    const training = followsBatch(layer, kwargs)
    if (x === undefined || second !== undefined || !isBatchNormalization(layer) || !fits(x)) {
      return complete(layer as BatchNormalization, () => stock(inputs, { ...kwargs, training }))
    }
    switch (running?.get(layer)) {
      case "nothing": {
        const same = tf.clone(x)
        left.set(same, layer)
        return same
      }
      case "rectify too":
        return asRectified(applied(layer, x, training, { relu: true }))
      default:
        return applied(layer, x, training, { relu: false })
    }
  }
  return (inputs, kwargs) => {
    const [x] = tensorsOf(inputs)
    return x === undefined
      ? stock(inputs, kwargs)
      : alongLastAxis(layer as BatchNormalization, x, (moved) => overLastAxis(moved, kwargs) as tf.Tensor)
  }
}

const accelerateSum = (stock: Call, layer: tfl.layers.Layer): Call => (inputs, kwargs) => {
  if (running?.get(layer) !== "rectify too") return stock(inputs, kwargs)
  const tensors = tensorsOf(inputs)
  const [x, other] = (left.has(tensors[0]!) ? tensors : tensors.toReversed()) as [tf.Tensor, tf.Tensor]
  const norm = left.get(x)
  if (norm === undefined) return tensors.every(fits) ? asRectified(addRelu(x, other)) : stock(inputs, kwargs)
  const residual = tf.cast(other, "float32")
  return asRectified(applied(norm, x, followsBatch(norm, kwargs), { residual, relu: true }))
}

/** A rectifier has nothing left to do after a layer that rectified at once. */
const accelerateRelu = (stock: Call, layer: tfl.layers.Layer): Call =>
  isRelu(layer)
    ? (inputs, kwargs) => tensorsOf(inputs).every((x) => rectified.has(x)) ? inputs : stock(inputs, kwargs)
    : stock

/**
 * A convolution without bias or activation has no gradient of its input computed where nobody asks for it, as of a
 * network's images.
 */
const accelerateConvolution = (stock: Call, layer: tfl.layers.Layer): Call => {
  const { activation, dataFormat, dilationRate, padding, strides, useBias } = layer.getConfig() as {
    readonly activation: string
    readonly dataFormat: string
    readonly dilationRate: [number, number]
    readonly padding: "same" | "valid"
    readonly strides: [number, number]
    readonly useBias: boolean
  }
  if (useBias || activation !== "linear" || dataFormat !== "channelsLast") return stock
  const { kernel } = layer as unknown as { readonly kernel: tfl.LayerVariable }
  return (inputs, kwargs) => {
    const [x] = tensorsOf(inputs)
    return x?.rank === 4
      ? tf.conv2d(x as tf.Tensor4D, kernel.read() as tf.Tensor4D, strides, padding, "NHWC", dilationRate)
      : stock(inputs, kwargs)
  }
}

const accelerations: Readonly<Record<string, (stock: Call, layer: tfl.layers.Layer) => Call>> = {
  BatchNormalization: accelerateBatchNormalization,
  Add: accelerateSum,
  Activation: accelerateRelu,
  ReLU: accelerateRelu,
  Conv2D: accelerateConvolution
}

const accelerated = new WeakSet<object>()

/** Whether this is the first time. */
const first = (value: object): boolean => {
  const known = accelerated.has(value)
  accelerated.add(value)
  return !known
}

/**
 * Lets the layers of a model, and of the models within it, run on kernels of the engine, where it has them: batch
 * normalization in one pass for the moments, one for the result and two for the gradients, in training and inference;
 * and where a model runs as a whole, the sum and the rectifier (`activation` with relu, or `reLU` without a largest
 * value) that follow it, or a sum and its rectifier, within the same pass. Elsewhere the layers do what they did, and a
 * layer by itself, or within another model, gives what it gave. A second call changes nothing.
 *
 * A model runs as a whole in `model.apply`, as the trainer calls it. `model.fit`, `model.predict` and `model.evaluate`
 * run its layers one by one: the same results, less of it in one pass. A batch normalization over another axis than the
 * last has it brought there and back; one that is frozen, by itself or with a model around it, uses its moving
 * statistics in training as well, and leaves them as they are.
 *
 * Source: Ioffe and Szegedy 2015, section 3.
 *
 * @example
 * ```ts
 * import * as tfl from "@tensorflow/tfjs-layers"
 * import { Layers } from "finegrain"
 * const model = tfl.sequential({ layers: [tfl.layers.batchNormalization({ inputShape: [4, 4, 2] })] })
 * Layers.accelerate(model) === model // => true
 * ```
 */
export const accelerate = <Model extends tfl.LayersModel>(model: Model): Model => {
  registerVolumeGradients()
  remember(model)
  for (const layer of partsOf(model).filter((part) => "cell" in part && first(part))) {
    layer.call = releasingMasks(layer.call.bind(layer), layer)
  }
  for (const { layer } of leavesOf(model)) {
    const acceleration = accelerations[layer.getClassName()]
    if (acceleration !== undefined && first(layer)) layer.call = acceleration(layer.call.bind(layer), layer)
  }
  for (const whole of modelsOf(model).filter(first)) {
    const stock = whole.call.bind(whole)
    const plan = rolesOf(whole)
    whole.call = (inputs, kwargs) => whileRunning(whole, available() ? plan : undefined, () => stock(inputs, kwargs))
  }
  return model
}

const isStepped = (layer: object): layer is { readonly setStep: (step: number) => void } =>
  "setStep" in layer && typeof layer.setStep === "function"

/**
 * Tells the layers of a model, and of the models within it, that draw at random in training which step comes next: what
 * they draw is a function of it.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Layers, Models } from "finegrain"
 * const model = Models.cifarResNet({ height: 8, width: 8, channels: 1, classes: 2, depth: 8, survival: 0.5 })
 * const logits = (step: number) => {
 *   Layers.setStep(model, step)
 *   return (model.apply(tf.ones([1, 8, 8, 1]), { training: true }) as tf.Tensor).dataSync().join()
 * }
 * logits(3) === logits(3) // => true
 * ```
 */
export const setStep = (model: tfl.LayersModel, step: number): void => {
  for (const { layer } of leavesOf(model)) if (isStepped(layer)) layer.setStep(step)
}
