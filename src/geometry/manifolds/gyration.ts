import * as tf from "@tensorflow/tfjs-core"

/** Two points x and y = x + δ of the unit ball, by what does not cancel near its rim. */
export interface Pair {
  readonly x: tf.Tensor
  /** y − x, or its part orthogonal to x, which is all that counts. */
  readonly delta: tf.Tensor
  /** 1 − ⟨x, y⟩. */
  readonly apart: tf.Tensor
  /** √(1 − 2⟨x, y⟩ + ‖x‖²‖y‖²), whose square need not be a number. */
  readonly rootOfDenominator: tf.Tensor
}

/**
 * gyr[y, −x]v, the rotation of the plane of x and y by which Möbius additions fail to commute: what parallel transport
 * from x to y does besides scaling.
 *
 * v + 2((1 − ⟨x, y⟩)B/√N + B²)v with Bv = (x⟨δ, v⟩ − δ⟨x, v⟩)/√N and N the denominator.
 * Source: Ungar 2008, *A Gyrovector Space Approach to Hyperbolic Geometry*, chapter 3.
 *
 * @internal
 */
export const gyration = (
  { apart, delta, rootOfDenominator: root, x }: Pair,
  v: tf.Tensor,
  axes: ReadonlyArray<number>
): tf.Tensor => {
  const dot = (u: tf.Tensor, w: tf.Tensor) => tf.sum(tf.mul(u, w), [...axes], true)
  const along = tf.div(delta, root)
  const turned = (u: tf.Tensor) => tf.sub(tf.mul(x, dot(along, u)), tf.mul(along, dot(x, u)))
  const once = turned(v)
  const sum = tf.add(tf.mul(tf.div(apart, root), once), turned(once))
  return tf.add(v, tf.mul(sum, 2))
}
