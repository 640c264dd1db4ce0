/** Between points of the hyperboloid: nearest points, logarithms and distances. */
import * as tf from "@tensorflow/tfjs-core"
import * as Differentiable from "../../numerics/Differentiable.ts"
import { above, dot, drop, either, furthest, type Hyperboloid, length, nearestAngle } from "./hyperboloid.ts"

/** Of the sheet. */
export const distance = ({ first, halfSquared, joined, lift, polar, space }: Hyperboloid) => ({
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
  /** d/sinh d·(y − cosh d·x), from the entries in space. */
  log: (x: tf.Tensor, y: tf.Tensor) => {
    const [from, to] = [polar(x), polar(y)]
    const half = halfSquared(from, to)
    const inSpace = tf.sub(tf.sub(to.space, from.space), tf.mul(from.space, tf.mul(2, half)))
    const ratio = tf.div(Differentiable.arsinhRatio(half), above(Differentiable.squareRoot(half)))
    const v = tf.mul(inSpace, ratio)
    return joined(v, tf.div(dot(from.space, v), from.cosh))
  },
  dist: (x: tf.Tensor, y: tf.Tensor) => {
    const half = halfSquared(polar(x), polar(y))
    return drop(tf.mul(tf.mul(Differentiable.squareRoot(half), Differentiable.arsinhRatio(half)), 2))
  }
})
