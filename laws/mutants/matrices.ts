/** Factorizations with defects, each found by a law. */
import * as tf from "@tensorflow/tfjs-core"
import * as Arithmetic from "../../src/numerics/Arithmetic.ts"
import * as Matrices from "../../src/numerics/Matrices.ts"
import { type Factored, matrixLaws } from "../matrixLaws.ts"
import type { Mutant } from "./Mutant.ts"

const factored = (name: string, killedBy: string, defect: Partial<Factored>): Mutant => ({
  name,
  killedBy,
  laws: matrixLaws(defect)
})

const unit = (x: tf.Tensor) => tf.div(x, tf.sqrt(tf.sum(tf.square(x), [-2, -1], true)))

/**
 * det X from the traces of powers, by the recursion of Faddeev and LeVerrier, whose terms grow like binomials.
 *
 * @internal
 */
export const leverrier = (x: tf.Tensor): tf.Tensor => {
  const n = x.shape.at(-1)!
  let power = x
  for (let k = 1; k < n; k++) {
    power = Matrices.multiply(x, tf.sub(power, tf.mul(tf.div(Matrices.trace(power, true), k), tf.eye(n))))
  }
  return tf.mul(Matrices.trace(power), (n % 2 === 0 ? -1 : 1) / n)
}

/**
 * Defects of factorizations, most of them once this library's own: squared condition numbers, absolute floors,
 * iterations that nobody looks at.
 *
 * @internal
 */
export const matrixMutants: ReadonlyArray<Mutant> = [
  factored("squared condition number", "small singular values keep their digits", {
    singularValues: (x) =>
      tf.reverse(tf.sqrt(tf.relu(Matrices.eigh(Matrices.multiply(x, x, { transposeA: true })).values)), -1)
  }),
  factored(
    "iteration of fixed length that nobody checks",
    "polar factors are orthonormal, however ill-conditioned the matrix",
    { polar: (x) => Array.from({ length: 8 }, () => Matrices.polish).reduce((y, step) => step(y), unit(x)) }
  ),
  factored("one pass of Gram–Schmidt", "Q factors are orthonormal, however nearly their columns depend", {
    qf: Matrices.gramSchmidt
  }),
  factored("absolute floor of lengths", "scale turns nothing", {
    qf: (x) => tf.mul(Matrices.qf(x), tf.cast(tf.greater(tf.max(tf.abs(x)), Arithmetic.current().epsilon), "float32"))
  }),
  factored("determinant by the recursion of Faddeev and LeVerrier", "rotations of every size have determinant 1", {
    determinant: leverrier
  }),
  factored("elimination without pivots", "systems are solved wherever their pivots lie", {
    solve: (a, b) => {
      const n = a.shape.at(-1)!
      let both: tf.Tensor = tf.concat([a, b], 1)
      for (let k = 0; k < n; k++) {
        const row = tf.div(tf.slice(both, [k, 0], [1, -1]), tf.slice(both, [k, k], [1, 1]))
        both = tf.sub(both, tf.mul(tf.sub(tf.slice(both, [0, k], [n, 1]), tf.slice(tf.eye(n), [0, k], [n, 1])), row))
      }
      return tf.slice(both, [0, n], [n, -1])
    }
  }),
  factored("absolute floor of eigenvalues", "positive definite matrices stay, whatever their scale", {
    nearestDefinite: (x) => Matrices.ofEigen(Matrices.eigh(x), (values) => tf.maximum(values, 1e-3))
  })
]
