/** The unit sphere, with the choice of its transport. */
import * as tf from "@tensorflow/tfjs-core"
import * as Interval from "../../numerics/Interval.ts"
import type { NormIntervals } from "../../numerics/Norms.ts"
import * as Manifold from "../Manifold.ts"
import { matrixFamily } from "../matrixFamily.ts"
import * as MatrixForm from "../MatrixForm.ts"
import type { VectorTransport } from "../VectorTransport.ts"
import { unitNorm } from "./unitNorm.ts"

/** What may be chosen on the sphere. */
export interface SphereOptions {
  /** Default `projection`. */
  readonly transport?: VectorTransport
}

/**
 * Transport by projection onto the tangent space at the target: V − ⟨Y, V⟩Y.
 *
 * Source: Absil, Mahony and Sepulchre 2008, *Optimization Algorithms on Matrix Manifolds*, section 8.1.3.
 *
 * @example
 * ```ts
 * import { Sphere } from "finegrain"
 * Sphere.projection.name // => "projection"
 * ```
 */
export const projection: VectorTransport = { name: "projection" }

/**
 * Parallel transport along the minimizing geodesic: V − ⟨Y, V⟩/(1 + ⟨X, Y⟩)·(X + Y); an isometry. To Y = −X along the
 * geodesic of the logarithm.
 *
 * Source: Absil, Mahony and Sepulchre 2008, section 8.1.
 *
 * @example
 * ```ts
 * import { Sphere } from "finegrain"
 * const sphere = Sphere.make([3, 1], { transport: Sphere.parallel })
 * const x = sphere.random(1), y = sphere.random(2), v = sphere.randomTangent(3, x)
 * const moved = sphere.transport(x, y, v)
 * Math.abs(sphere.norm(y, moved).dataSync()[0]! / sphere.norm(x, v).dataSync()[0]! - 1) < 1e-5 // => true
 * ```
 */
export const parallel: VectorTransport = { name: "parallel" }

const norms = ([m, n]: readonly [number, number]): NormIntervals => ({
  spectral: Interval.make(1 / Math.sqrt(Math.min(m, n)), 1),
  frobenius: Interval.point(1),
  rowSum: Interval.make(1, Math.sqrt(m)),
  columnSum: Interval.make(1, Math.sqrt(n))
})

const spheres = matrixFamily((options: SphereOptions = {}) => ({
  symbol: "Sp",
  name: "sphere",
  about: "unit norm",
  retraction: "normalization",
  accepts: ([m, n]) => m * n >= 2,
  at: (m, n) => at([m, n], options)
}))

/**
 * Unit sphere of m×n matrices, ‖X‖_F = 1.
 *
 * project U − ⟨X,U⟩X; retract (X+V)/‖X+V‖, of second order; exp X cos‖V‖ + V sin‖V‖/‖V‖; sectional curvature 1 (none
 * where the dimension is below 2). Source: Absil, Mahony and Sepulchre 2008, section 4.1; Ozay 2019, table 1.
 *
 * @throws ShapeRefused for a shape that is not m×n with mn ≥ 2.
 *
 * @example
 * ```ts
 * import { Sphere } from "finegrain"
 * const sphere = Sphere.make([3, 3])
 * sphere.dimension // => 8
 * sphere.curvature // => { min: 1, max: 1 }
 * ```
 */
export const make = spheres.make

/**
 * The family of unit spheres, `Sp` in specifications; refuses 1×1 matrices.
 *
 * @example
 * ```ts
 * import * as Result from "effect/Result"
 * import { Sphere } from "finegrain"
 * Result.isFailure(Sphere.family().at([1, 1])) // => true
 * ```
 */
export const family = spheres.family

const geometry = unitNorm([-2, -1])
const drop = (u: tf.Tensor) => tf.squeeze(u, [-2, -1])

const at = ([m, n]: readonly [number, number], { transport = projection }: SphereOptions): Manifold.Manifold => {
  const dimension = m * n - 1
  const sphere = Manifold.make<tf.Tensor>({
    name: `Sp(${m},${n})`,
    shape: [m, n],
    dimension,
    curvature: Interval.point(dimension < 2 ? 0 : 1),
    norms: norms([m, n]),
    retractionOrder: 2,
    injectivityRadius: Math.PI,
    project: geometry.project,
    nearest: geometry.nearest,
    retract: geometry.retract,
    ...(transport.name === "parallel" ? { transport: geometry.parallel } : {}),
    residual: (x) => drop(tf.abs(tf.sub(geometry.length(x), 1))),
    exp: geometry.exp,
    log: geometry.log,
    dist: (x, y) => drop(geometry.angle(x, y))
  })
  return transport.name === "parallel"
    ? sphere
    : MatrixForm.declare(sphere, { name: "Unit", rows: m * n, columns: 1, transposed: false })
}
