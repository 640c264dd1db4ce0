/** Spheres of every kind: antipodes. */
import * as tf from "@tensorflow/tfjs-core"
import type { Edge } from "../edges.ts"
import { longSteps } from "./lengths.ts"

/** Where the shortest geodesics to a point are many: the antipode of every sphere. */
const antipode: Edge = {
  name: "antipodes",
  cut: true,
  at: ({ x }) => ({ y: tf.neg(x) })
}

/** Within a thousandth of the antipode, where the logarithm must still be tangent. */
const nearAntipode: Edge = {
  name: "near the antipode",
  at: ({ v, x }, M) => ({ y: M.retract(tf.neg(x), tf.mul(1e-3, v)) })
}

/**
 * Spheres of every kind.
 *
 * @internal
 */
export const spherical: ReadonlyArray<Edge> = [antipode, nearAntipode, longSteps(1e6)]
