/** Riemannian metrics on the Stiefel manifold, as values. */
import * as tf from "@tensorflow/tfjs-core"
import { fused } from "../../engine/FusedKernels.ts"
import * as Differentiable from "../../numerics/Differentiable.ts"
import * as Interval from "../../numerics/Interval.ts"
import * as Matrices from "../../numerics/Matrices.ts"
import { actOnGenerator, longest } from "./generator.ts"

/** Of a point and a tangent vector. */
export type Binary = (x: tf.Tensor, v: tf.Tensor) => tf.Tensor

/** A Riemannian metric on the Stiefel manifold, as a value. */
export interface Metric {
  readonly name: "embedded" | "canonical"
  readonly inner: (x: tf.Tensor, u: tf.Tensor, v: tf.Tensor) => tf.Tensor
  readonly gradient: Binary
  readonly exp: Binary
  readonly curvature: (m: number, n: number) => Interval.Interval
  /** A lower bound of the injectivity radius for m > n ≥ 2. */
  readonly injectivityRadius: number
}

/**
 * tr(UᵀV).
 *
 * @internal
 */
export const frobenius = (u: tf.Tensor, v: tf.Tensor) => tf.sum(tf.mul(u, v), [-2, -1])

/**
 * U − X sym(XᵀU), onto the tangent space at X.
 *
 * @internal
 */
export const project: Binary = fused(
  "StiefelProject",
  (x, u) => tf.sub(u, Matrices.multiply(x, Matrices.sym(Matrices.transposeTimes(x, u))))
)

const canonicalExp = actOnGenerator(Matrices.expSkew, 1)
const embeddedTurn = actOnGenerator(Matrices.expSkew, 2)

const flatOrSquare = (m: number, n: number, scale: number, otherwise: Interval.Interval): Interval.Interval => {
  if (n === 1) return Interval.point(m < 3 ? 0 : 1)
  if (m > n) return otherwise
  // O(n) with a bi-invariant metric: K = ‖[A, B]‖²/4 (Milnor 1976), 1/8 on so(3), at most 1/4 on so(n ≥ 4).
  if (n === 2) return Interval.point(0)
  return n === 3 ? Interval.point(scale / 8) : Interval.make(0, scale / 4)
}

const inside = Matrices.transposeTimes
const beside = (x: tf.Tensor, u: tf.Tensor) => tf.sub(u, Matrices.multiply(x, inside(x, u)))

/**
 * The embedded (Euclidean) metric ⟨U, V⟩ = tr(UᵀV).
 *
 * Gradient E − X sym(XᵀE); sectional curvature in [−1/2, 1] for m > n ≥ 2, so not bounded below by 0.
 * Source: Edelman, Arias and Smith 1998; Zimmermann and Stoye 2024 for the curvature.
 *
 * @example
 * ```ts
 * import { Stiefel } from "finegrain"
 * Stiefel.make([5, 3], { metric: Stiefel.embedded }).curvature // => { min: -0.5, max: 1 }
 * ```
 */
export const embedded: Metric = {
  name: "embedded",
  inner: (_x, u, v) => frobenius(u, v),
  gradient: project,
  // Hüper, Markina and Silva Leite 2021: exp(V Xᵀ − X Vᵀ) X exp(−A), whose factors are orthogonal for every V.
  exp: (x, given) => {
    const v = Differentiable.shortened(given, longest)
    if (x.shape.at(-2) === x.shape.at(-1)) return canonicalExp(x, v)
    const turn = Matrices.expSkew(Matrices.skew(Matrices.transposeTimes(v, x)))
    return Matrices.polish(Matrices.multiply(embeddedTurn(x, v), turn))
  },
  curvature: (m, n) => flatOrSquare(m, n, 1, Interval.make(-0.5, 1)),
  injectivityRadius: Math.PI
}

/**
 * The canonical metric ⟨U, V⟩_X = tr(Uᵀ(I − XXᵀ/2)V), that of the quotient O(m)/O(m−n).
 *
 * Gradient E − X EᵀX; exp(X, V) = exp(W)X with the skew generator W of V; sectional curvature in [0, 5/4] for m > n ≥
 * 2.
 * Source: Edelman, Arias and Smith 1998, section 2.4; Zimmermann and Stoye 2024 for the curvature.
 *
 * @example
 * ```ts
 * import { Stiefel } from "finegrain"
 * Stiefel.make([5, 3], { metric: Stiefel.canonical }).curvature // => { min: 0, max: 1.25 }
 * ```
 */
export const canonical: Metric = {
  name: "canonical",
  inner: (x, u, v) => tf.add(frobenius(beside(x, u), beside(x, v)), tf.mul(frobenius(inside(x, u), inside(x, v)), 0.5)),
  gradient: (x, e) => tf.sub(e, Matrices.multiply(x, Matrices.transposeTimes(e, x))),
  exp: canonicalExp,
  curvature: (m, n) => flatOrSquare(m, n, 2, Interval.make(0, 1.25)),
  injectivityRadius: Math.sqrt(4 / 5) * Math.PI
}
