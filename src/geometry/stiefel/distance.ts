/** Distances as lengths of logarithms, with gradients that need no derivative of a logarithm. */
import * as tf from "@tensorflow/tfjs-core"
import { root } from "./angles.ts"

type OfTwo = (x: tf.Tensor, y: tf.Tensor) => tf.Tensor

/**
 * d(x, y) = ‖log(x, y)‖ for a metric that is a multiple of the Frobenius one, with the gradients −log(x, y)/d at x and
 * −log(y, x)/d at y in that metric; 0 where x = y.
 *
 * At the cut locus, where the logarithm is one of several and has no derivative, they are those along the one chosen.
 *
 * @internal
 */
export const lengthOfLog = (log: OfTwo, inner: (x: tf.Tensor, u: tf.Tensor, v: tf.Tensor) => tf.Tensor): OfTwo => {
  const along = (x: tf.Tensor, y: tf.Tensor) => {
    const v = log(x, y)
    return { v, length: root(inner(x, v, v)) }
  }
  /** As entries have it, in whose product ⟨v, v⟩ need not be d². */
  const gradient = (x: tf.Tensor, y: tf.Tensor, by: tf.Tensor) => {
    const { length, v } = along(x, y)
    const squared = tf.sum(tf.square(v), [-2, -1])
    const none = tf.cast(tf.equal(squared, 0), "float32")
    const factor = tf.neg(tf.div(tf.mul(by, length), tf.add(squared, none)))
    return tf.mul(v, tf.expandDims(tf.expandDims(factor, -1), -1))
  }
  return (x, y) =>
    tf.customGrad((...given) => {
      const [x, y, save] = given as unknown as [tf.Tensor, tf.Tensor, tf.GradSaveFunc]
      save([x, y])
      return {
        value: along(x, y).length,
        gradFunc: (by: tf.Tensor, [x, y]: Array<tf.Tensor>) => [gradient(x!, y!, by), gradient(y!, x!, by)]
      }
    })(x, y)
}
