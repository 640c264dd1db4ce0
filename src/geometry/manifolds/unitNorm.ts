import * as tf from "@tensorflow/tfjs-core"
import { fused } from "../../engine/Fused.ts"

/**
 * The geometry of unit vectors along some axes of a tensor: along both axes of a matrix it is that of the sphere, along the rows
 * that of n spheres side by side, the oblique manifold.
 *
 * @internal
 */
export const unitNorm = (axes: ReadonlyArray<number>) => {
  const sum = (u: tf.Tensor) => tf.sum(u, [...axes], true)
  const dot = (u: tf.Tensor, v: tf.Tensor) => sum(tf.mul(u, v))
  const length = (u: tf.Tensor) => tf.sqrt(sum(tf.square(u)))
  // As one column of all entries, or as the columns that they are.
  const view = (m: number, n: number) => axes.length === 2 ? [m * n, 1] as const : [m, n] as const
  const project = fused("UnitProject", (x, u) => tf.sub(u, tf.mul(x, dot(x, u))), view)
  const divide = (u: tf.Tensor) => tf.div(u, length(u))

  /** U/‖U‖; zero, whose nearest points are all points, goes to a given one, the constant by default. */
  const nearest = (u: tf.Tensor, ofZero = tf.onesLike(u)) => {
    const largest = tf.max(tf.abs(u), [...axes], true)
    const safe = tf.where(tf.greater(largest, tiny), tf.div(u, tf.maximum(largest, tiny)), ofZero)
    return divide(safe)
  }

  /** 2·atan2(‖x − y‖, ‖x + y‖): accurate for near and for opposite points, where arccos⟨x, y⟩ loses half the digits. */
  const angle = (x: tf.Tensor, y: tf.Tensor) => tf.mul(2, tf.atan2(length(tf.sub(x, y)), length(tf.add(x, y))))

  return {
    length,
    project,
    nearest,
    angle,
    // ‖X + V‖ ≥ 1 for tangent V: nothing to guard against.
    retract: fused("UnitRetract", (x, v) => divide(tf.add(x, v)), view),
    parallel: (x: tf.Tensor, y: tf.Tensor, v: tf.Tensor) =>
      project(y, tf.sub(v, tf.mul(tf.add(x, y), tf.div(dot(y, v), tf.maximum(tf.add(1, dot(x, y)), 1e-12))))),
    exp: (x: tf.Tensor, v: tf.Tensor) => {
      const t = length(v)
      // sin t/t → 1: below 1e-12 the quotient is 1 to float32.
      const sinc = tf.where(tf.less(t, 1e-12), tf.onesLike(t), tf.div(tf.sin(t), tf.maximum(t, 1e-12)))
      return divide(tf.add(tf.mul(x, tf.cos(t)), tf.mul(v, sinc)))
    },
    log: (x: tf.Tensor, y: tf.Tensor) => {
      const direction = project(x, tf.sub(y, x))
      return tf.mul(direction, tf.div(angle(x, y), tf.maximum(length(direction), 1e-12)))
    }
  }
}

const tiny = 1e-30
