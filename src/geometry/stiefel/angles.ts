/** Functions of angles whose gradients are right at 0, too. */
import * as tf from "@tensorflow/tfjs-core"
import * as Arithmetic from "../../numerics/Arithmetic.ts"
import { constant } from "../../numerics/Constant.ts"
import * as Matrices from "../../numerics/Matrices.ts"

/** θ/sin θ as a function of y = 2cos θ − 1 ∈ [−1, 1]. */
const quotient = (y: number): number => {
  const c = (y + 1) / 2
  const s = Math.sqrt(Math.max(0, 1 - c * c))
  return s < 1e-6 ? 1 + (1 - c) / 3 : Math.atan2(s, c) / s
}

/** Coefficients of Chebyshev's polynomials, by the values at their nodes. */
const chebyshev = (f: (y: number) => number, degree: number): ReadonlyArray<number> => {
  const nodes = Array.from({ length: degree + 1 }, (_, k) => (Math.PI * (k + 0.5)) / (degree + 1))
  return Array.from({ length: degree + 1 }, (_, j) => {
    const sum = nodes.reduce((total, phase) => total + f(Math.cos(phase)) * Math.cos(j * phase), 0)
    return ((j === 0 ? 1 : 2) / (degree + 1)) * sum
  })
}

// The nearest singularity is cos θ = −1, y = −3: every degree adds a factor of 3 + √8.
const coefficients = { float32: chebyshev(quotient, 11), float64: chebyshev(quotient, 23) }

/**
 * θ/sin θ of symmetric matrices whose eigenvalues are cos θ ∈ [0, 1]: a polynomial, so that no angle is special and
 * equal ones need no eigenvectors. By Clenshaw's recurrence.
 *
 * @internal
 */
export const angleOverSine = (cosines: tf.Tensor): tf.Tensor => {
  const identity = tf.eye(cosines.shape.at(-1)!)
  const twice = tf.sub(tf.mul(cosines, 4), tf.mul(identity, 2))
  const [constantTerm, ...others] = coefficients[Arithmetic.current().name]
  const none: tf.Tensor = tf.zerosLike(cosines)
  const [b1, b2] = others.reduceRight<readonly [tf.Tensor, tf.Tensor]>(
    ([b1, b2], c) => [tf.add(tf.sub(Matrices.multiply(twice, b1), b2), tf.mul(identity, c)), b1],
    [none, none]
  )
  const half = tf.mul(twice, 0.5)
  return tf.add(tf.sub(Matrices.multiply(half, b1), b2), tf.mul(identity, constantTerm!))
}

/**
 * √s with the derivative 0 at 0, where the length of a vector has none: that of the squared length is right.
 *
 * @internal
 */
export const root = (s: tf.Tensor): tf.Tensor => {
  const none = tf.cast(tf.lessEqual(constant(s), 0), "float32")
  return tf.sub(tf.sqrt(tf.add(tf.relu(s), none)), none)
}
