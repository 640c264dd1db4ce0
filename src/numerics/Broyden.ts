/**
 * Roots of equations whose derivative is near the identity, of a whole batch at once.
 */
import * as tf from "@tensorflow/tfjs-core"
import * as Postponed from "../engine/Postponed.ts"

/** An equation f(z) = 0 between tensors `[…, m, n]` of one shape, with where to look for its root. */
export interface Equation {
  readonly f: (z: tf.Tensor) => tf.Tensor
  readonly start: tf.Tensor
  /** Weights of the entries in lengths, of the shape `[m, n]`. */
  readonly weights: tf.Tensor
  /** The length of f below which an item of the batch is left alone. */
  readonly goal: number
  /** How often a derivative is learned anew, each time in 14 steps. */
  readonly memories: number
}

/** What was found, with the length of f there, `[…, 1, 1]`, which the caller has to judge. */
export interface Found {
  readonly root: tf.Tensor
  readonly residual: tf.Tensor
}

/** Steps that a derivative is learned from; then it is forgotten, since far from the root it is another one. */
const remembered = 14
const longest = 1

/**
 * Broyden's first method from z ↦ z + f(z), that is, for f′ ≈ −1: each step teaches how f′ differs from that. Steps are
 * not longer than 1. Fewer steps where it can be read that every item has reached the goal.
 *
 * Source: Kelley 1995, *Iterative Methods for Linear and Nonlinear Equations*, algorithm brsol, section 7.3.
 *
 * @internal
 */
export const broyden = ({ f, goal, memories, start, weights }: Equation): Found => {
  const inner = (u: tf.Tensor, v: tf.Tensor) => tf.sum(tf.mul(tf.mul(u, weights), v), [-2, -1], true)
  const length = (u: tf.Tensor) => tf.sqrt(inner(u, u))
  const shortened = (s: tf.Tensor) => tf.div(s, tf.maximum(tf.div(length(s), longest), 1))
  let root = start
  let value = f(root)
  let residual = length(value)
  const done = () => !Postponed.here() && residual.dataSync().every((r) => r <= goal)
  for (let memory = 0; memory < memories; memory++) {
    const steps: Array<{ readonly step: tf.Tensor; readonly dual: tf.Tensor }> = []
    let step = shortened(value)
    for (let k = 0; k < remembered; k++) {
      if (done()) return { root, residual }
      // An item that is there stays; without a step it has no direction to learn from.
      step = tf.mul(step, tf.cast(tf.greater(residual, goal), "float32"))
      root = tf.add(root, step)
      value = f(root)
      residual = length(value)
      const dual = tf.div(tf.mul(step, weights), tf.maximum(inner(step, step), 1e-30))
      steps.push({ step, dual })
      const along = (u: tf.Tensor, { dual }: { readonly dual: tf.Tensor }) => tf.sum(tf.mul(dual, u), [-2, -1], true)
      const turned = steps.slice(0, -1).reduce(
        (u, one, j) => tf.add(u, tf.mul(steps[j + 1]!.step, along(u, one))),
        value
      )
      step = shortened(tf.div(turned, tf.maximum(tf.sub(1, along(turned, steps.at(-1)!)), 0.1)))
    }
  }
  return { root, residual }
}
