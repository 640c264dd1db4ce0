import type * as tf from "@tensorflow/tfjs-core"
import type * as tfl from "@tensorflow/tfjs-layers"
import { available, follow, normalize } from "./normalize.ts"

/** What tfjs-layers keeps private in its batch normalization. */
export interface BatchNormalization extends tfl.layers.Layer {
  readonly axis: number
  readonly momentum: number
  readonly epsilon: number
  readonly gamma?: tfl.LayerVariable
  readonly beta?: tfl.LayerVariable
  readonly movingMean: tfl.LayerVariable
  readonly movingVariance: tfl.LayerVariable
}

/** Whether a layer is one, over its last axis and with a scale and a shift: what the kernels compute. */
export const isBatchNormalization = (layer: tfl.layers.Layer): layer is BatchNormalization => {
  if (layer.getClassName() !== "BatchNormalization") return false
  const { axis, beta, gamma, inputSpec } = layer as BatchNormalization
  // Known once it is built, also within another layer or where its inputs have several sizes.
  const rank = inputSpec?.at(0)?.ndim ?? 0
  return (axis === -1 || axis === rank - 1) && rank >= 2 && gamma !== undefined && beta !== undefined
}

/** Whether the engine of the moment normalizes such a tensor in its kernels. */
export const fits = (x: tf.Tensor): boolean => x.dtype === "float32" && x.rank >= 2 && available()

/** What follows a normalization in the same pass. */
export interface Following {
  readonly residual?: tf.Tensor
  readonly relu: boolean
}

/** The layer's result on x, with what comes after it; in training its moving moments follow the batch's. */
export const applied = (layer: BatchNormalization, x: tf.Tensor, training: boolean, following: Following): tf.Tensor =>
  normalize({
    x,
    gamma: layer.gamma!.read(),
    beta: layer.beta!.read(),
    epsilon: layer.epsilon,
    moments: training ? undefined : { mean: layer.movingMean.read(), variance: layer.movingVariance.read() },
    onMoments: ({ mean, variance }) => {
      layer.movingMean.write(follow(layer.movingMean.read(), mean, layer.momentum))
      layer.movingVariance.write(follow(layer.movingVariance.read(), variance, layer.momentum))
    },
    ...following
  })
