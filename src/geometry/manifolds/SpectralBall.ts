import * as tf from "@tensorflow/tfjs-core"
import * as Differentiable from "../../numerics/Differentiable.ts"
import * as Interval from "../../numerics/Interval.ts"
import * as Matrices from "../../numerics/Matrices.ts"
import * as Norms from "../../numerics/Norms.ts"
import type * as Manifold from "../Manifold.ts"
import { matrixFamily, tallOrWide } from "../matrixFamily.ts"
import { ball } from "./balls.ts"

const tall = (m: number, n: number): Manifold.Manifold =>
  ball({
    name: `Spec(${m},${n})`,
    shape: [m, n],
    norms: {
      spectral: Interval.make(0, 1),
      frobenius: Interval.make(0, Math.sqrt(n)),
      rowSum: Interval.make(0, Math.sqrt(m * n)),
      columnSum: Interval.make(0, n)
    },
    length: (x) => tf.reshape(Norms.spectral(x), [...x.shape.slice(0, -2), 1, 1]),
    // Singular values above 1 become 1.
    nearest: (u) => Matrices.ofSingular(Differentiable.shortened(u, 1e30), Matrices.atMost(1))
  })

const spectralBall = matrixFamily(() => ({
  symbol: "Spec",
  name: "spectral ball",
  about: "singular values up to 1",
  retraction: "cut off",
  at: tallOrWide("Spec", tall)
}))

/**
 * Unit ball of the spectral norm, σ₁(X) ≤ 1: a flat manifold with boundary, kernels that lengthen nothing.
 *
 * project U; retract and nearest cut singular values off at 1. Which laws apply is said at `NormBall`.
 * Source: Yoshida and Miyato 2017, *Spectral norm regularization*, with a constraint in the place of the penalty.
 *
 * @throws ShapeRefused for a shape that is not m×n.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { SpectralBall } from "finegrain"
 * [...SpectralBall.make([2, 2]).nearest(tf.tensor2d([[3, 0], [0, 0.5]])).dataSync()] // => [1, 0, 0, 0.5]
 * ```
 */
export const make = spectralBall.make

/**
 * The family of spectral balls, `Spec` in specifications.
 *
 * @example
 * ```ts
 * import { SpectralBall } from "finegrain"
 * SpectralBall.family().symbol // => "Spec"
 * ```
 */
export const family = spectralBall.family
