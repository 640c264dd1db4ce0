/** Tangent vectors of the hyperboloid: their projection, their product, and their way along geodesics. */
import * as tf from "@tensorflow/tfjs-core"
import * as Arithmetic from "../../numerics/Arithmetic.ts"
import { constant } from "../../numerics/Constant.ts"
import * as Differentiable from "../../numerics/Differentiable.ts"
import { gyration } from "../manifolds/gyration.ts"
import { axes, dot, drop, either, type Hyperboloid, type Polar } from "./hyperboloid.ts"

/** Of the sheet's tangent spaces. */
export const tangents = ({ across, atRest, first, halfSquared, joined, moving, near, polar, space }: Hyperboloid) => {
  /**
   * u = tangent part + normal·x with normal = −⟨x, u⟩ = cosh τ·(u₀ − ⟨x_s, u_s⟩/cosh τ). A time entry that is tangent
   * to rounding counts as tangent: far out, what rounding leaves of it would be larger than all else.
   */
  const split = ({ cosh, space: x }: Polar, u: tf.Tensor) => {
    const along = tf.div(dot(x, space(u)), cosh)
    const defect = tf.sub(first(u), along)
    const rounding = tf.mul(16 * Arithmetic.current().epsilon, tf.add(tf.abs(along), tf.abs(first(u))))
    const tangent = Differentiable.less(tf.abs(defect), rounding)
    const normal = tf.mul(cosh, tf.sub(defect, tf.mul(tangent, constant(defect))))
    return { normal, inSpace: tf.sub(space(u), tf.mul(x, normal)) }
  }
  const inBall = (p: Polar) => tf.div(p.space, tf.add(1, p.cosh))
  const gap = (p: Polar) => tf.div(2, tf.add(1, p.cosh))
  return {
    project: (x: tf.Tensor, u: tf.Tensor) => {
      const at = polar(x)
      const { inSpace } = split(at, u)
      return joined(inSpace, tf.div(dot(at.space, inSpace), at.cosh))
    },
    inner: (x: tf.Tensor, u: tf.Tensor, v: tf.Tensor) => {
      const at = polar(x)
      const [a, b] = [split(at, u), split(at, v)]
      return drop(tf.sub(dot(atRest(at, a.inSpace), atRest(at, b.inSpace)), tf.mul(a.normal, b.normal)))
    },
    transport: (x: tf.Tensor, y: tf.Tensor, v: tf.Tensor) => {
      const [from, to] = [polar(x), polar(y)]
      const half = halfSquared(from, to)
      const both = tf.mul(gap(from), gap(to))
      const delta = tf.div(either(near(from), to.space, across(from.direction, to.space)), tf.add(1, to.cosh))
      const apart = tf.div(tf.add(tf.add(gap(from), gap(to)), tf.mul(half, both)), 2)
      const pair = { x: inBall(from), delta, apart, denominator: tf.mul(both, tf.add(1, half)) }
      return moving(to, gyration(pair, atRest(from, v), axes))
    }
  }
}
