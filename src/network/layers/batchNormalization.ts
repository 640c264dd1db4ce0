/** Batch normalization as tfjs-layers has it, run by the engine's kernels. */
import * as tf from "@tensorflow/tfjs-core"
import type * as tfl from "@tensorflow/tfjs-layers"
import { available, follow, normalize } from "./normalize.ts"

/** A weight, or what stands for it. */
interface Readable {
  readonly read: () => tf.Tensor
}

/** What tfjs-layers keeps private in its batch normalization. */
export interface BatchNormalization extends tfl.layers.Layer {
  axis: number
  readonly momentum: number
  readonly epsilon: number
  gamma?: Readable
  beta?: Readable
  readonly movingMean: tfl.LayerVariable
  readonly movingVariance: tfl.LayerVariable
}

/** Whether a layer is one, over its last axis: what the kernels compute. */
export const isBatchNormalization = (layer: tfl.layers.Layer): layer is BatchNormalization => {
  if (layer.getClassName() !== "BatchNormalization") return false
  const { axis, inputSpec } = layer as BatchNormalization
  // Known once it is built, also within another layer or where its inputs have several sizes.
  const rank = inputSpec?.at(0)?.ndim ?? 0
  return (axis === -1 || axis === rank - 1) && rank >= 2
}

/** Whether the engine of the moment normalizes such a tensor in its kernels. */
export const fits = (x: tf.Tensor): boolean => x.dtype === "float32" && x.rank >= 2 && available()

/** What follows a normalization in the same pass. */
export interface Following {
  readonly residual?: tf.Tensor
  readonly relu: boolean
}

/** Runs a layer with γ = 1 and β = 0 where it has none; TensorFlow.js cannot train it without them. */
export const complete = <A extends tf.TensorContainer>(layer: BatchNormalization, run: () => A): A => {
  const shape = layer.movingMean.shape as Array<number>
  const [noScale, noCentre] = [layer.gamma === undefined, layer.beta === undefined]
  if (noScale) layer.gamma = { read: () => tf.ones(shape) }
  if (noCentre) layer.beta = { read: () => tf.zeros(shape) }
  try {
    return noScale || noCentre ? tf.tidy(() => run()) : run()
  } finally {
    if (noScale) delete layer.gamma
    if (noCentre) delete layer.beta
  }
}

/**
 * Runs a layer with its axis the last of x, brought there and back; along another one TensorFlow.js has no gradient of
 * its batch normalization.
 */
export const alongLastAxis = (
  layer: BatchNormalization,
  x: tf.Tensor,
  run: (x: tf.Tensor) => tf.Tensor
): tf.Tensor => {
  const { axis } = layer
  const own = axis < 0 ? axis + x.rank : axis
  if (own === x.rank - 1) return run(x)
  const there = [...x.shape.keys()].filter((other) => other !== own).concat(own)
  const back = there.map((_, i) => there.indexOf(i))
  layer.axis = -1
  try {
    return tf.tidy(() => tf.transpose(run(tf.transpose(x, there)), back))
  } finally {
    layer.axis = axis
  }
}

/** The layer's result on x, with what comes after it; in training its moving moments follow the batch's. */
export const applied = (layer: BatchNormalization, x: tf.Tensor, training: boolean, following: Following): tf.Tensor =>
  complete(layer, () =>
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
    }))
