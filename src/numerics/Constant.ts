import * as tf from "@tensorflow/tfjs-core"
import * as Postponed from "../engine/Postponed.ts"

/**
 * The same numbers, taken as constants by gradients: what counts and chooses has no derivative.
 *
 * @internal
 */
export const constant = (x: tf.Tensor): tf.Tensor =>
  tf.customGrad((u) => ({ value: tf.clone(u as tf.Tensor), gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy) }))(x)

/**
 * The largest of some numbers, or what it is at most where an engine's numbers can only be waited for; NaN counts as that, too.
 *
 * @internal
 */
export const largestOr = (atMost: number, x: tf.Tensor): number => {
  if (Postponed.here()) return atMost
  const largest = Array.from(x.dataSync()).reduce((a, b) => Math.max(a, b), 0)
  return largest <= atMost ? largest : atMost
}
