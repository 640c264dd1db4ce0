import * as tf from "@tensorflow/tfjs-core"
import type * as tfl from "@tensorflow/tfjs-layers"

/**
 * The names under which an engine registers kernels for batch normalization.
 *
 * @internal
 */
export const kernelNames = {
  /** {x} → mean and variance per channel. */
  moments: "FinegrainMoments",
  /** {dy, x, mean} → Σ dy and Σ dy·(x − mean) per channel. */
  sums: "FinegrainChannelSums",
  /** {x, k, d} → x·k + d. */
  scale: "FinegrainChannelScale",
  /** {a, ka, b, kb, kc} → a·ka + b·kb + kc. */
  affine: "FinegrainChannelAffine"
} as const

const available = () => tf.getKernel(kernelNames.moments, tf.getBackend()) !== undefined

const run = <A extends tf.Tensor | [tf.Tensor, tf.Tensor]>(name: string, inputs: Record<string, tf.Tensor>): A =>
  tf.engine().runKernel(name, inputs) as A

/** γ(x − mean)/√(variance + ε) + β over the last axis, with the batch's own moments, which it gives as well. */
const normalize = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, epsilon: number) => {
  const [mean, variance] = run<[tf.Tensor, tf.Tensor]>(kernelNames.moments, { x })
  const inverse = tf.rsqrt(tf.add(variance, epsilon))
  const normalized = tf.customGrad((x, gamma, beta, save) => {
    const [input, scale, offset] = [x, gamma, beta] as [tf.Tensor, tf.Tensor, tf.Tensor]
    const k = tf.mul(scale, inverse)
    ;(save as tf.GradSaveFunc)([input, scale, mean, inverse])
    return {
      value: run<tf.Tensor>(kernelNames.scale, { x: input, k, d: tf.sub(offset, tf.mul(mean, k)) }),
      gradFunc: (dy: tf.Tensor, saved: Array<tf.Tensor>) => {
        const [input, scale, mean, inverse] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]
        const rows = input.size / mean.size
        const [g, gx] = run<[tf.Tensor, tf.Tensor]>(kernelNames.sums, { dy, x: input, mean })
        const ka = tf.mul(scale, inverse)
        const kb = tf.div(tf.mul(tf.mul(tf.neg(ka), tf.square(inverse)), gx), rows)
        const kc = tf.neg(tf.add(tf.div(tf.mul(ka, g), rows), tf.mul(kb, mean)))
        return [run<tf.Tensor>(kernelNames.affine, { a: dy, ka, b: input, kb, kc }), tf.mul(gx, inverse), g]
      }
    }
  })(x, gamma, beta)
  return { mean, variance, normalized }
}

/** What tfjs-layers keeps private in its batch normalization. */
interface BatchNormalization {
  readonly axis: number
  readonly momentum: number
  readonly epsilon: number
  readonly gamma?: tfl.LayerVariable
  readonly beta?: tfl.LayerVariable
  readonly movingMean: tfl.LayerVariable
  readonly movingVariance: tfl.LayerVariable
  call: tfl.layers.Layer["call"]
}

const accelerated = new WeakSet<object>()

const accelerateBatchNormalization = (layer: BatchNormalization): void => {
  if (accelerated.has(layer)) return
  accelerated.add(layer)
  const stock = layer.call.bind(layer)
  layer.call = (inputs, kwargs) => {
    const [x, second] = Array.isArray(inputs) ? inputs : [inputs]
    const training = kwargs["training"] === true
    const last = layer.axis === -1 || (x !== undefined && layer.axis === x.rank - 1)
    const { beta, gamma } = layer
    if (
      !training || x === undefined || second !== undefined || !last || x.rank < 2 || x.dtype !== "float32" ||
      gamma === undefined || beta === undefined || !available()
    ) return stock(inputs, kwargs)
    return tf.tidy(() => {
      const { mean, normalized, variance } = normalize(x, gamma.read(), beta.read(), layer.epsilon)
      const follow = (variable: tfl.LayerVariable, value: tf.Tensor) => {
        const before = variable.read()
        variable.write(tf.sub(before, tf.mul(tf.sub(before, value), 1 - layer.momentum)))
      }
      follow(layer.movingMean, mean)
      follow(layer.movingVariance, variance)
      return normalized
    })
  }
}

/**
 * Lets the batch normalization layers of a model train on kernels of the engine, where it has them: one pass for the moments, one for
 * the result, two for the gradients. Elsewhere, and for inference, they do what they did. A second call changes nothing.
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
  for (const layer of model.layers) {
    if (layer.getClassName() === "BatchNormalization") {
      accelerateBatchNormalization(layer as unknown as BatchNormalization)
    }
  }
  return model
}

const isStepped = (layer: object): layer is { readonly setStep: (step: number) => void } =>
  "setStep" in layer && typeof layer.setStep === "function"

/**
 * Tells the layers of a model that draw at random in training which step comes next: what they draw is a function of it.
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
  for (const layer of model.layers) if (isStepped(layer)) layer.setStep(step)
}
