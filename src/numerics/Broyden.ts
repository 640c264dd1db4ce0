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
  /** At most so many steps. */
  readonly rounds: number
}

/** What was found, with the length of f there, `[…, 1, 1]`, which the caller has to judge. */
export interface Found {
  readonly root: tf.Tensor
  readonly residual: tf.Tensor
}

/** Steps that a derivative is learned from; then it is forgotten, since far from the root it is another one. */
const remembered = 14
/** No step makes the derivative so much smaller, let alone turns its sign. */
const leastDeterminant = 0.1

/** A step with its dual vector, ⟨dual, step⟩ = 1. */
interface Step {
  readonly step: tf.Tensor
  readonly dual: tf.Tensor
}

const along = (u: tf.Tensor, { dual }: Step) => tf.sum(tf.mul(dual, u), [-2, -1], true)

/**
 * Broyden's first method from z ↦ z + f(z), that is, for f′ ≈ −1: each step teaches how f′ differs from that. Steps are
 * not longer than 1. Fewer steps where it can be read that every item has reached the goal.
 *
 * Source: Kelley 1995, *Iterative Methods for Linear and Nonlinear Equations*, algorithm brsol, section 7.3.
 *
 * @internal
 */
export const broyden = ({ f, goal, rounds, start, weights }: Equation): Found => {
  const inner = (u: tf.Tensor, v: tf.Tensor) => tf.sum(tf.mul(tf.mul(u, weights), v), [-2, -1], true)
  const length = (u: tf.Tensor) => tf.sqrt(inner(u, u))
  const shortened = (s: tf.Tensor) => tf.div(s, tf.maximum(length(s), 1))
  let root = start
  let value = f(root)
  let residual = length(value)
  const done = () => !Postponed.here() && residual.dataSync().every((r) => r <= goal)
  let steps: Array<Step> = []
  let step = shortened(value)
  for (let round = 0; round < rounds && !done(); round++) {
    // An item that is there stays; without a step it has no direction to learn from.
    step = tf.mul(step, tf.cast(tf.greater(residual, goal), "float32"))
    root = tf.add(root, step)
    value = f(root)
    residual = length(value)
    steps.push({ step, dual: tf.div(tf.mul(step, weights), tf.maximum(inner(step, step), 1e-30)) })
    const turned = steps.slice(1).reduce((u, { step }, j) => tf.add(u, tf.mul(step, along(u, steps[j]!))), value)
    const forgotten = steps.length === remembered
    step = shortened(
      forgotten ? value : tf.div(turned, tf.maximum(tf.sub(1, along(turned, steps.at(-1)!)), leastDeterminant))
    )
    if (forgotten) steps = []
  }
  return { root, residual }
}
