/** Matrices of one rank, as a submanifold of all matrices. */
import * as tf from "@tensorflow/tfjs-core"
import { equal, homogeneous, length, less } from "../../numerics/Differentiable.ts"
import * as Interval from "../../numerics/Interval.ts"
import * as Matrices from "../../numerics/Matrices.ts"
import { missing } from "../../numerics/matrices/singular.ts"
import * as Norms from "../../numerics/Norms.ts"
import * as Seed from "../../numerics/Seed.ts"
import * as Manifold from "../Manifold.ts"
import { matrixFamily, tallOrWide } from "../matrixFamily.ts"

/** What may be chosen. */
export interface FixedRankOptions {
  /** Default 1: separable kernels. */
  readonly rank?: number
}

/** (I − QQᵀ)U for a partial isometry Q, onto whose column space QQᵀ projects. */
const beside = (q: tf.Tensor, u: tf.Tensor) => tf.sub(u, Matrices.multiply(q, Matrices.transposeTimes(q, u)))

/**
 * The distance to matrices of at most that rank; and 1 more where a singular value that is to be positive is rounding.
 */
const residual = (x: tf.Tensor, rank: number): tf.Tensor => {
  const { values } = Matrices.svd(x)
  const [kept, dropped] = tf.split(values, [rank, values.shape.at(-1)! - rank], -1)
  const least = tf.min(kept!, -1)
  const lost = less(least, tf.mul(tf.max(values, -1), missing()))
  return tf.add(tf.squeeze(length(dropped!, [-1]), [-1]), tf.maximum(lost, equal(least, 0)))
}

const tall = (m: number, n: number, rank: number): Manifold.Manifold => {
  const nearest = homogeneous((u) => Matrices.ofSingular(u, Matrices.truncated(rank)))
  return Manifold.make<tf.Tensor>({
    name: `Rk${rank}(${m},${n})`,
    shape: [m, n],
    dimension: rank * (m + n - rank),
    curvature: Interval.everything,
    norms: Norms.unbounded,
    retractionOrder: 2,
    // U − (I − P)U(I − P′) for the projectors P, P′ onto the column and row space of X.
    project: (x, u) => {
      const q = Matrices.ofSingular(x, Matrices.isometry(rank))
      const inRows = Matrices.transpose(beside(Matrices.transpose(q), Matrices.transpose(u)))
      return tf.sub(u, beside(q, inRows))
    },
    nearest,
    retract: (x, v) => nearest(tf.add(x, v)),
    residual: (x) => residual(x, rank),
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

const fixedRank = matrixFamily(({ rank = 1 }: FixedRankOptions = {}) => ({
  symbol: "Rk",
  name: "fixed rank",
  about: "rank 1",
  retraction: "nearest",
  accepts: ([m, n]) => Number.isInteger(rank) && rank >= 1 && rank < Math.min(m, n),
  reason: `its rank cannot be ${rank} and less than full`,
  at: tallOrWide(`Rk${rank}`, (m, n) => tall(m, n, rank))
}))

/**
 * m×n matrices of fixed rank k, as an embedded manifold; rank 1, the default, makes separable kernels.
 *
 * project U − (I − P)U(I − P′) for the projectors onto column and row space; nearest the truncated singular value
 * decomposition, never by XᵀX, which squares the condition number; retract nearest(X + V), of second order. The
 * curvature has no bound as σ_k → 0, so FG-SGD takes plain steps only (`StepSize.plain`). Matrices of lower rank, zero
 * included, are not points: their residual is 1 more than their distance, and `nearest` gives them a rank that just is
 * one. Source: Vandereycken 2013, *Low-rank matrix completion by Riemannian optimization*.
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
export const make = fixedRank.make

/**
 * The family of matrices of fixed rank, `Rk` in specifications; refuses shapes whose matrices all have at most that
 * rank.
 *
 * @example
 * ```ts
 * import * as Result from "effect/Result"
 * import { FixedRank } from "finegrain"
 * Result.isFailure(FixedRank.family({ rank: 3 }).at([3, 3])) // => true
 * ```
 */
export const family = fixedRank.family
