/**
 * Comparisons that gradients pass by: 1 where they hold, 0 elsewhere, constant almost everywhere.
 */
import * as tf from "@tensorflow/tfjs-core"

type Comparison = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor

const mask = (compare: Comparison) => (a: tf.Tensor, b: tf.Tensor | number): tf.Tensor =>
  tf.customGrad((...given) => {
    const [x, y] = given as [tf.Tensor, tf.Tensor]
    return {
      value: tf.cast(compare(x, y), "float32"),
      gradFunc: () => [tf.zeros(x.shape), tf.zeros(y.shape)]
    }
  })(a, typeof b === "number" ? tf.scalar(b) : b)

export const less = mask(tf.less)
export const greater = mask(tf.greater)
export const equal = mask(tf.equal)

/** a where the mask is 1, b where it is 0. */
export const choose = (chosen: tf.Tensor, a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
  tf.where(tf.cast(chosen, "bool"), a, b)

/** a/b, and something else where b is 0. */
export const ratio = (a: tf.Tensor, b: tf.Tensor, otherwise: tf.Tensor): tf.Tensor => {
  const zero = equal(b, 0)
  return choose(zero, otherwise, tf.div(a, choose(zero, tf.onesLike(b), b)))
}
