/** Values taken out of the reach of gradients. */
import * as tf from "@tensorflow/tfjs-core"
import * as Postponed from "../engine/Postponed.ts"

/**
 * A tensor's numbers, taken as constants by gradients: what counts and chooses has no derivative, nor have comparisons
 * of it.
 *
 * @internal
 */
export const constant = ({ dataId, dtype, shape }: tf.Tensor): tf.Tensor => {
  // A second handle on the values, which no recorded operation made.
  tf.backend().incRef(dataId)
  return tf.engine().makeTensorFromTensorInfo({ dataId, dtype, shape })
}

/**
 * The largest of some numbers, or what it is at most where an engine's numbers can only be waited for; NaN counts as
 * that, too.
 *
 * @internal
 */
export const largestOr = (atMost: number, x: tf.Tensor): number => {
  if (Postponed.here()) return atMost
  const largest = Array.from(x.dataSync()).reduce((a, b) => Math.max(a, b), 0)
  return largest <= atMost ? largest : atMost
}
