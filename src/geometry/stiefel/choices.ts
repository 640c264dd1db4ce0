/**
 * Gradients of what has several values at the cut locus: those of the one chosen. Where it turns infinitely fast into
 * others as near, they are 0.
 */
import * as tf from "@tensorflow/tfjs-core"
import * as Arithmetic from "../../numerics/Arithmetic.ts"
import { constant } from "../../numerics/Constant.ts"
import { choose } from "../../numerics/Differentiable.ts"
import * as Matrices from "../../numerics/Matrices.ts"
import { missing } from "../../numerics/matrices/singular.ts"

/** σᵢ + σⱼ of all pairs, `[…, n, n]`. */
const sums = (values: tf.Tensor) => tf.add(tf.expandDims(values, -1), tf.expandDims(values, -2))

/**
 * The polar factor of square matrices, also of singular ones: 2/(σᵢ + σⱼ) on the skew part, 0 where both are rounding.
 *
 * @internal
 */
export const nearestTurn = (m: tf.Tensor): tf.Tensor =>
  tf.customGrad((given, save) => {
    const point = given as tf.Tensor
    const value = Matrices.polar(point)
    ;(save as tf.GradSaveFunc)([point, value])
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: Array<tf.Tensor>) => {
        const [point, turn] = saved as [tf.Tensor, tf.Tensor]
        const { right, values } = Matrices.svd(point)
        // Where σ = 0 the sign of its left vector is the one chosen.
        const left = Matrices.multiply(turn, right)
        const sum = sums(values)
        const lost = tf.lessEqual(sum, tf.mul(tf.expandDims(tf.max(values, -1, true), -1), missing()))
        const slopes = tf.where(lost, tf.zerosLike(sum), tf.div(2, tf.where(lost, tf.onesLike(sum), sum)))
        const core = tf.mul(slopes, Matrices.skew(Matrices.transposeTimes(left, Matrices.multiply(dy, right))))
        return Matrices.multiply(Matrices.multiply(left, core), right, { transposeB: true })
      }
    }
  })(m)

/** Cosines of two angles whose sum is below it make π, to rounding. */
const bound = () => 8 * Math.sqrt(Arithmetic.current().epsilon)

/**
 * 1 where the angles of rotations are below π/2 by more than rounding, as `[…, 1, 1]`.
 *
 * @internal
 */
export const acute = (half: tf.Tensor): tf.Tensor => {
  const { values } = Matrices.eigh(Matrices.sym(constant(half)))
  return tf.greater(tf.expandDims(tf.min(values, -1, true), -1), bound() / 2)
}

/**
 * The rotation S, of angles up to π/2, as the square root of the rotation R.
 *
 * For dS = SΩ the derivative of S² is R(Ω + SᵀΩS), so that the gradient R·W solves W + SWSᵀ = G, the skew part of
 * Sᵀ∂S. Times the transposed operator that is (2 + A + A⁻¹)W = G + SᵀGS with A: W ↦ SᵀWS. With S = C + K, symmetric and
 * skew, A + A⁻¹: W ↦ 2(CWC − KWK), and (KK·KK)W = (1 − C²)W(1 − C²); in C's eigenvectors, of eigenvalues cᵢ = cos αᵢ,
 *
 * 2(cᵢ + cⱼ)²Wᵢⱼ = ((1 + cᵢcⱼ)N + KNK)ᵢⱼ, N = G + SᵀGS.
 *
 * Where cᵢ + cⱼ = 0 the part of W that commutes with S is N/4; the other one is that of different planes, which turn
 * into each other infinitely fast.
 *
 * @internal
 */
export const squareRootOf = (r: tf.Tensor, s: tf.Tensor): tf.Tensor =>
  tf.customGrad((given, save) => {
    const point = given as tf.Tensor
    ;(save as tf.GradSaveFunc)([point])
    return {
      value: tf.clone(s),
      gradFunc: (ds: tf.Tensor, saved: Array<tf.Tensor>) => Matrices.multiply(saved[0]!, rootGradient(s, ds))
    }
  })(r)

const rootGradient = (s: tf.Tensor, ds: tf.Tensor): tf.Tensor => {
  const { values, vectors } = Matrices.eigh(Matrices.sym(s))
  const into = (u: tf.Tensor) => Matrices.multiply(Matrices.transposeTimes(vectors, u), vectors)
  const g = Matrices.skew(Matrices.transposeTimes(s, ds))
  const n = into(tf.add(g, Matrices.transposeTimes(s, Matrices.multiply(g, s))))
  const k = into(Matrices.skew(s))
  const sum = sums(values)
  const isCut = tf.lessEqual(sum, bound())
  const product = tf.mul(tf.expandDims(values, -1), tf.expandDims(values, -2))
  const numerator = tf.add(tf.mul(n, tf.add(1, product)), Matrices.multiply(Matrices.multiply(k, n), k))
  const others = tf.div(numerator, tf.mul(2, tf.square(tf.where(isCut, tf.onesLike(sum), sum))))
  const w = choose(isCut, tf.mul(n, 0.25), others)
  return Matrices.multiply(Matrices.multiply(vectors, w), vectors, { transposeB: true })
}
