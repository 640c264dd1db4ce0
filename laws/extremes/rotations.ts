/** Rotations by half a turn. */
import * as tf from "@tensorflow/tfjs-core"
import * as Matrices from "../../src/numerics/Matrices.ts"
import type { Edge } from "../edges.ts"
import type { Situation } from "../operations.ts"
import { edge, size } from "./edge.ts"
import { longSteps } from "./lengths.ts"
import { weakDirections } from "./ranks.ts"
import { conjugated, spread } from "./spectra.ts"

const turned = (s: Situation, angles: ReadonlyArray<number>) => {
  const n = size(s.x, -1)
  const rotation = tf.tensor2d(Array.from({ length: n }, (_, i) =>
    Array.from({ length: n }, (_, j) => {
      const plane = Math.floor(i / 2)
      const angle = angles[plane] ?? 0
      if (i === j) return 2 * plane + 1 < n ? Math.cos(angle) : 1
      return Math.floor(j / 2) === plane ? (i < j ? -1 : 1) * Math.sin(angle) : 0
    })))
  return { y: Matrices.multiply(s.x, conjugated(s.u, tf.expandDims(rotation, 0))) }
}

/**
 * Rotations by half a turn, where two geodesics are shortest or many are, and near it.
 *
 * @internal
 */
export const halfTurns: ReadonlyArray<Edge> = [
  edge("half a turn", (s) => turned(s, [Math.PI]), true),
  edge("half a turn in every plane", (s) => turned(s, s.x.shape.map(() => Math.PI)), true),
  edge("nearly half a turn", (s) => turned(s, [Math.PI - 1e-3])),
  longSteps(1000),
  weakDirections(1e-3)
]

/**
 * What is orthogonal but turns space over.
 *
 * @internal
 */
export const reflections: ReadonlyArray<Edge> = [
  edge(
    "a reflection",
    ({ x }) => ({ x: tf.mul(x, tf.tensor1d(spread(size(x, -1), 1).map((one, i) => i === 0 ? -one : one))) })
  )
]
