/** Sinkhorn's balance of rows and columns. */
import * as tf from "@tensorflow/tfjs-core"
import * as Matrices from "../../numerics/Matrices.ts"
import { positive } from "../manifolds/fisher.ts"
import { loading, project, requireBalance, rows } from "./balance.ts"

/**
 * The matrix exp(L + r1ᵀ + 1cᵀ) with rows and columns of sum 1: a few rounds of Sinkhorn's in logarithms, then Newton's
 * method for r, whose steps are held short. Source: Sinkhorn 1964; Brauer, Clason, Lorenz and Wirth 2017 for Newton's
 * method.
 */
const balanced = (logarithms: tf.Tensor): tf.Tensor => {
  const normalized = (u: tf.Tensor, axis: number) => tf.sub(u, tf.logSumExp(u, axis, true))
  let now = logarithms
  for (let k = 0; k < 24; k++) now = normalized(normalized(now, -1), -2)
  for (let k = 0; k < 12; k++) {
    const x = tf.exp(now)
    const n = x.shape.at(-1)!
    const hessian = tf.add(
      tf.sub(tf.mul(tf.eye(n), tf.add(rows(x), loading())), Matrices.multiply(x, x, { transposeB: true })),
      1 / n
    )
    const step = Matrices.solve(hessian, tf.sub(1, rows(x)))
    now = normalized(tf.add(now, tf.clipByValue(step, -2, 2)), -2)
  }
  return positive(tf.exp(now))
}

/** Balanced, with the derivative of the result: X∘dL, projected. */
export const sinkhorn = (logarithms: tf.Tensor): tf.Tensor =>
  tf.customGrad((given, save) => {
    const value = tf.tidy(() => balanced(given as tf.Tensor))
    requireBalance(
      "the balance of rows and columns",
      value,
      "Entries of a point must be positive, and those of a step finite."
    )
    ;(save as tf.GradSaveFunc)([value])
    return {
      value,
      gradFunc: (dy: tf.Tensor, [x]: Array<tf.Tensor>) => project(x!, tf.mul(x!, dy))
    }
  })(logarithms)
