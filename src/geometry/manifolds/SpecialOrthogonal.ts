/** Rotations, with the choice of their transport. */
import * as tf from "@tensorflow/tfjs-core"
import * as Matrices from "../../numerics/Matrices.ts"
import * as Manifold from "../Manifold.ts"
import { matrixFamily } from "../matrixFamily.ts"
import { rotationParallel, turned } from "../stiefel/rotations.ts"
import type { VectorTransport } from "../VectorTransport.ts"
import * as Stiefel from "./Stiefel.ts"

/** What may be chosen on rotations. */
export interface SpecialOrthogonalOptions extends Stiefel.StiefelOptions {
  /** Default `projection`. */
  readonly transport?: VectorTransport
}

/**
 * Transport by projection onto the tangent space at the target.
 *
 * Source: Absil, Mahony and Sepulchre 2008, *Optimization Algorithms on Matrix Manifolds*, section 8.1.3.
 *
 * @example
 * ```ts
 * import { SpecialOrthogonal } from "finegrain"
 * SpecialOrthogonal.projection.name // => "projection"
 * ```
 */
export const projection: VectorTransport = { name: "projection" }

/**
 * Parallel transport along the shortest geodesic, an isometry: X Ω → Y R^(−1/2) Ω R^(1/2) with R = XᵀY.
 *
 * @example
 * ```ts
 * import { SpecialOrthogonal } from "finegrain"
 * const rotations = SpecialOrthogonal.make([3, 3], { transport: SpecialOrthogonal.parallel })
 * const x = rotations.random(1), y = rotations.random(2), v = rotations.randomTangent(3, x)
 * const moved = rotations.transport(x, y, v)
 * Math.abs(rotations.norm(y, moved).dataSync()[0]! / rotations.norm(x, v).dataSync()[0]! - 1) < 1e-5 // => true
 * ```
 */
export const parallel: VectorTransport = { name: "parallel" }

const at = (n: number, options: SpecialOrthogonalOptions): Manifold.Manifold => {
  const orthogonal = Stiefel.make([n, n], options)
  return Manifold.make<tf.Tensor>({
    ...orthogonal,
    name: `SO(${n})`,
    ...(options.transport?.name === "parallel" ? { transport: rotationParallel } : {}),
    nearest: (u) => Matrices.ofSingular(u, Matrices.rotation),
    random: (seed, batch) => turned(orthogonal.random(seed, batch), 0),
    // Of I + S for a huge skew S rounding leaves S alone; where that is singular, nothing tells the last column's sign.
    retract: (x, v) => turned(orthogonal.retract(x, v), n - 1),
    residual: (x) => tf.add(orthogonal.residual(x), tf.relu(tf.neg(Matrices.determinant(x))))
  })
}

const specialOrthogonal = matrixFamily((options: SpecialOrthogonalOptions = {}) => ({
  symbol: "SO",
  name: "special orthogonal",
  about: "rotations",
  retraction: "QR",
  accepts: ([m, n]) => m === n && n >= 2,
  reason: "rotations are square, with at least two rows",
  at: (n) => at(n, options)
}))

/**
 * Special orthogonal group of n×n rotations, XᵀX = I and det X = 1: one of the two components of St(n,n), with its
 * geometry.
 *
 * Metric and retraction as on the Stiefel manifold; dimension n(n−1)/2. A nearest rotation reverses the weakest
 * singular direction of the polar factor where that is a reflection. At half a turn the logarithm is one of several,
 * the same in every program, with the gradient on its side; where it is half a turn in several planes, that is 0 along
 * turns of these planes into each other, where it would be infinite.
 * Source: Edelman, Arias and Smith 1998; Kabsch 1976 for the nearest rotation.
 *
 * @throws ShapeRefused for a shape that is not n×n with n ≥ 2.
 *
 * @example
 * ```ts
 * import { Matrices, SpecialOrthogonal } from "finegrain"
 * const rotations = SpecialOrthogonal.make([3, 3])
 * rotations.dimension // => 3
 * Matrices.determinant(rotations.random(1)).dataSync()[0]!.toFixed(4) // => "1.0000"
 * ```
 */
export const make = specialOrthogonal.make

/**
 * The family of special orthogonal groups, `SO` in specifications; refuses what is not square.
 *
 * @example
 * ```ts
 * import * as Result from "effect/Result"
 * import { SpecialOrthogonal } from "finegrain"
 * Result.isFailure(SpecialOrthogonal.family().at([3, 2])) // => true
 * ```
 */
export const family = specialOrthogonal.family
