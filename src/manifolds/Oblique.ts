import * as Result from "effect/Result"
import { columns } from "../combinators/columns.ts"
import * as Manifold from "../Manifold.ts"
import type * as Points from "../Points.ts"
import * as Sphere from "./Sphere.ts"

/**
 * Oblique manifold of m×n matrices whose columns have norm 1: n unit spheres of ℝᵐ, side by side.
 *
 * Everything is derived from the sphere; sectional curvature [0, 1] for n ≥ 2, m ≥ 3.
 * Source: Trendafilov and Lippert 2002; Ozay 2019, table 1.
 *
 * @throws ShapeRefused for a shape that is not m×n with m ≥ 2.
 *
 * @example
 * ```ts
 * import { Oblique } from "finegrain"
 * const oblique = Oblique.make([3, 3])
 * oblique.dimension // => 6
 * oblique.norms.spectral.max ** 2 // => 3
 * ```
 */
export const make = (shape: Points.Shape, options: Sphere.Options = {}): Manifold.Manifold =>
  Result.getOrThrow(family(options).at(shape))

/**
 * The family of oblique manifolds, `Ob` in specifications; refuses matrices with one row, whose columns are ±1.
 *
 * @example
 * ```ts
 * import * as Result from "effect/Result"
 * import { Oblique } from "finegrain"
 * Result.isFailure(Oblique.family().at([1, 3])) // => true
 * ```
 */
export const family = (options: Sphere.Options = {}): Manifold.Family => ({
  symbol: "Ob",
  name: "oblique",
  at: (shape) =>
    Result.map(
      Manifold.matrixShape("Ob", shape, ([m]) => m >= 2),
      ([m, n]) => ({ ...columns(Sphere.make([m, 1], options), n), name: `Ob(${m},${n})` })
    )
})
