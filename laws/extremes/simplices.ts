/** Vertices and faces of simplices. */
import * as tf from "@tensorflow/tfjs-core"
import type * as Manifold from "../../src/geometry/Manifold.ts"
import { type Edge, ofLength } from "../edges.ts"
import { edge, size } from "./edge.ts"

/** All but a little of every column, or of the whole, in one entry; near opposite vertices of a simplex. */
const corner = (x: tf.Tensor, little: number, turned: number) => {
  const m = size(x, -2)
  const square = size(x, -1) === m
  const vertex = square
    ? tf.gather(tf.eye(m), Array.from({ length: m }, (_, i) => (i + turned) % m))
    : tf.tile(tf.slice(tf.eye(m), [0, turned === 0 ? 0 : m - 1], [m, 1]), [1, size(x, -1)])
  return tf.expandDims(tf.add(tf.mul(vertex, 1 - m * little), little), 0)
}

/** The length of tangent vectors that stay inside: the Fisher metric has the boundary at 2√little. */
const inside = (little: number, x: tf.Tensor, M: Manifold.Manifold) => ({
  x,
  v: ofLength(M, x, M.randomTangent(1, x), Math.sqrt(little))
})

/**
 * Near vertices and faces of simplices, whose columns sum to 1; of square ones all rows do, too.
 *
 * @internal
 */
export const corners: ReadonlyArray<Edge> = [
  edge("near a vertex", ({ x }, M) => ({ ...inside(1e-6, corner(x, 1e-6, 0), M), y: corner(x, 1e-6, 1) })),
  edge("nearer than rounding to a vertex", ({ x }, M) => inside(1e-12, corner(x, 1e-12, 0), M)),
  edge("near a face", ({ x }, M) => {
    const halfway = tf.div(tf.add(corner(x, 1e-6, 0), corner(x, 1e-6, 1)), 2)
    return { ...inside(1e-6, halfway, M), y: halfway }
  })
]

/**
 * Vertices and faces, which open sets do not have.
 *
 * @internal
 */
export const vertices: ReadonlyArray<Edge> = [
  edge("a vertex", ({ x }) => ({ x: corner(x, 0, 0) })),
  // Two rows have no other faces than vertices.
  edge("a face", ({ x }) => ({
    x: size(x, -2) === 2 ? corner(x, 0, 1) : tf.div(tf.add(corner(x, 0, 0), corner(x, 0, 1)), 2)
  }))
]
