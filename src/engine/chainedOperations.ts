import * as tf from "@tensorflow/tfjs-core"

/**
 * Operations as methods of tensors, `x.flatten()`: TensorFlow.js registers them only where its whole package is
 * imported, and layers of its own count on them, such as the initializers of recurrent kernels. What is registered
 * already stays.
 *
 * Imported for its side effect.
 */

/** Operations whose first argument is the tensor. */
const ofTensor = [
  ..."abs acos acosh add all any argMax argMin asin asinh atan atan2 atanh avgPool batchNorm batchToSpaceND".split(" "),
  ..."broadcastTo cast ceil clipByValue conv1d conv2d conv2dTranspose cos cosh cumprod cumsum depthToSpace".split(" "),
  ..."depthwiseConv2d dilation2d div divNoNan dot elu equal erf euclideanNorm exp expandDims expm1 floor".split(" "),
  ..."floorDiv gather greater greaterEqual isFinite isInf isNaN leakyRelu less lessEqual".split(" "),
  ..."localResponseNormalization log log1p logSigmoid logSoftmax logSumExp logicalAnd logicalNot logicalOr".split(" "),
  ..."logicalXor matMul max maxPool maximum mean min minimum mirrorPad mod mul neg norm notEqual oneHot".split(" "),
  ..."onesLike pad pool pow prelu prod reciprocal relu relu6 reshape reverse round rsqrt selu".split(" "),
  ..."separableConv2d sigmoid sign sin sinh slice softmax softplus spaceToBatchND split sqrt square".split(" "),
  ..."squaredDifference squeeze step stridedSlice sub sum tan tanh tile topk transpose unique".split(" "),
  ..."unsortedSegmentSum unstack zerosLike".split(" ")
] as const

type Method = (this: tf.Tensor, ...args: ReadonlyArray<never>) => unknown
type Operation = (x: tf.Tensor, ...args: ReadonlyArray<never>) => unknown

const listed = (more: tf.Tensor | ReadonlyArray<tf.Tensor>) => more instanceof tf.Tensor ? [more] : more

/** The others. */
const own: Readonly<Record<string, (this: tf.Tensor, ...args: ReadonlyArray<never>) => unknown>> = {
  flatten() {
    return tf.reshape(this, [this.size])
  },
  reshapeAs(x: tf.Tensor) {
    return tf.reshape(this, x.shape)
  },
  asScalar() {
    return tf.reshape(this, [])
  },
  asType(dtype: tf.DataType) {
    return tf.cast(this, dtype)
  },
  toBool() {
    return tf.cast(this, "bool")
  },
  toFloat() {
    return tf.cast(this, "float32")
  },
  toInt() {
    return tf.cast(this, "int32")
  },
  concat(more: tf.Tensor | ReadonlyArray<tf.Tensor>, axis?: number) {
    return tf.concat([this, ...listed(more)], axis)
  },
  stack(more: tf.Tensor | ReadonlyArray<tf.Tensor>, axis?: number) {
    return tf.stack([this, ...listed(more)], axis)
  },
  where(condition: tf.Tensor, x: tf.Tensor) {
    return tf.where(condition, this, x)
  },
  fft() {
    return tf.spectral.fft(this)
  },
  ifft() {
    return tf.spectral.ifft(this)
  },
  rfft() {
    return tf.spectral.rfft(this)
  },
  irfft() {
    return tf.spectral.irfft(this)
  },
  resizeBilinear(...args: [size: [number, number], alignCorners?: boolean, halfPixelCenters?: boolean]) {
    return tf.image.resizeBilinear(this as tf.Tensor3D, ...args)
  },
  resizeNearestNeighbor(...args: [size: [number, number], alignCorners?: boolean, halfPixelCenters?: boolean]) {
    return tf.image.resizeNearestNeighbor(this as tf.Tensor3D, ...args)
  },
  ...Object.fromEntries(
    [1, 2, 3, 4, 5].map((rank) => [
      `as${rank}D`,
      function(this: tf.Tensor, ...shape: ReadonlyArray<number>) {
        return tf.reshape(this, rank === 1 ? [this.size] : [...shape])
      }
    ])
  )
}

const methods: Readonly<Record<string, Method>> = {
  ...Object.fromEntries(
    ofTensor.map((name) => [
      name,
      function(this: tf.Tensor, ...args: ReadonlyArray<never>) {
        return (tf as unknown as Readonly<Record<string, Operation>>)[name]!(this, ...args)
      }
    ])
  ),
  ...own
}

const prototype = tf.Tensor.prototype as unknown as Record<string, Method>
for (const [name, method] of Object.entries(methods)) prototype[name] ??= method
