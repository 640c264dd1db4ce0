/**
 * Eigenvalues of symmetric matrices, and functions of them.
 */
import * as tf from "@tensorflow/tfjs-core"
import { run } from "../../engine/Factorizations.ts"
import * as Postponed from "../../engine/Postponed.ts"
import { greater, ratio } from "../Differentiable.ts"
import { multiply, size, skew, sym } from "./products.ts"
import { converged, flatten, pairs, quotient } from "./svd.ts"

/** Eigenvalues `[…, n]`, the smallest first, and orthonormal eigenvectors as columns `[…, n, n]`. */
export interface Eigen {
  readonly values: tf.Tensor
  readonly vectors: tf.Tensor
}

/**
 * The eigendecompositions A = V diag(λ) Vᵀ of the symmetric parts of a batch of square matrices.
 *
 * In double precision on the host, by Jacobi's rotations on webgpu. The gradient with respect to λ is always right;
 * that with respect to V is NaN where it does not exist, at equal eigenvalues: functions of symmetric matrices have
 * theirs in `ofSymmetric`.
 *
 * @throws RangeError for matrices that are not square.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * const values = Matrices.eigh(tf.tensor2d([[2, 1], [1, 2]])).values.dataSync()
 * [...values].map((l) => l.toFixed(4)) // => ["1.0000", "3.0000"]
 * ```
 */
export const eigh = (a: tf.Tensor): Eigen => {
  if (a.rank < 2 || size(a, -1) !== size(a, -2)) {
    throw new RangeError(`eigenvalues need square matrices, not shape [${a.shape.join(", ")}]`)
  }
  if (a.size === 0) return { values: tf.zeros(a.shape.slice(0, -1)), vectors: tf.zerosLike(a) }
  const matrices = flatten(sym(a))
  const [values, vectors] = run("Eigh", { a: matrices }, { outputsToSave: [true, true], gradFunc: gradient })
  if (Postponed.here()) {
    const gap = tf.max(tf.abs(tf.sub(matrices, sandwich(vectors!, diagonal(values!)))), [-2, -1])
    const largest = tf.max(tf.abs(matrices), [-2, -1])
    converged("the eigenvalues", matrices, tf.div(gap, tf.add(largest, tf.cast(tf.equal(largest, 0), "float32"))))
  }
  return { values: tf.reshape(values!, a.shape.slice(0, -1)), vectors: tf.reshape(vectors!, a.shape) }
}

const gradient: tf.GradFunc = (dys, saved) => {
  const [dValues, dVectors] = dys as Array<tf.Tensor> as [tf.Tensor, tf.Tensor]
  const [values, vectors] = saved as [tf.Tensor, tf.Tensor]
  return {
    a: () => {
      const [own, other] = pairs(values)
      const turning = quotient(skew(multiply(vectors, dVectors, { transposeA: true })), tf.sub(other, own))
      return sandwich(vectors, tf.add(turning, diagonal(dValues)))
    }
  }
}

const diagonal = (values: tf.Tensor) => tf.mul(tf.eye(size(values, -1)), tf.expandDims(values, -1))

/** V M Vᵀ. */
const sandwich = (v: tf.Tensor, middle: tf.Tensor): tf.Tensor => multiply(multiply(v, middle), v, { transposeB: true })

/**
 * V f(diag λ) Vᵀ from a decomposition. Gradients go through the eigenvectors, so they are NaN at equal eigenvalues:
 * `ofSymmetric` has them everywhere.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * const root = Matrices.ofEigen(Matrices.eigh(tf.tensor2d([[5, 4], [4, 5]])), tf.sqrt)
 * [...root.dataSync()].map((x) => x.toFixed(3)) // => ["2.000", "1.000", "1.000", "2.000"]
 * ```
 */
export const ofEigen = ({ values, vectors }: Eigen, f: (values: tf.Tensor) => tf.Tensor): tf.Tensor =>
  multiply(tf.mul(vectors, tf.expandDims(f(values), -2)), vectors, { transposeB: true })

/** A function of eigenvalues, by its values and its divided differences. */
export interface SymmetricFunction {
  readonly of: (values: tf.Tensor) => tf.Tensor
  /** (f(a) − f(b))/(a − b), and f′(a) where a = b, without cancellation. */
  readonly difference: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor
}

/**
 * V f(diag λ) Vᵀ, a function of the symmetric parts of a batch of matrices, with its derivative at equal eigenvalues
 * too.
 *
 * The derivative along E is V(D∘VᵀEV)Vᵀ with the divided differences D of f (Daleckii and Krein 1965; Bhatia 1997,
 * *Matrix Analysis*, theorem V.3.3). It is self-adjoint, so the gradient is the same expression. Second derivatives
 * exist where eigenvalues are distinct, and are NaN elsewhere.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * const root = (a: tf.Tensor) => Matrices.ofSymmetric(a, Matrices.squareRoot)
 * const entries = root(tf.tensor2d([[5, 4], [4, 5]])).dataSync()
 * [...entries].map((x) => x.toFixed(3)) // => ["2.000", "1.000", "1.000", "2.000"]
 * const slopes = tf.grad((a) => tf.sum(root(a)))(tf.eye(2)).dataSync()
 * [...slopes].map((x) => x.toFixed(3)) // => ["0.500", "0.500", "0.500", "0.500"]
 * ```
 */
export const ofSymmetric = (a: tf.Tensor, f: SymmetricFunction): tf.Tensor =>
  tf.customGrad((given, save) => {
    const point = given as tf.Tensor
    const value = ofEigen(eigh(point), f.of)
    ;(save as tf.GradSaveFunc)([point])
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: Array<tf.Tensor>) => {
        const { values, vectors } = eigh(saved[0]!)
        const inside = multiply(multiply(vectors, sym(dy), { transposeA: true }), vectors)
        return sandwich(vectors, tf.mul(f.difference(...pairs(values)), inside))
      }
    }
  })(a)

/**
 * λ ↦ exp λ.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * [...Matrices.ofSymmetric(tf.zeros([2, 2]), Matrices.exponential).dataSync()] // => [1, 0, 0, 1]
 * ```
 */
export const exponential: SymmetricFunction = {
  of: tf.exp,
  // exp((a + b)/2)·sinh(h)/h for h = (a − b)/2, as exp(max)·(1 − exp(−2|h|))/(2|h|): no overflow before the result's.
  difference: (a, b) => {
    const gap = tf.abs(tf.sub(a, b))
    return tf.mul(tf.exp(tf.maximum(a, b)), shrinking(gap))
  }
}

/** (1 − exp(−x))/x for x ≥ 0. */
const shrinking = (x: tf.Tensor): tf.Tensor => ratio(tf.neg(tf.expm1(tf.neg(x))), x, tf.onesLike(x))

/**
 * λ ↦ log λ, for positive ones.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * [...Matrices.ofSymmetric(tf.eye(2), Matrices.logarithm).dataSync()].map(Math.abs) // => [0, 0, 0, 0]
 * ```
 */
export const logarithm: SymmetricFunction = {
  of: tf.log,
  // log(1 + x)/(x·min) for x = |a − b|/min.
  difference: (a, b) => {
    const least = tf.minimum(a, b)
    const x = tf.div(tf.abs(tf.sub(a, b)), least)
    return tf.div(ratio(tf.log1p(x), x, tf.onesLike(x)), least)
  }
}

/**
 * λ ↦ log(1 + λ), for those above −1: a logarithm without cancellation near the identity.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * Matrices.ofSymmetric(tf.tensor2d([[1e-9]]), Matrices.logarithmOfOnePlus).dataSync()[0] // => 1e-9
 * ```
 */
export const logarithmOfOnePlus: SymmetricFunction = {
  of: tf.log1p,
  difference: (a, b) => logarithm.difference(tf.add(a, 1), tf.add(b, 1))
}

/**
 * λ ↦ √λ, for those of at least 0; its derivative is infinite at 0.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * [...Matrices.squareRoot.of(tf.tensor1d([4, 9])).dataSync()] // => [2, 3]
 * ```
 */
export const squareRoot: SymmetricFunction = {
  of: tf.sqrt,
  difference: (a, b) => tf.div(1, tf.add(tf.sqrt(a), tf.sqrt(b)))
}

/**
 * λ ↦ 1/√λ, for positive ones.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * [...Matrices.inverseSquareRoot.of(tf.tensor1d([4, 16])).dataSync()] // => [0.5, 0.25]
 * ```
 */
export const inverseSquareRoot: SymmetricFunction = {
  of: (values) => tf.div(1, tf.sqrt(values)),
  difference: (a, b) => {
    const [rootA, rootB] = [tf.sqrt(a), tf.sqrt(b)]
    return tf.neg(tf.div(tf.div(tf.div(1, rootA), rootB), tf.add(rootA, rootB)))
  }
}

/**
 * λ ↦ max(λ, 0): the nearest positive semidefinite matrix.
 *
 * Source: Higham 1988, *Computing a nearest symmetric positive semidefinite matrix*.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * [...Matrices.positivePart.of(tf.tensor1d([4, -1])).dataSync()] // => [4, 0]
 * ```
 */
export const positivePart: SymmetricFunction = {
  of: tf.relu,
  difference: (a, b) => ratio(tf.sub(tf.relu(a), tf.relu(b)), tf.sub(a, b), greater(a, 0))
}
