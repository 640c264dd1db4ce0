/** Balls of matrices. */
import * as tf from "@tensorflow/tfjs-core"
import type { Edge } from "../edges.ts"
import { edge } from "./edge.ts"

/**
 * On the boundary of a ball, and far outside.
 *
 * @internal
 */
export const boundary: ReadonlyArray<Edge> = [
  edge("on the boundary", ({ u, v }, M) => ({ x: M.nearest(tf.mul(1e3, u)), v: tf.neg(v) })),
  edge("at the centre", ({ x }) => ({ x: tf.zerosLike(x) })),
  edge("far outside", ({ u }) => ({ u: tf.mul(1e30, u) }))
]
