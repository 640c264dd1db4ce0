import * as tf from "@tensorflow/tfjs-core"
import type * as Manifold from "../../src/geometry/Manifold.ts"
import * as NestedTensors from "../../src/numerics/NestedTensors.ts"
import type { NormIntervals } from "../../src/numerics/Norms.ts"
import * as Norms from "../../src/numerics/Norms.ts"
import * as Shape from "../../src/numerics/Shape.ts"
import type { LawSet } from "../Law.ts"
import * as Tolerance from "../Tolerance.ts"
import { outside } from "./outside.ts"
import type { Setting } from "./setting.ts"

/**
 * The norm intervals, and that they are attained.
 *
 * @internal
 */
export const normLaws = <P extends NestedTensors.NestedTensors>(
  { M, options, entries, point, section }: Setting<P>
): LawSet => {
  const { law, set, when } = section("norms", "Ozay 2019, section 3, with sharp intervals")
  const shapes = Shape.leaves(M.shape)
  const matrices = shapes.every((shape) => shape.length === 2 || shape.length === 3)
  when(
    matrices,
    "norms",
    "its points are not matrices or stacks of matrices, whose direct sum the intervals speak of",
    law(
      "norm intervals hold",
      "min ≤ ‖x‖ ≤ max",
      (c) => {
        const norms = directSumNorms(M, point(c))
        return tf.stack(Norms.names.map((kind) => outside(norms[kind], M.norms[kind])))
      },
      Tolerance.rounding(entries, Math.max(1, ...Norms.names.map((kind) => finite(M.norms[kind].max))))
    )
  )
  const bounded = Norms.names.every((kind) => Number.isFinite(M.norms[kind].max))
  when(
    matrices && shapes.length === 1 && shapes[0]!.length === 2 && bounded && (options.sharpNorms ?? true),
    "norm intervals are attained",
    "there is nothing to attain, or the point is not one matrix, or the intervals are not claimed to be sharp",
    law(
      "norm intervals are attained",
      "some x has ‖x‖ = min, some ‖x‖ = max: nearest to 0, an entry, a row, a column, ones, I or a harmonic frame",
      (c) => {
        const [m = 1, n = 1] = shapes[0]!
        const witnesses = M.nearest(candidates(m, n) as P)
        // A singular candidate may have no nearest point: it is no witness then.
        const valid = tf.less(M.residual(witnesses), 1e-3)
        const norms = directSumNorms(M, witnesses)
        const sampled = directSumNorms(M, M.random(c.seed, [8]))
        return tf.stack(Norms.names.flatMap((kind) => {
          const some = tf.slice(sampled[kind], [0], [1])
          const values = tf.concat([
            tf.where(valid, norms[kind], tf.add(tf.zerosLike(norms[kind]), some)),
            sampled[kind]
          ])
          const { max, min } = M.norms[kind]
          return [tf.abs(tf.sub(tf.min(values), min)), tf.abs(tf.sub(tf.max(values), max))]
        }))
      },
      Tolerance.rounding(entries, 8)
    )
  )
  return set
}

const finite = (value: number) => (Number.isFinite(value) ? value : 0)

/** The norms of the direct sum of all matrices of a point; shape [batch]. */
const directSumNorms = <P extends NestedTensors.NestedTensors>(
  M: Manifold.Manifold<P>,
  x: P
): Record<(typeof Norms.names)[number], tf.Tensor> => {
  const shapes = Shape.leaves(M.shape)
  const leaves = NestedTensors.leaves(x).map((leaf, i) => shapes[i]!.length === 2 ? tf.expandDims(leaf, -3) : leaf)
  const over = (
    f: (x: tf.Tensor) => tf.Tensor,
    inside: (x: tf.Tensor) => tf.Tensor,
    between: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor
  ) => leaves.map((leaf) => inside(f(leaf))).reduce((a, b) => between(a, b))
  const total = (x: tf.Tensor) => tf.sum(x, -1)
  return {
    spectral: over(Norms.spectral, (x) => tf.max(x, -1), tf.maximum),
    frobenius: tf.sqrt(over((x) => tf.square(Norms.frobenius(x)), total, tf.add)),
    rowSum: over(Norms.rowSum, total, tf.add),
    columnSum: over(Norms.columnSum, total, tf.add)
  } satisfies Record<keyof NormIntervals, tf.Tensor>
}

/**
 * Matrices whose nearest points tend to have extreme norms: zero, one entry, one row, one column, all ones, the
 * identity, and real harmonic frames, whose rows all have one length.
 */
const candidates = (m: number, n: number): tf.Tensor => {
  const fill = (f: (i: number, j: number) => number) =>
    tf.tensor2d(Array.from({ length: m * n }, (_, k) => f(Math.floor(k / n), k % n)), [m, n])
  const frame = (length: number, width: number, i: number, j: number) => {
    const column = width % 2 === 1 ? j - 1 : j
    if (column < 0) return Math.SQRT1_2
    const angle = (2 * Math.PI * (Math.floor(column / 2) + 1) * i) / length
    return column % 2 === 0 ? Math.cos(angle) : Math.sin(angle)
  }
  return tf.stack([
    fill(() => 0),
    fill((i, j) => (i === 0 && j === 0 ? 1 : 0)),
    fill((i) => (i === 0 ? 1 : 0)),
    fill((_, j) => (j === 0 ? 1 : 0)),
    fill(() => 1),
    fill((i, j) => (i === j ? 1 : 0)),
    fill((i, j) => (m >= n ? frame(m, n, i, j) : frame(n, m, j, i)))
  ])
}
