/** Sums, products and lengths along some axes of a tensor, which are kept. */
import * as tf from "@tensorflow/tfjs-core"
import * as Differentiable from "../../numerics/Differentiable.ts"

/** Of vectors along axes. */
export const lengths = (axes: ReadonlyArray<number>) => {
  const sum = (u: tf.Tensor) => tf.sum(u, [...axes], true)
  const length = (u: tf.Tensor) => Differentiable.length(u, axes)
  return {
    axes,
    dot: (u: tf.Tensor, v: tf.Tensor) => sum(tf.mul(u, v)),
    length,
    divide: (u: tf.Tensor) => tf.div(u, tf.sqrt(sum(tf.square(u)))),
    /** u/‖u‖, and 0 for 0. */
    normalized: (u: tf.Tensor) => {
      const size = length(u)
      return tf.mul(u, Differentiable.ratio(tf.onesLike(size), size, size))
    }
  }
}

export type Lengths = ReturnType<typeof lengths>
