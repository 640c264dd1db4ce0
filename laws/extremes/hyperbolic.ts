/** The rim of the Poincaré ball, and the far ends of the hyperboloid. */
import * as tf from "@tensorflow/tfjs-core"
import * as Differentiable from "../../src/numerics/Differentiable.ts"
import { type Edge, ofLength } from "../edges.ts"
import type { Situation } from "../operations.ts"
import { edge, size } from "./edge.ts"
import { longSteps } from "./lengths.ts"

const lengthOf = (x: tf.Tensor) => Differentiable.length(x, [-2, -1])

const toRim = (x: tf.Tensor, missing: number) => tf.mul(x, tf.div(1 - missing, lengthOf(x)))

/**
 * Near the rim of the Poincaré ball: side by side, and opposite.
 *
 * @internal
 */
export const rim: ReadonlyArray<Edge> = [
  edge("side by side near the rim", ({ x }) => ({ x: toRim(x, 1e-4), y: toRim(x, 2e-4) })),
  edge("opposite near the rim", ({ x }) => ({ x: toRim(x, 1e-5), y: tf.neg(toRim(x, 1e-5)) })),
  edge("at hyperbolic distance 1 near the rim", ({ v, x }, M) => {
    const from = toRim(x, 1e-5)
    return { x: from, y: M.retract(from, ofLength(M, from, v, 1)) }
  }),
  longSteps(100)
]

/**
 * The rim itself, and what is beyond.
 *
 * @internal
 */
export const beyondRim: ReadonlyArray<Edge> = [
  edge("the rim", ({ x }) => ({ x: inTime(tf.zerosLike(x), () => tf.scalar(1)) })),
  edge("beyond the rim", ({ x }) => ({ x: toRim(x, -1) }))
]

/** A matrix of which time is the first entry, by its entries in space and its time. */
const inTime = (x: tf.Tensor, time: (space: tf.Tensor) => tf.Tensor) => {
  const first = tf.tensor2d(
    Array.from({ length: size(x, -2) }, (_, i) => Array.from({ length: size(x, -1) }, (_, j) => (i + j === 0 ? 1 : 0)))
  )
  const space = tf.mul(x, tf.sub(1, first))
  return tf.add(space, tf.mul(first, time(space)))
}

const onSheet = (x: tf.Tensor) =>
  inTime(x, (space) => lengthOf(tf.concat([lengthOf(space), tf.ones([...x.shape.slice(0, -2), 1, 1])], -1)))

/**
 * Points of the upper sheet and vectors tangent to it, by their entries in space.
 *
 * @internal
 */
export const ofSpace = ({ u, v, x, y }: Situation): Situation => {
  const from = onSheet(x)
  const slope = tf.div(inTime(from, () => tf.scalar(0)), tf.slice(from, [0, 0, 0], [-1, 1, 1]))
  const time = (space: tf.Tensor) => tf.sum(tf.mul(space, slope), [-2, -1], true)
  return { x: from, y: onSheet(y), u, v: inTime(v, time) }
}

/** The point at hyperbolic angle t in the direction of another. */
const lorentz = (x: tf.Tensor, t: number) => {
  const space = inTime(x, () => tf.scalar(0))
  return onSheet(tf.mul(space, tf.div(Math.sinh(t), lengthOf(space))))
}

/**
 * Far out on the hyperboloid, in one direction and in opposite ones; at 11, 3·10⁴ from the origin.
 *
 * @internal
 */
export const farOut: ReadonlyArray<Edge> = [
  edge("7 and 7.01 out", ({ x }) => ({ x: lorentz(x, 7), y: lorentz(x, 7.01) })),
  edge("10 out on both sides", ({ x }) => ({ x: lorentz(x, 10), y: lorentz(x, -10) })),
  edge("11 and 11.1 out", ({ x }) => ({ x: lorentz(x, 11), y: lorentz(x, 11.1) })),
  edge("at the origin and as far out as numbers reach", ({ x }) => ({ x: lorentz(x, 0), y: lorentz(x, 79) })),
  longSteps(1000)
]

/**
 * The lower sheet.
 *
 * @internal
 */
export const lowerSheet: ReadonlyArray<Edge> = [edge("the lower sheet", ({ x }) => ({ x: tf.neg(x) }))]
