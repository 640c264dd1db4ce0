/** Directions between points of a sphere that are nearly opposite, where differences say nothing. */
import * as tf from "@tensorflow/tfjs-core"
import * as Arithmetic from "../../numerics/Arithmetic.ts"
import * as Differentiable from "../../numerics/Differentiable.ts"
import type { Lengths } from "./lengths.ts"

/** ‖x + y‖ below which points count as nearly opposite. */
const half = 0.5

/** The k-th unit vector among those along the axes. */
const unit = (axes: Lengths["axes"], x: tf.Tensor, k: number) => {
  const [m, n] = x.shape.slice(-2) as [number, number]
  const own = (i: number) => axes.length === 2 ? i : Math.floor(i / n)
  return tf.tensor2d(Array.from({ length: m * n }, (_, i) => own(i) === k ? 1 : 0), [m, n])
}

/** Directions at x towards points that may be opposite, given the projection onto tangent spaces. */
export const antipodes = (
  { axes, dot, length }: Lengths,
  tangent: (x: tf.Tensor, u: tf.Tensor) => tf.Tensor
) => {
  /**
   * A tangent vector at x that follows from x alone: the first unit vector, or the second where x is closer to the
   * first.
   */
  const anyTangent = (x: tf.Tensor) => {
    const [first, second] = [unit(axes, x, 0), unit(axes, x, 1)]
    const closer = Differentiable.less(tf.square(dot(x, second)), tf.square(dot(x, first)))
    return tangent(x, tf.add(tf.mul(closer, second), tf.mul(tf.sub(1, closer), first)))
  }

  /** Twice, since the first time leaves rounding errors of all of u. */
  const projectTwice = (x: tf.Tensor, u: tf.Tensor) => tangent(x, tangent(x, u))

  /**
   * Of points that are nearly opposite, a vector near x + y whose parts along the tangent spaces are those of the
   * geodesic.
   */
  const opposite = (x: tf.Tensor, y: tf.Tensor) => {
    const sum = tf.add(x, y)
    const apart = length(sum)
    const near = Differentiable.less(apart, half)
    // Of a sum that is normal to rounding, nothing but rounding is left: at the antipode itself any direction will do.
    const rounding = tf.mul(apart, 16 * Arithmetic.current().epsilon)
    const lost = tf.sub(1, Differentiable.greater(length(tangent(x, sum)), rounding))
    return { near, across: tf.add(tf.mul(tf.sub(1, lost), sum), tf.mul(lost, anyTangent(x))) }
  }

  /** What y − x, or near the antipode y + x, is along the tangent space. */
  const towards = (x: tf.Tensor, y: tf.Tensor) => {
    const { across, near } = opposite(x, y)
    const [direct, around] = [tangent(x, tf.sub(y, x)), projectTwice(x, across)]
    return tf.add(tf.mul(tf.sub(1, near), direct), tf.mul(near, around))
  }

  return { opposite, projectTwice, towards }
}
