import type * as tf from "@tensorflow/tfjs-core"
import { columns } from "../combinators/columns.ts"
import * as Manifold from "../Manifold.ts"
import { rootOfInner } from "../manifold/entries.ts"
import { matrixFamily } from "../matrixFamily.ts"
import * as MatrixForm from "../MatrixForm.ts"
import * as Sphere from "./Sphere.ts"
import { unitNorm } from "./unitNorm.ts"

const geometry = unitNorm([-2])

const oblique = matrixFamily((options: Sphere.SphereOptions = {}) => ({
  symbol: "Ob",
  name: "oblique",
  about: "columns of unit norm",
  retraction: "normalization",
  accepts: ([m]) => m >= 2,
  at: (m, n) => at([m, n], options)
}))

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
export const make = oblique.make

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
export const family = oblique.family

/**
 * The columns of spheres, with the sphere's own formulas taken along the rows instead of through transposes: fewer
 * operations.
 */
const at = ([m, n]: readonly [number, number], options: Sphere.SphereOptions): Manifold.Manifold => {
  const isParallel = options.transport?.name === "parallel"
  const derived = columns(Sphere.make([m, 1], options), n)
  const manifold = Manifold.make<tf.Tensor>({
    ...derived,
    name: `Ob(${m},${n})`,
    project: geometry.project,
    gradient: geometry.project,
    nearest: geometry.nearest,
    retract: geometry.retract,
    transport: isParallel ? geometry.parallel : (_x, y, v) => geometry.project(y, v),
    inner: (_x, u, v) => Manifold.frobeniusInner([m, n], u, v),
    // One root for all columns, none of which has another scale than its neighbour: the bits that runs have seen.
    norm: rootOfInner([m, n], derived.inner)
  })
  return isParallel
    ? manifold
    : MatrixForm.declare(manifold, { name: "Unit", rows: m, columns: n, transposed: false })
}
