import * as tf from "@tensorflow/tfjs-core"
import * as Matrices from "../../numerics/Matrices.ts"

/** Odd polynomials a·σ + b·σ³ + c·σ⁵: steep ones that lift small singular values, then ones that settle at 1. */
const steep = [3.4445, -4.775, 2.0315] as const
const settling = [15 / 8, -10 / 8, 3 / 8] as const
const steps = [...Array.from({ length: 6 }, () => steep), ...Array.from({ length: 4 }, () => settling)]

/**
 * The matrix sign U Vᵀ of G = U Σ Vᵀ, for all matrices of a batch at once: singular values become 1, zeros stay 0.
 *
 * Newton–Schulz iterations: six steep quintics (Jordan 2024, *Muon*), then four of third order that settle at 1. Their
 * number is fixed, and so is what they reach, since a polynomial of a matrix is that of its singular values: those of
 * at least 3e-4·‖G‖_F are 1 to rounding, those of at least 1e-4·‖G‖_F within 0.011 of it, smaller ones somewhere
 * between 0 and 1. No polar factor, which would make a direction of what is 0. Skew matrices stay skew.
 *
 * @internal
 */
export const msign = (g: tf.Tensor): tf.Tensor => {
  const [m, n] = g.shape.slice(-2) as [number, number]
  if (m < n) return Matrices.transpose(msign(Matrices.transpose(g)))
  const largest = tf.maximum(tf.max(tf.abs(g), [-2, -1], true), 1e-30)
  const scaled = tf.div(g, largest)
  const length = tf.sqrt(tf.maximum(tf.sum(tf.square(scaled), [-2, -1], true), 1e-30))
  return steps.reduce((y: tf.Tensor, [a, b, c]) => {
    const gram = Matrices.transposeTimes(y, y)
    const polynomial = tf.add(tf.mul(gram, b), tf.mul(Matrices.multiply(gram, gram), c))
    return tf.add(tf.mul(y, a), Matrices.multiply(y, polynomial))
  }, tf.div(scaled, length))
}
