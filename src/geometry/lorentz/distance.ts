/** Between points of the hyperboloid: nearest points, logarithms and distances. */
import * as tf from "@tensorflow/tfjs-core"
import * as Differentiable from "../../numerics/Differentiable.ts"
import { above, dot, drop, either, furthest, type Hyperboloid, length, nearestAngle } from "./hyperboloid.ts"

/** Of the sheet. */
export const distance = ({ first, halfAngle, joined, lift, polar, space }: Hyperboloid) => ({
  nearest: (given: tf.Tensor) => {
    const u = Differentiable.shortened(given, Math.cosh(furthest()))
    const inSpace = space(u)
    const size = length(inSpace)
    const none = Differentiable.equal(size, 0)
    const reach = tf.sinh(nearestAngle(first(u), size))
    // On the axis of time the slope of the angle, 1/(2 − time); beyond 2 all directions are as near.
    const slope = tf.div(1, tf.maximum(tf.sub(2, first(u)), 1e-3))
    return lift(tf.mul(inSpace, either(none, slope, tf.div(reach, tf.add(size, none)))))
  },
  /** d/sinh d·(y − x − 2 sinh²(d/2)·x), from the entries in space. */
  log: (x: tf.Tensor, y: tf.Tensor) => {
    const [from, to] = [polar(x), polar(y)]
    const sinh = halfAngle(from, to)
    const cosh = above(sinh)
    // Of the sum in brackets no part need be a number: 2 sinh²(d/2)·x is divided first.
    const shorter = tf.mul(tf.div(tf.sub(to.space, from.space), cosh), Differentiable.arsinhRatio(sinh))
    const inward = tf.mul(tf.mul(Differentiable.arsinh(sinh), 2), tf.div(sinh, cosh))
    const v = tf.sub(shorter, tf.mul(from.space, inward))
    return joined(v, dot(tf.div(from.space, from.cosh), v))
  },
  dist: (x: tf.Tensor, y: tf.Tensor) => drop(tf.mul(Differentiable.arsinh(halfAngle(polar(x), polar(y))), 2))
})
