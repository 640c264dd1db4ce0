/** Positive definite matrices, near singular ones and beyond. */
import * as tf from "@tensorflow/tfjs-core"
import * as Matrices from "../../src/numerics/Matrices.ts"
import type { Edge } from "../edges.ts"
import { edge, size } from "./edge.ts"
import { scales } from "./lengths.ts"
import { conjugated, diagonal, spread } from "./spectra.ts"

const times = (a: tf.Tensor, b: tf.Tensor) => Matrices.multiply(a, b)

/**
 * Positive definite matrices near singular ones, by their directions and by their scales.
 *
 * @internal
 */
export const nearSingular: ReadonlyArray<Edge> = [
  edge("condition 1e5", ({ u, x }) => ({ x: Matrices.sym(conjugated(u, diagonal(spread(size(x, -1), 1e-5)))) })),
  edge("graded to condition 1e12", ({ x, y }) => {
    const d = diagonal(spread(size(x, -1), 1e-6))
    return { x: times(times(d, x), d), y: times(times(d, y), d) }
  }),
  ...scales
]

/**
 * What is singular, indefinite or 0.
 *
 * @internal
 */
export const singular: ReadonlyArray<Edge> = [
  edge("a singular matrix", ({ x }) => ({ x: tf.onesLike(x) })),
  edge("an indefinite matrix", ({ x }) => ({
    x: conjugated(x, diagonal(Array.from({ length: size(x, -1) }, (_, i) => 1 - 2 * i)))
  })),
  edge("zero", ({ x }) => ({ x: tf.zerosLike(x) }))
]
