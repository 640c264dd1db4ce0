import * as tf from "@tensorflow/tfjs-core"
import * as Result from "effect/Result"
import * as Arithmetic from "../../numerics/Arithmetic.ts"
import * as Interval from "../../numerics/Interval.ts"
import * as Matrices from "../../numerics/Matrices.ts"
import type * as Points from "../../numerics/Points.ts"
import * as Seed from "../../numerics/Seed.ts"
import * as Manifold from "../Manifold.ts"
import { fisher, floor } from "./fisher.ts"

const rows = (u: tf.Tensor) => tf.sum(u, -1, true)
const columns = (u: tf.Tensor) => tf.sum(u, -2, true)

/** Rows and columns divided by their sums in turn (Sinkhorn 1964); the error of matrices near the uniform one falls fast. */
const sinkhorn = (u: tf.Tensor): tf.Tensor => {
  const rounds = Arithmetic.current() === Arithmetic.float64 ? 120 : 50
  let x = u
  for (let k = 0; k < rounds; k++) {
    const balanced = tf.div(x, rows(x))
    x = tf.div(balanced, columns(balanced))
  }
  return x
}

/** U − (α1ᵀ + 1βᵀ)∘X with (I − XXᵀ)α = U1 − X Uᵀ1 and β = Uᵀ1 − Xᵀα. */
const project = (x: tf.Tensor, u: tf.Tensor) => {
  const n = x.shape.at(-1)!
  const [inRows, inColumns] = [rows(u), Matrices.transpose(columns(u))]
  // I − XXᵀ has the kernel of constant vectors, which the last term fills.
  const normal = tf.add(tf.sub(tf.eye(n), Matrices.multiply(x, x, { transposeB: true })), 1 / n)
  const alpha = Matrices.multiply(Matrices.inverse(normal), tf.sub(inRows, Matrices.multiply(x, inColumns)))
  const beta = tf.sub(inColumns, Matrices.multiply(x, alpha, { transposeA: true }))
  return tf.sub(u, tf.mul(tf.add(alpha, Matrices.transpose(beta)), x))
}

/** Onto {row and column sums 1}: both means removed, the overall one given back. */
const ontoSums = (u: tf.Tensor, n: number) => {
  const [byRow, byColumn] = [tf.div(tf.sub(rows(u), 1), n), tf.div(tf.sub(columns(u), 1), n)]
  return tf.add(tf.sub(tf.sub(u, byRow), byColumn), tf.mean(byRow, [-2, -1], true))
}

/** Dykstra's alternating projections between the sums and the positive entries; what is left to lift comes from the uniform matrix. */
const nearest = (u: tf.Tensor) => {
  const n = u.shape.at(-1)!
  let [x, owed] = [u, tf.zerosLike(u)]
  for (let k = 0; k < 60; k++) {
    const summed = tf.add(ontoSums(x, n), owed)
    x = tf.maximum(summed, floor())
    owed = tf.sub(summed, x)
  }
  const summed = ontoSums(x, n)
  const least = tf.min(summed, [-2, -1], true)
  const lift = tf.div(tf.relu(tf.sub(floor(), least)), tf.maximum(tf.sub(1 / n, least), floor()))
  return tf.add(summed, tf.mul(lift, tf.sub(1 / n, summed)))
}

const retract = (x: tf.Tensor, v: tf.Tensor) => {
  const exponents = tf.add(tf.log(x), tf.div(v, x))
  return sinkhorn(tf.maximum(tf.exp(tf.sub(exponents, tf.max(exponents, -1, true))), floor()))
}

const at = (n: number): Manifold.Manifold =>
  Manifold.make<tf.Tensor>({
    ...fisher(project),
    name: `DS(${n})`,
    shape: [n, n],
    dimension: (n - 1) ** 2,
    curvature: n === 2 ? Interval.point(0) : Interval.everything,
    norms: {
      spectral: Interval.point(1),
      frobenius: Interval.make(1, Math.sqrt(n)),
      rowSum: Interval.make(Math.sqrt(n), n),
      columnSum: Interval.make(Math.sqrt(n), n)
    },
    nearest,
    retract,
    transport: (_x, _y, v) => v,
    // Within a factor of about two of the uniform matrix.
    random: (seed, batch) => sinkhorn(tf.exp(tf.mul(tf.tanh(Seed.normalTensor(seed, [...batch, n, n])), 0.3))),
    residual: (x) => {
      const short = (sums: tf.Tensor) => tf.max(tf.abs(tf.sub(sums, 1)), [-2, -1])
      return tf.add(tf.add(short(rows(x)), short(columns(x))), tf.sum(tf.relu(tf.neg(x)), [-2, -1]))
    }
  })

/**
 * Doubly stochastic n×n matrices of positive entries, all rows and columns summing to 1, with the Fisher metric ⟨U, V⟩_X = Σ UV/X.
 *
 * project U − (α1ᵀ + 1βᵀ)∘X; retract Sinkhorn(X∘exp(V/X)), of first order. Its sectional curvature has no bound, so FG-SGD takes plain
 * steps only (`StepSize.plain`).
 * Source: Douik and Hassibi 2019, *Manifold optimization over the set of doubly stochastic matrices*.
 *
 * @throws ShapeRefused for a shape that is not n×n with n ≥ 2.
 *
 * @example
 * ```ts
 * import { DoublyStochastic } from "finegrain"
 * const M = DoublyStochastic.make([3, 3])
 * M.dimension // => 4
 * M.norms.spectral // => { min: 1, max: 1 }
 * ```
 */
export const make = (shape: Points.Shape): Manifold.Manifold => Result.getOrThrow(family().at(shape))

/**
 * The family of doubly stochastic matrices, `DS` in specifications; refuses what is not square.
 *
 * @example
 * ```ts
 * import * as Result from "effect/Result"
 * import { DoublyStochastic } from "finegrain"
 * Result.isFailure(DoublyStochastic.family().at([3, 2])) // => true
 * ```
 */
export const family = (): Manifold.Family => ({
  symbol: "DS",
  name: "doubly stochastic",
  at: (shape) =>
    Result.map(
      Manifold.matrixShape("DS", shape, ([m, n]) => m === n && n >= 2, "rows and columns of sum 1 are equally many"),
      ([n]) => at(n)
    )
})
