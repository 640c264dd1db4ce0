/** Nearest doubly stochastic matrices, by Newton's method for the dual problem. */
import * as tf from "@tensorflow/tfjs-core"
import * as Arithmetic from "../../numerics/Arithmetic.ts"
import { largestOr } from "../../numerics/Constant.ts"
import { floor } from "../manifolds/fisher.ts"
import { axes, requireBalance, shares, unbalanced } from "./balance.ts"

const finite = "Look for entries that are not finite."

/** max(U + D, least) for a dual D = α1ᵀ + 1βᵀ. */
const primalOf = (u: tf.Tensor, dual: tf.Tensor) => tf.maximum(tf.add(u, dual), floor())

/**
 * Rounds of Newton's method for the dual problem, each at least as good as two sweeps: rows, then columns brought to
 * sums of 1.
 */
const dualOf = (u: tf.Tensor, start: tf.Tensor, rounds: number): tf.Tensor => {
  const n = u.shape.at(-1)!
  const least = floor()
  const primal = (dual: tf.Tensor) => primalOf(u, dual)
  const short = (x: tf.Tensor) => tf.expandDims(tf.expandDims(unbalanced(x), -1), -1)
  // For the entries that are above the floor now; where none is, the largest comes first.
  const sweep = (dual: tf.Tensor) =>
    [-1, -2].reduce((now, axis) => {
      const lifted = tf.add(now, tf.relu(tf.sub(1 / n, tf.max(tf.add(u, now), axis, true))))
      const x = primal(lifted)
      const active = tf.cast(tf.greater(x, least), "float32")
      const excess = tf.sub(tf.sum(x, axis, true), 1)
      return tf.sub(lifted, tf.div(excess, tf.maximum(tf.sum(active, axis, true), 1)))
    }, dual)
  let dual = start
  for (let k = 0; k < rounds; k++) {
    const x = primal(dual)
    const active = tf.cast(tf.greater(x, least), "float32")
    const newton = tf.sub(dual, shares(active, tf.sub(x, 1 / n)))
    const [stepped, swept] = [sweep(newton), sweep(sweep(dual))]
    const better = tf.less(short(primal(stepped)), tf.minimum(short(primal(swept)), short(x)))
    dual = tf.where(tf.logicalAnd(better, tf.cast(tf.onesLike(u), "bool")), stepped, swept)
  }
  return dual
}

/** The nearest matrix of the form α1ᵀ + 1βᵀ, which rounding leaves. */
const summed = (dual: tf.Tensor) =>
  tf.sub(tf.add(tf.mean(dual, -1, true), tf.mean(dual, -2, true)), tf.mean(dual, axes, true))

/** What the largest entry is divided by at each stage, and Newton's rounds at each: more than were ever needed. */
const [factor, rounds] = [16, 8]

/**
 * max(U + α1ᵀ + 1βᵀ, least) with rows and columns of sum 1. Large entries approach an assignment problem: so from
 * U/16^k on, where they are small, to U, each from sixteen times the last dual; and what their rounding leaves is made
 * good from the result.
 */
const nearestOf = (given: tf.Tensor) => {
  const n = given.shape.at(-1)!
  // A constant changes nothing, and larger entries than these round by more than points are long.
  const rounding = 16 * Arithmetic.current().epsilon
  const half = tf.mul(given, 0.5)
  const shifted = tf.sub(half, tf.max(half, axes, true))
  const sizes = tf.max(tf.abs(shifted), axes, true)
  const u = tf.div(shifted, tf.maximum(0.5, tf.mul(sizes, rounding)))
  const stages = Math.ceil(Math.log(Math.max(1, largestOr(1 / rounding, tf.abs(u)))) / Math.log(factor))
  const uniform = tf.fill(u.shape, 1 / n)
  const next = (dual: tf.Tensor) => summed(tf.add(tf.mul(factor, tf.sub(dual, 1 / n)), 1 / n))
  let dual: tf.Tensor = dualOf(tf.div(u, factor ** stages), uniform, rounds)
  for (let k = stages - 1; k >= 0; k--) dual = dualOf(tf.div(u, factor ** k), next(dual), rounds)
  const found = primalOf(u, dual)
  // What is made good below is feasible anyhow: that it is nearest must be seen here, up to the rounding of the
  // entries.
  requireBalance("the nearest doubly stochastic matrix", found, finite, tf.maximum(1, tf.max(tf.abs(u), axes)))
  // Before that, since it lifts entries from the floor by rounding.
  const active = tf.cast(tf.greater(found, floor()), "float32")
  return { value: primalOf(found, dualOf(found, tf.zerosLike(found), rounds)), active }
}

/**
 * The nearest point, with the derivative of a projection onto a face: what moves only entries above the floor, with
 * sums of 0.
 */
export const nearest = (u: tf.Tensor): tf.Tensor =>
  tf.customGrad((given, save) => {
    const { active, value } = tf.tidy(() => nearestOf(given as tf.Tensor))
    requireBalance("the nearest doubly stochastic matrix", value, finite)
    ;(save as tf.GradSaveFunc)([active])
    return {
      value,
      gradFunc: (dy: tf.Tensor, [face]: Array<tf.Tensor>) => {
        const inside = tf.mul(face!, dy)
        return tf.sub(inside, tf.mul(shares(face!, inside), face!))
      }
    }
  })(u)
