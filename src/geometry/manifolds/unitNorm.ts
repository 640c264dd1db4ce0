import * as tf from "@tensorflow/tfjs-core"
import { fused } from "../../engine/FusedKernels.ts"
import * as Differentiable from "../../numerics/Differentiable.ts"
import { antipodes } from "../sphere/antipodes.ts"
import { lengths } from "../sphere/lengths.ts"
import { angle, nearest } from "../sphere/nearest.ts"

/** Beside longer vectors points have no digit, and their squares leave the range of numbers. */
const longest = 1e25

/**
 * The geometry of unit vectors along some axes of a tensor: along both axes of a matrix it is that of the sphere, along
 * the rows that of n spheres side by side, the oblique manifold. On a great subsphere, `within` is the projection onto
 * its space.
 *
 * @internal
 */
export const unitNorm = (axes: ReadonlyArray<number>, within = (u: tf.Tensor): tf.Tensor => u) => {
  const along = lengths(axes)
  const { divide, dot, length, normalized } = along
  // As one column of all entries, or as the columns that they are.
  const view = (m: number, n: number) => axes.length === 2 ? [m * n, 1] as const : [m, n] as const
  const project = fused("UnitProject", (x, u) => tf.sub(u, tf.mul(x, dot(x, u))), view)
  const { opposite, projectTwice, towards } = antipodes(along, (x, u) => project(x, within(u)))
  const between = angle(along)
  return {
    length,
    project,
    nearest: nearest(along),
    angle: between,
    // ‖X + V‖ ≥ 1 for tangent V: small squares do not count, large ones must not overflow. A power of 2 keeps all bits.
    retract: fused(
      "UnitRetract",
      (x, v) => divide(tf.mul(tf.add(x, Differentiable.shortened(v, longest, axes)), 2 ** -40)),
      view
    ),
    /** Along the geodesic of the logarithm, also at the antipode, where there are others. */
    parallel: (x: tf.Tensor, y: tf.Tensor, v: tf.Tensor) => {
      const { across, near } = opposite(x, y)
      const [atX, atY] = [normalized(projectTwice(x, across)), normalized(projectTwice(y, across))]
      const far = tf.sub(v, tf.mul(tf.add(atX, atY), dot(atX, v)))
      const size = tf.add(near, tf.mul(tf.sub(1, near), tf.add(1, dot(x, y))))
      const direct = tf.sub(v, tf.mul(tf.add(x, y), tf.div(dot(y, v), size)))
      return project(y, tf.add(tf.mul(near, far), tf.mul(tf.sub(1, near), direct)))
    },
    exp: (x: tf.Tensor, given: tf.Tensor) => {
      const v = Differentiable.shortened(given, longest, axes)
      const t = length(v)
      // sin t/t → 1: below 1e-12 the quotient is 1 to float32.
      const small = Differentiable.less(t, 1e-12)
      const safe = Differentiable.choose(small, tf.onesLike(t), t)
      const sinc = Differentiable.choose(small, tf.onesLike(t), tf.div(tf.sin(safe), safe))
      return divide(tf.add(tf.mul(x, tf.cos(t)), tf.mul(v, sinc)))
    },
    /** Of norm π at the antipode, in a direction that follows from x. */
    log: (x: tf.Tensor, y: tf.Tensor) => {
      const direction = towards(x, y)
      const size = length(direction)
      return tf.mul(direction, Differentiable.ratio(between(x, y), size, tf.onesLike(size)))
    }
  }
}
