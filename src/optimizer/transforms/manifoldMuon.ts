/**
 * Steepest descent on the Stiefel manifold under the spectral norm: the tangent direction A with ‖A‖₂ ≤ 1 that
 * minimizes −⟨G, A⟩.
 *
 * Source: Bernstein 2025, *Modular Manifolds*.
 */
import * as tf from "@tensorflow/tfjs-core"
import * as Differentiable from "../../numerics/Differentiable.ts"
import * as Matrices from "../../numerics/Matrices.ts"
import { msign } from "./msign.ts"

/** How the dual problem is solved. */
export interface DualAscent {
  /** Iterations, a whole number; default 40. */
  readonly steps?: number
  /** First step length, relative to the root mean square of the singular values of G, above 0; default 0.5. */
  readonly rate?: number
}

/**
 * How the dual problem is solved, with defaults.
 *
 * @throws RangeError for iterations that are no whole number, and for a rate that is not positive and finite.
 */
export const checkedAscent = ({ rate = 0.5, steps = 40 }: DualAscent): Required<DualAscent> => {
  if (!(Number.isSafeInteger(steps) && steps >= 0)) {
    throw new RangeError(`dual ascent takes a whole number of steps, at least 0, not ${steps}`)
  }
  if (!(rate > 0 && Number.isFinite(rate))) {
    throw new RangeError(`the rate of dual ascent must be positive and finite, not ${rate}`)
  }
  return { rate, steps }
}

/** The direction, and how far ⟨G, A⟩ may be from the best, relative to the dual value, for every matrix. */
export interface Certified {
  readonly direction: tf.Tensor
  readonly gap: tf.Tensor
}

const inner = (u: tf.Tensor, v: tf.Tensor) => tf.sum(tf.mul(u, v), [-2, -1], true)
/** A tangent part of A, no longer than 1: what is left of A's normal part is taken away, then the length. */
const feasible = (x: tf.Tensor, a: tf.Tensor): tf.Tensor => {
  const tangent = tf.sub(a, Matrices.multiply(x, Matrices.sym(Matrices.transposeTimes(x, a))))
  // ‖T‖₂¹⁶ ≤ ‖(TᵀT)⁸‖_∞, at most n^(1/32) times ‖T‖₂ too much.
  const squared = (gram: tf.Tensor) => Matrices.multiply(gram, gram)
  const eighth = squared(squared(squared(Matrices.transposeTimes(tangent, tangent))))
  const bound = tf.pow(tf.max(tf.sum(tf.abs(eighth), -1, true), -2, true), 1 / 16)
  return tf.div(tangent, tf.maximum(bound, 1))
}

/** A = X·msign(skew(XᵀG)) for square X: the tangent space is X times the skew matrices, and the norm is invariant. */
const square = (x: tf.Tensor, g: tf.Tensor): tf.Tensor =>
  Matrices.multiply(x, Matrices.skew(msign(Matrices.skew(Matrices.transposeTimes(x, g)))))

/**
 * Of tall matrices: all iterates lie in the span of X and G, so their coordinates in a basis [X Q] of it, which are
 * 2n×n, are as good. Q is what of G is normal to X, made orthonormal.
 */
const throughBasis = (x: tf.Tensor, g: tf.Tensor, ascent: Required<DualAscent>): Certified => {
  const n = x.shape.at(-1)!
  const normal = (u: tf.Tensor) => tf.sub(u, Matrices.multiply(x, Matrices.transposeTimes(x, u)))
  // Twice, since what is left of the first may be small.
  const q = Matrices.qf(normal(Matrices.qf(normal(g))))
  const basis = tf.concat([x, q], -1)
  const eye = tf.eye(2 * n, n)
  const point = x.rank === 2 ? eye : tf.tile(tf.reshape(eye, [1, 2 * n, n]), [x.shape[0]!, 1, 1])
  const { direction, gap } = steepestOnStiefel(point, Matrices.transposeTimes(basis, g), ascent)
  return { direction: Matrices.multiply(basis, direction), gap }
}

/**
 * The steepest direction A of G at points X with orthonormal columns `[…, m, n]`, m ≥ n, certified by duality.
 *
 * A(Λ) = msign(G + 2XΛ) maximizes ⟨G + 2XΛ, A⟩ over ‖A‖₂ ≤ 1; the value ‖G + 2XΛ‖_* bounds ⟨G, A⟩ over all tangent A
 * from above for every symmetric Λ, and falls along −(XᵀA + AᵀX). The gap between it and ⟨G, A⟩ of the tangent
 * direction that is given certifies the step. Square X have a closed form.
 *
 * @throws RangeError for an ascent that makes no sense.
 */
export const steepestOnStiefel = (
  x: tf.Tensor,
  g: tf.Tensor,
  ascent: DualAscent = {}
): Certified => {
  const { rate, steps } = checkedAscent(ascent)
  const [m, n] = x.shape.slice(-2) as [number, number]
  const size = tf.div(Differentiable.length(g, [-2, -1]), Math.sqrt(n))
  const unit = tf.div(g, tf.add(size, Differentiable.equal(size, 0)))
  const certified = (direction: tf.Tensor, dual: tf.Tensor): Certified => {
    const value = inner(unit, direction)
    return { direction, gap: tf.squeeze(tf.div(tf.sub(dual, value), tf.maximum(dual, 1e-30)), [-2, -1]) }
  }
  if (m === n) {
    const direction = square(x, unit)
    const skew = Matrices.skew(Matrices.transposeTimes(x, unit))
    return certified(direction, inner(skew, msign(skew)))
  }
  if (m > 2 * n) return throughBasis(x, unit, { rate, steps })
  let dual = tf.mul(Matrices.sym(Matrices.transposeTimes(x, unit)), -0.5)
  const shifted = () => tf.add(unit, tf.mul(Matrices.multiply(x, dual), 2))
  for (let k = 0; k < steps; k++) {
    const normal = Matrices.sym(Matrices.transposeTimes(x, msign(shifted())))
    dual = tf.sub(dual, tf.mul(normal, rate * (1 - k / (steps + 1))))
  }
  // The last one, not the best: a choice among them would jump where the gradient hardly moves.
  const last = shifted()
  const a = msign(last)
  return certified(feasible(x, a), inner(last, a))
}
