import * as tf from "@tensorflow/tfjs-core"
import type * as Interval from "../../src/numerics/Interval.ts"

/**
 * How far values lie outside of an interval; 0 inside.
 *
 * @internal
 */
export const outside = (values: tf.Tensor, { max, min }: Interval.Interval): tf.Tensor => {
  const below = tf.relu(tf.sub(Number.isFinite(min) ? min : -3e38, values))
  const above = tf.relu(tf.sub(values, Number.isFinite(max) ? max : 3e38))
  return tf.maximum(below, above)
}
