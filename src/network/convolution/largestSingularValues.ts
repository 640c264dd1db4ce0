/** The largest singular values of complex matrices. */
import * as tf from "@tensorflow/tfjs-core"
import * as Arithmetic from "../../numerics/Arithmetic.ts"
import { greater } from "../../numerics/Differentiable.ts"
import * as Matrices from "../../numerics/Matrices.ts"
import * as Norms from "../../numerics/Norms.ts"

/** Complex matrices `[batch, rows, columns]`. */
export interface Complex {
  readonly real: tf.Tensor3D
  readonly imaginary: tf.Tensor3D
}

/** Steps of the bidiagonalization at most. */
export const steps = 32

/**
 * σ₁ of complex matrices by Golub and Kahan's bidiagonalization: exact where there are no more rows or no more columns
 * than steps; else from below, to rounding where the largest singular values differ by a few percent or are equal, and
 * to a percent in between. The gradient is u₁v₁*, by its real and its imaginary part.
 */
export const largestSingularValues = (found: Complex): tf.Tensor => {
  // From the shorter side as many steps as it is long reach everything.
  const isTall = found.real.shape[1] >= found.real.shape[2]
  const [real, imaginary] = [found.real, found.imaginary].map((part) =>
    isTall ? part : tf.transpose(part, [0, 2, 1])
  ) as [tf.Tensor3D, tf.Tensor3D]
  return tf.customGrad((...given) => {
    const [inReal, inImaginary, save] = given as unknown as [tf.Tensor3D, tf.Tensor3D, tf.GradSaveFunc]
    save([inReal, inImaginary])
    return {
      value: tf.tidy(() => Norms.spectral(bidiagonalized({ real: inReal, imaginary: inImaginary }).bidiagonal)),
      gradFunc: (dy: tf.Tensor, saved: Array<tf.Tensor>) => {
        const [real, imaginary] = saved as [tf.Tensor3D, tf.Tensor3D]
        const { bidiagonal, lefts, rights, turn } = bidiagonalized({ real, imaginary })
        // Of B = PΣQ*, by its first singular vectors.
        const first = tf.mul(Matrices.ofSingular(bidiagonal, Matrices.isometry(1)), tf.reshape(dy, [-1, 1, 1]))
        const own = (k: number) =>
          lefts.reduce((sum: tf.Tensor, left, i) => tf.add(sum, tf.mul(left, at(first, i, k))), tf.scalar(0))
        const pairs = rights.map((right, k) => ({ left: own(k), right }))
        const outer = (left: tf.Tensor, right: tf.Tensor) => tf.matMul(left, right, false, true)
        const sum = (terms: ReadonlyArray<tf.Tensor>) => terms.reduce((a, b) => tf.add(a, b))
        return [
          sum(pairs.map(({ left, right }) => outer(left, right))),
          sum(pairs.map(({ left, right }) => outer(tf.matMul(left, turn, false, true), right)))
        ]
      }
    }
  })(real, imaginary)
}

/** The entry in row i and column k of every matrix, as `[…, 1, 1]`. */
const at = (matrices: tf.Tensor, i: number, k: number) => tf.slice(matrices, [0, i, k], [-1, 1, 1])

/**
 * Bidiagonal matrices B with PBQ* for what is given, where it is tall; the columns of P and Q as pairs of real and
 * imaginary parts.
 */
const bidiagonalized = ({ imaginary, real }: Complex) => {
  const [batch, , columns] = real.shape
  // A complex vector is two columns, real and imaginary part; this turns it by i.
  const turn = tf.tile(tf.tensor3d([0, 1, -1, 0], [1, 2, 2]), [batch, 1, 1])
  const apply = (v: tf.Tensor3D, adjoint: boolean) => {
    const turned = tf.matMul(tf.matMul(imaginary, v, adjoint), turn)
    const straight = tf.matMul(real, v, adjoint)
    return adjoint ? tf.sub(straight, turned) : tf.add(straight, turned)
  }
  const whole = tf.sqrt(tf.sum(tf.add(tf.square(real), tf.square(imaginary)), [1, 2], true))
  const rounding = tf.mul(whole, 16 * Arithmetic.current().epsilon)
  const normalized = (x: tf.Tensor, least: tf.Tensor) => {
    const found = tf.sqrt(tf.sum(tf.square(x), [1, 2], true))
    // What rounding left has no direction of its own: the space is exhausted, and zeros follow.
    const kept = greater(found, least)
    const length = tf.mul(found, kept)
    return [tf.mul(tf.div(x, tf.add(length, tf.sub(1, kept))), kept) as tf.Tensor3D, length] as const
  }
  let [right] = normalized(tf.randomNormal([batch, columns, 2], 0, 1, "float32", 1), tf.scalar(0))
  let [left, length] = normalized(apply(right, false), rounding)
  const [diagonal, above] = [[length], [] as Array<tf.Tensor>]
  const [lefts, rights] = [[left], [right]]
  for (let k = 1; k < Math.min(steps, columns); k++) {
    ;[right, length] = normalized(tf.sub(apply(left, true), tf.mul(right, length)), rounding)
    above.push(length)
    rights.push(right)
    ;[left, length] = normalized(tf.sub(apply(right, false), tf.mul(left, length)), rounding)
    diagonal.push(length)
    lefts.push(left)
  }
  const size = diagonal.length
  const placed = (values: ReadonlyArray<tf.Tensor>, matrix: tf.Tensor) => tf.mul(tf.concat([...values], 1), matrix)
  const main = placed(diagonal, tf.eye(size))
  const bidiagonal = size === 1
    ? main
    : tf.add(main, tf.pad(placed(above, tf.eye(size - 1)), [[0, 0], [0, 1], [1, 0]]))
  return { bidiagonal, lefts, rights, turn }
}
