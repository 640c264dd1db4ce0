/** What surrounds convolutions, as operations of TensorFlow's C library that TensorFlow.js itself does not call. */
import * as tf from "@tensorflow/tfjs-core"
import { kernelNames } from "../layerKernels.ts"
import { sizeOf } from "../sizeOf.ts"
import { type Kernel, kernel, type Library, numbersOf, onHost } from "./library.ts"

const float = ({ binding }: Library, name: string) => ({ name, type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT })

/** Batch normalization's attributes. */
const attributes = (library: Library, epsilon: number, ofBatch: boolean) => [
  float(library, "T"),
  float(library, "U"),
  { name: "epsilon", type: library.binding.TF_ATTR_FLOAT, value: epsilon },
  { name: "data_format", type: library.binding.TF_ATTR_STRING, value: "NHWC" },
  { name: "is_training", type: library.binding.TF_ATTR_BOOL, value: ofBatch }
]

/** Images, which is what the library normalizes: rows of channels are images of one pixel. */
const images = (x: tf.Tensor): tf.Tensor => {
  const channels = x.shape.at(-1)!
  return x.rank === 4 ? x : tf.reshape(x, [sizeOf(x.shape) / channels, 1, 1, channels])
}

const like = (y: tf.Tensor, x: tf.Tensor): tf.Tensor => x.rank === 4 ? y : tf.reshape(y, x.shape)

const none = () => tf.tensor1d([], "float32")

const reluGradientOf = (library: Library, dy: tf.Tensor, y: tf.Tensor): tf.Tensor =>
  library.executeMultipleOutputs("ReluGrad", [float(library, "T")], [dy, y], 1)[0]!

/** γ·(x − mean)/√(variance + ε) + β, with a sum and a rectifier behind it where there are such. */
const normalize = kernel<{ readonly epsilon: number; readonly relu: boolean }>(
  kernelNames.normalize,
  ({ attrs: { epsilon, relu }, backend, inputs: { beta, gamma, mean, residual, variance, x } }) =>
    tf.tidy(() => {
      const ofBatch = mean === undefined
      const moments = ofBatch ? [none(), none()] : [mean, variance!]
      // Its third result is the variance of which the batch is a sample; the fifth that of the batch.
      const [scaled, , , ofX, around] = backend.executeMultipleOutputs(
        "FusedBatchNormV3",
        attributes(backend, epsilon, ofBatch),
        [images(x!), gamma!, beta!, ...moments],
        6
      ) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]
      const y = like(scaled, x!)
      const added = residual === undefined ? y : tf.add(y, residual)
      return [relu ? tf.relu(added) : added, ...(ofBatch ? [ofX, around] : [])]
    })
)

/** Gradients of it with respect to x, γ and β. */
const normalizeGradient = kernel<{ readonly epsilon: number; readonly ofBatch: boolean }>(
  kernelNames.normalizeGradient,
  ({ attrs: { epsilon, ofBatch }, backend, inputs: { dy, gamma, mean, variance, x, y } }) =>
    tf.tidy(() => {
      const passed = y === undefined ? dy! : reluGradientOf(backend, dy!, y)
      const [dx, dGamma, dBeta] = backend.executeMultipleOutputs(
        "FusedBatchNormGradV3",
        attributes(backend, epsilon, ofBatch),
        [images(passed), images(x!), gamma!, mean!, variance!, none()],
        5
      ) as [tf.Tensor, tf.Tensor, tf.Tensor]
      return [like(dx, x!), dGamma, dBeta]
    })
)

/** A moving average after another value: few numbers, for which the host is near enough. */
const follow = kernel<{ readonly momentum: number }>(
  kernelNames.follow,
  ({ attrs: { momentum }, backend, inputs: { before, value } }) => {
    const [from, target] = [numbersOf(backend, before!), numbersOf(backend, value!)]
    return onHost(backend, from.map((number, i) => number - (number - target[i]!) * (1 - momentum)), before!.shape)
  }
)

const addRelu = kernel(kernelNames.addRelu, ({ inputs: { a, b } }) => tf.tidy(() => tf.relu(tf.add(a!, b!))))

const reluGradient = kernel(
  kernelNames.reluGradient,
  ({ backend, inputs: { dy, x } }) => reluGradientOf(backend, dy!, x!)
)

/** Without them normalizations and rectifiers are most of a training step. */
export const layers: ReadonlyArray<Kernel> = [normalize, normalizeGradient, follow, addRelu, reluGradient]
