import * as tf from "@tensorflow/tfjs-core"
import * as Result from "effect/Result"
import * as Interval from "../../numerics/Interval.ts"
import * as Matrices from "../../numerics/Matrices.ts"
import type * as Points from "../../numerics/Points.ts"
import { transposed } from "../combinators/transposed.ts"
import * as Manifold from "../Manifold.ts"
import * as Stiefel from "./Stiefel.ts"

/** U − XXᵀU, orthogonal to every rotation of the basis X. */
const horizontal = (x: tf.Tensor, u: tf.Tensor) =>
  tf.sub(u, Matrices.multiply(x, Matrices.multiply(x, u, { transposeA: true })))

const curvature = (m: number, n: number): Interval.Interval => {
  if (n * (m - n) < 2) return Interval.point(0)
  return Math.min(n, m - n) === 1 ? Interval.point(1) : Interval.make(0, 2)
}

const tall = (m: number, n: number): Manifold.Manifold => {
  const { exp, nearest, norms, random, residual, retract, shape } = Stiefel.make([m, n], {
    metric: Stiefel.canonical,
    retraction: Stiefel.polar
  })
  return Manifold.make<tf.Tensor>({
    name: `Gr(${m},${n})`,
    shape,
    dimension: n * (m - n),
    curvature: curvature(m, n),
    norms,
    retractionOrder: 2,
    project: horizontal,
    nearest,
    retract,
    random,
    residual,
    exp: exp!
  })
}

/**
 * Grassmann manifold of n-dimensional subspaces of ℝᵐ, each by an orthonormal basis X; for m < n, of the row spaces.
 *
 * Tangent vectors are horizontal, XᵀU = 0; project U − XXᵀU; the polar retraction, of second order; exp as on the Stiefel manifold
 * with the canonical metric. Sectional curvature in [0, 2] (Wong 1968), 1 on projective spaces.
 * Source: Edelman, Arias and Smith 1998, section 2.5.
 *
 * @throws ShapeRefused for a shape that is not m×n with m ≠ n.
 *
 * @example
 * ```ts
 * import { Grassmann } from "finegrain"
 * Grassmann.make([5, 2]).dimension // => 6
 * Grassmann.make([4, 1]).curvature // => { min: 1, max: 1 }
 * ```
 */
export const make = (shape: Points.Shape): Manifold.Manifold => Result.getOrThrow(family().at(shape))

/**
 * The family of Grassmann manifolds, `Gr` in specifications; refuses square matrices, whose span is everything.
 *
 * @example
 * ```ts
 * import * as Result from "effect/Result"
 * import { Grassmann } from "finegrain"
 * Result.isFailure(Grassmann.family().at([3, 3])) // => true
 * ```
 */
export const family = (): Manifold.Family => ({
  symbol: "Gr",
  name: "Grassmann",
  at: (shape) =>
    Result.map(
      Manifold.matrixShape("Gr", shape, ([m, n]) =>
        m !== n, "the columns of a square matrix span everything, there is one subspace only"),
      ([m, n]) =>
        m > n ? tall(m, n) : { ...transposed(tall(n, m)), name: `Gr(${m},${n})` }
    )
})
