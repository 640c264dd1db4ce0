/** Published claims that the laws refute, each with its counterexample. */
import * as tf from "@tensorflow/tfjs-core"
import * as Sphere from "../src/geometry/manifolds/Sphere.ts"
import * as Stiefel from "../src/geometry/manifolds/Stiefel.ts"
import * as Norms from "../src/numerics/Norms.ts"
import { sectionalCurvature } from "./curvature.ts"

/** A published statement that does not hold, with the smallest point that shows it. */
export interface RefutedClaim {
  readonly statement: string
  readonly source: string
  /** The point, as literal matrices. */
  readonly counterexample: string
  /** What the statement says the quantity is, or is at least. */
  readonly claimed: number
  /** What it is at the counterexample. */
  readonly value: () => tf.Tensor
}

const poster = "Ozay, NeurIPS 2019 poster"

/**
 * Statements of the literature that the laws refute.
 *
 * @example
 * ```ts
 * import { refutedClaims } from "finegrain/laws"
 * const { claimed, value } = refutedClaims.at(-1)!
 * [claimed, value().dataSync()[0]!].map((k) => Number(k.toFixed(2))) // => [0, -0.5]
 * ```
 */
export const refutedClaims: ReadonlyArray<RefutedClaim> = [
  {
    statement: "‖X‖_{2→1} = 1 on the sphere",
    source: `${poster}, table of norms`,
    counterexample: "X = [[1], [1]]/√2 on Sp(2,1): ‖X‖_{2→1} = √2; the interval is [1, √m]",
    claimed: 1,
    value: () => Norms.rowSum(Sphere.make([2, 1]).nearest(tf.tensor2d([[1], [1]])))
  },
  {
    statement: "‖X‖_{2→1} = n^¼ on the Stiefel manifold",
    source: `${poster}, table of norms`,
    counterexample: "X = I on St(2,2): ‖X‖_{2→1} = 2, not 2^¼; the interval is [n, √(mn)]",
    claimed: 2 ** 0.25,
    value: () => Norms.rowSum(tf.eye(2))
  },
  {
    statement: "‖X‖_{2→1} = n^¼ on the oblique manifold",
    source: `${poster}, table of norms`,
    counterexample: "X = I on Ob(2,2): ‖X‖_{2→1} = 2, not 2^¼; the interval is [√n, √(mn)]",
    claimed: 2 ** 0.25,
    value: () => Norms.rowSum(tf.eye(2))
  },
  {
    statement: "products of weight manifolds have sectional curvature at least 0",
    source: poster,
    counterexample: "St(3,2), embedded metric, at X = [e₁ e₂], plane of U = e₃e₁ᵀ and V = e₃e₂ᵀ: " +
      "II(U,U) and II(V,V) are orthogonal, ‖II(U,V)‖² = 1/2, so K = −1/2",
    claimed: 0,
    value: () =>
      sectionalCurvature(
        Stiefel.make([3, 2]),
        tf.tensor2d([[1, 0], [0, 1], [0, 0]]),
        tf.tensor2d([[0, 0], [0, 0], [1, 0]]),
        tf.tensor2d([[0, 0], [0, 0], [0, 1]])
      )
  }
]
