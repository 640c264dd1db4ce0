/** Grassmann manifolds, with the choice of their transport. */
import * as tf from "@tensorflow/tfjs-core"
import * as Interval from "../../numerics/Interval.ts"
import * as Matrices from "../../numerics/Matrices.ts"
import * as Manifold from "../Manifold.ts"
import { matrixFamily, tallOrWide } from "../matrixFamily.ts"
import { lengthOfLog } from "../stiefel/distance.ts"
import { subspaceLog, subspaceParallel } from "../stiefel/subspaces.ts"
import type { VectorTransport } from "../VectorTransport.ts"
import * as Stiefel from "./Stiefel.ts"

/** What may be chosen on Grassmann manifolds. */
export interface GrassmannOptions {
  /** Default `projection`. */
  readonly transport?: VectorTransport
}

/**
 * Transport by projection onto the horizontal space at the target: V − YYᵀV.
 *
 * Source: Absil, Mahony and Sepulchre 2008, *Optimization Algorithms on Matrix Manifolds*, section 8.1.4.
 *
 * @example
 * ```ts
 * import { Grassmann } from "finegrain"
 * Grassmann.projection.name // => "projection"
 * ```
 */
export const projection: VectorTransport = { name: "projection" }

/**
 * Parallel transport along the shortest geodesic, an isometry: a rotation by e^(HXᵀ − XHᵀ) with H = log(X, Y), then of
 * the basis to Y.
 *
 * Source: Edelman, Arias and Smith 1998, theorem 2.4.
 *
 * @example
 * ```ts
 * import { Grassmann } from "finegrain"
 * const lines = Grassmann.make([3, 1], { transport: Grassmann.parallel })
 * const x = lines.random(1), y = lines.random(2), v = lines.randomTangent(3, x)
 * const moved = lines.transport(x, y, v)
 * Math.abs(lines.norm(y, moved).dataSync()[0]! / lines.norm(x, v).dataSync()[0]! - 1) < 1e-5 // => true
 * ```
 */
export const parallel: VectorTransport = { name: "parallel" }

/** U − XXᵀU, orthogonal to every rotation of the basis X. */
const horizontal = (x: tf.Tensor, u: tf.Tensor) => tf.sub(u, Matrices.multiply(x, Matrices.transposeTimes(x, u)))

const curvature = (m: number, n: number): Interval.Interval => {
  if (n * (m - n) < 2) return Interval.point(0)
  return Math.min(n, m - n) === 1 ? Interval.point(1) : Interval.make(0, 2)
}

/** The Frobenius norm of the logarithm: the root of the sum of the squared principal angles. */
const dist = lengthOfLog(subspaceLog, (_x, u, v) => tf.sum(tf.mul(u, v), [-2, -1]))

const tall = (m: number, n: number, { transport = projection }: GrassmannOptions): Manifold.Manifold => {
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
    exp: exp!,
    log: subspaceLog,
    dist,
    // Half the length of a closed geodesic of a line in a plane: where a principal angle is π/2.
    injectivityRadius: Math.PI / 2,
    ...(transport.name === "parallel" ? { transport: subspaceParallel } : {})
  })
}

const grassmann = matrixFamily((options: GrassmannOptions = {}) => ({
  symbol: "Gr",
  name: "Grassmann",
  about: "subspaces",
  retraction: "polar",
  accepts: ([m, n]) => m !== n,
  reason: "the columns of a square matrix span everything, there is one subspace only",
  at: tallOrWide("Gr", (m, n) => tall(m, n, options))
}))

/**
 * Grassmann manifold of n-dimensional subspaces of ℝᵐ, each by an orthonormal basis X; for m < n, of the row spaces.
 *
 * Tangent vectors are horizontal, XᵀU = 0; project U − XXᵀU; the polar retraction, of second order; exp as on the
 * Stiefel manifold with the canonical metric; log and dist by principal angles, the cosines of which are the singular
 * values of XᵀY; injectivity radius π/2. Where an angle is π/2 the logarithm is one of several, with the gradient on
 * its side; where several are, that is 0 along turns of these directions into each other. Sectional curvature in
 * [0, 2] (Wong 1968), 1 on projective spaces.
 * Source: Edelman, Arias and Smith 1998, section 2.5; Bendokat, Zimmermann and Absil 2020 for the logarithm.
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
export const make = grassmann.make

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
export const family = grassmann.family
