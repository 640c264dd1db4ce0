/** Subspaces that are orthogonal in some directions. */
import * as tf from "@tensorflow/tfjs-core"
import type { Edge } from "../edges.ts"
import { edge } from "./edge.ts"
import { longSteps } from "./lengths.ts"
import { weakDirections } from "./ranks.ts"

/**
 * Subspaces with principal angles of π/2, and near it.
 *
 * @internal
 */
export const orthogonalSubspaces: ReadonlyArray<Edge> = [
  edge("principal angles π/2", ({ u, x }, M) => ({ y: M.nearest(M.project(x, u)) }), true),
  edge("principal angles near π/2", ({ u, x }, M) => ({
    y: tf.add(tf.mul(x, 1e-3), tf.mul(Math.sqrt(1 - 1e-6), M.nearest(M.project(x, u))))
  })),
  edge("another basis", ({ x }) => ({ y: tf.neg(x) })),
  longSteps(1000),
  weakDirections(1e-2)
]
