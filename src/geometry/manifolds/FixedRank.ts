import * as tf from "@tensorflow/tfjs-core"
import * as Result from "effect/Result"
import * as Interval from "../../numerics/Interval.ts"
import * as Matrices from "../../numerics/Matrices.ts"
import * as Norms from "../../numerics/Norms.ts"
import type * as Points from "../../numerics/Points.ts"
import * as Seed from "../../numerics/Seed.ts"
import { transposed } from "../combinators/transposed.ts"
import * as Manifold from "../Manifold.ts"

/** What may be chosen. */
export interface Options {
  /** Default 1: separable kernels. */
  readonly rank?: number
}

/** 1 for the `rank` largest values, 0 for the others; ties go to the first. */
const largest = (values: tf.Tensor, rank: number): tf.Tensor => {
  const n = values.shape.at(-1)!
  const [own, other] = [tf.expandDims(values, -1), tf.expandDims(values, -2)]
  const earlier = tf.tensor2d(Array.from({ length: n * n }, (_, k) => (k % n < Math.floor(k / n) ? 1 : 0)), [n, n])
  const before = tf.add(
    tf.cast(tf.greater(other, own), "float32"),
    tf.mul(tf.cast(tf.equal(other, own), "float32"), earlier)
  )
  return tf.cast(tf.less(tf.sum(before, -1), rank), "float32")
}

/** The projectors onto the leading column and row spaces, and X of that rank. */
const leading = (x: tf.Tensor, rank: number) => {
  const eigen = Matrices.eigh(Matrices.multiply(x, x, { transposeA: true }))
  const chosen = largest(eigen.values, rank)
  const right = Matrices.ofEigen(eigen, () => chosen)
  const isometry = Matrices.multiply(
    x,
    Matrices.ofEigen(eigen, (squares) => tf.mul(chosen, tf.rsqrt(tf.maximum(squares, 1e-30))))
  )
  return { left: Matrices.multiply(isometry, isometry, { transposeB: true }), right, x: Matrices.multiply(x, right) }
}

const tall = (m: number, n: number, rank: number): Manifold.Manifold => {
  const nearest = (u: tf.Tensor) => leading(u, rank).x
  return Manifold.make<tf.Tensor>({
    name: `Rk${rank}(${m},${n})`,
    shape: [m, n],
    dimension: rank * (m + n - rank),
    curvature: Interval.everything,
    norms: Norms.unbounded,
    retractionOrder: 2,
    // U − (I − P)U(I − P′) for the projectors P, P′ onto the column and row space of X.
    project: (x, u) => {
      const { left, right } = leading(x, rank)
      const outside = tf.sub(u, Matrices.multiply(left, u))
      return tf.sub(u, tf.sub(outside, Matrices.multiply(outside, right)))
    },
    nearest,
    retract: (x, v) => nearest(tf.add(x, v)),
    // Singular values between 1 and 2.
    random: (seed, batch) => {
      const factor = (length: number, label: string) =>
        Matrices.qf(Seed.normalTensor(Seed.split(seed, label), [...batch, length, rank]))
      const values = tf.add(
        1.5,
        tf.mul(tf.tanh(Seed.normalTensor(Seed.split(seed, "values"), [...batch, 1, rank])), 0.5)
      )
      return Matrices.multiply(tf.mul(factor(m, "left"), values), factor(n, "right"), { transposeB: true })
    }
  })
}

/**
 * m×n matrices of fixed rank k, as an embedded manifold; rank 1, the default, makes separable kernels.
 *
 * project U − (I − P)U(I − P′) for the projectors onto column and row space; nearest the truncated singular value decomposition, by
 * the eigenvectors of XᵀX; retract nearest(X + V), of second order. The curvature has no bound as σ_k → 0, so FG-SGD takes plain
 * steps only (`StepSize.plain`). Source: Vandereycken 2013, *Low-rank matrix completion by Riemannian optimization*.
 *
 * @throws ShapeRefused for a shape that is not m×n with k < min(m, n).
 *
 * @example
 * ```ts
 * import { FixedRank } from "finegrain"
 * FixedRank.make([3, 3]).dimension // => 5
 * FixedRank.make([5, 4], { rank: 2 }).dimension // => 14
 * ```
 */
export const make = (shape: Points.Shape, options: Options = {}): Manifold.Manifold =>
  Result.getOrThrow(family(options).at(shape))

/**
 * The family of matrices of fixed rank, `Rk` in specifications; refuses shapes whose matrices all have at most that rank.
 *
 * @example
 * ```ts
 * import * as Result from "effect/Result"
 * import { FixedRank } from "finegrain"
 * Result.isFailure(FixedRank.family({ rank: 3 }).at([3, 3])) // => true
 * ```
 */
export const family = ({ rank = 1 }: Options = {}): Manifold.Family => ({
  symbol: "Rk",
  name: "fixed rank",
  at: (shape) =>
    Result.map(
      Manifold.matrixShape("Rk", shape, ([m, n]) =>
        Number.isInteger(rank) && rank >= 1 && rank < Math.min(m, n), `its rank cannot be ${rank} and less than full`),
      ([m, n]) =>
        m >= n ? tall(m, n, rank) : { ...transposed(tall(n, m, rank)), name: `Rk${rank}(${m},${n})` }
    )
})
