import * as tf from "@tensorflow/tfjs-core"
import { constant } from "../../numerics/Constant.ts"
import * as Differentiable from "../../numerics/Differentiable.ts"
import * as Interval from "../../numerics/Interval.ts"
import * as Seed from "../../numerics/Seed.ts"
import { columns } from "../combinators/columns.ts"
import * as Manifold from "../Manifold.ts"
import { rootOfInner } from "../manifold/entries.ts"
import { matrixFamily } from "../matrixFamily.ts"
import { fisher, floor, least, missing, positive } from "./fisher.ts"
import { unitNorm } from "./unitNorm.ts"

const axes = [-2, -1]
const sum = (u: tf.Tensor) => tf.sum(u, axes, true)
const drop = (u: tf.Tensor) => tf.squeeze(u, axes)
const sphere = unitNorm(axes)
/** The largest quotient of a step and a point. */
const largest = 1e30

/**
 * The nearest point of {x ≥ 0, Σx = total}: max(u − τ, 0) with τ found by dropping entries that cannot stay (Michelot
 * 1986).
 */
const ontoSimplex = (u: tf.Tensor, total: number, m: number): tf.Tensor => {
  // Less the largest entry, so that entries of any size keep their differences.
  const half = tf.mul(u, 0.5)
  // By halves, whose difference is a number whatever they are; what is further below is no nearer.
  const below = Differentiable.clipped(tf.sub(half, constant(tf.max(half, axes, true))), largest)
  return clipped(tf.mul(below, 2), total, m)
}

const clipped = (u: tf.Tensor, total: number, m: number): tf.Tensor => {
  let kept: tf.Tensor = tf.onesLike(u)
  for (let k = 0; k < m; k++) {
    const threshold = tf.div(tf.sub(sum(tf.mul(kept, u)), total), tf.maximum(sum(kept), 1))
    kept = Differentiable.greater(u, threshold)
  }
  const threshold = tf.div(tf.sub(sum(tf.mul(kept, u)), total), tf.maximum(sum(kept), 1))
  return tf.relu(tf.sub(u, threshold))
}

const nearest = (m: number) => (u: tf.Tensor) => {
  const smallest = floor()
  return tf.add(ontoSimplex(tf.sub(u, smallest), 1 - m * smallest, m), smallest)
}

/** Σ = 1 and softmax(log x + v/x), which never overflows. */
const retract = (x: tf.Tensor, v: tf.Tensor) => {
  const exponents = tf.add(tf.log(positive(x)), Differentiable.clipped(tf.div(v, positive(x)), largest))
  const weights = tf.exp(tf.sub(exponents, constant(tf.max(exponents, axes, true))))
  return tf.maximum(tf.div(weights, sum(weights)), least)
}

/** x = z² carries the unit sphere's positive orthant, stretched by 2, onto the simplex: an isometry. */
const column = (m: number): Manifold.Manifold =>
  Manifold.make<tf.Tensor>({
    ...fisher((x, u) => tf.sub(u, tf.mul(x, sum(u)))),
    name: `Sim(${m},1)`,
    shape: [m, 1],
    dimension: m - 1,
    curvature: Interval.point(m < 3 ? 0 : 0.25),
    norms: {
      spectral: Interval.make(1 / Math.sqrt(m), 1),
      frobenius: Interval.make(1 / Math.sqrt(m), 1),
      rowSum: Interval.point(1),
      columnSum: Interval.make(1 / Math.sqrt(m), 1)
    },
    // Geodesics leave the simplex after any length, however short: there is no radius for all points.
    injectivityRadius: 0,
    nearest: nearest(m),
    retract,
    transport: (_x, _y, v) => v,
    // Within a factor of about two of the uniform distribution, where geodesics of length 1/2 stay inside.
    random: (seed, batch) => {
      const weights = tf.exp(tf.mul(tf.tanh(Seed.normalTensor(seed, [...batch, m, 1])), 0.3))
      return tf.div(weights, sum(weights))
    },
    residual: (x) => drop(tf.add(tf.abs(tf.sub(sum(x), 1)), missing(x))),
    exp: (x, v) => {
      const z = tf.sqrt(positive(x))
      return tf.square(sphere.exp(z, tf.div(v, tf.mul(z, 2))))
    },
    log: (x, y) => {
      const z = tf.sqrt(positive(x))
      return tf.mul(tf.mul(z, 2), sphere.log(z, tf.sqrt(positive(y))))
    },
    dist: (x, y) => tf.mul(drop(sphere.angle(tf.sqrt(positive(x)), tf.sqrt(positive(y)))), 2)
  })

const simplex = matrixFamily(() => ({
  symbol: "Sim",
  name: "simplex",
  about: "columns are probabilities",
  retraction: "softmax",
  accepts: ([m]) => m >= 2,
  at: (m, n) => {
    if (n === 1) return column(m)
    const derived = columns(column(m), n)
    // One root for all columns, as on the oblique manifold.
    return Manifold.make({ ...derived, name: `Sim(${m},${n})`, norm: rootOfInner([m, n], derived.inner) })
  }
}))

/**
 * Positive simplex of m×n matrices whose columns are probability distributions, with the Fisher metric ⟨U, V⟩_X = Σ
 * UV/X.
 *
 * One column is an orthant of the sphere of radius 2 by x = z², sectional curvature 1/4, with its geodesics, which
 * leave the simplex in finite time; n columns are `columns` of it. Gradient x∘e − x Σ(x∘e); retract softmax(log x +
 * v/x), of first order.
 * Source: Åström, Petra, Schmitzer and Schnörr 2017, *Image labeling by assignment*.
 *
 * @throws ShapeRefused for a shape that is not m×n with m ≥ 2.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Simplex } from "finegrain"
 * const simplex = Simplex.make([3, 1])
 * const nearest = simplex.nearest(tf.tensor2d([[0.9], [0.3], [-1]]))
 * Array.from(nearest.dataSync(), (x) => x.toFixed(2)) // => ["0.80", "0.20", "0.00"]
 * ```
 */
export const make = simplex.make

/**
 * The family of positive simplices, `Sim` in specifications; refuses matrices with one row, whose entries would be 1.
 *
 * @example
 * ```ts
 * import * as Result from "effect/Result"
 * import { Simplex } from "finegrain"
 * Result.isFailure(Simplex.family().at([1, 3])) // => true
 * ```
 */
export const family = simplex.family
