/** Lengths that are too long, and scales of every size. */
import * as tf from "@tensorflow/tfjs-core"
import type { Edge } from "../edges.ts"
import { edge } from "./edge.ts"

/**
 * Steps so long that a retraction must find a point from their direction alone.
 *
 * @internal
 */
export const longSteps = (length: number): Edge => ({
  name: `steps of length ${length}`,
  at: ({ v }) => ({ v: tf.mul(length, v) })
})

const scale = (name: string, c: number): Edge => ({
  name,
  at: ({ u, v, x, y }) => ({ x: tf.mul(c, x), y: tf.mul(c, y), u: tf.mul(c, u), v: tf.mul(c, v) })
})

/**
 * Cones, which have points of every scale.
 *
 * @internal
 */
export const scales: ReadonlyArray<Edge> = [scale("scale 1e30", 1e30), scale("scale 1e-30", 1e-30)]

/**
 * No points: of lengths other than 1, and none at all.
 *
 * @internal
 */
export const otherLengths: ReadonlyArray<Edge> = [
  edge("zero", ({ x }) => ({ x: tf.zerosLike(x) })),
  edge("twice a point", ({ x }) => ({ x: tf.mul(2, x) }))
]
