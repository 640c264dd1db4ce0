/**
 * Sums whose rounding errors are added up beside them, in the arithmetic that there is.
 */
import * as tf from "@tensorflow/tfjs-core"
import * as Arithmetic from "./Arithmetic.ts"
import { clipped } from "./Differentiable.ts"

/** A sum, and what rounding took from it. */
interface Sum {
  readonly value: tf.Tensor
  readonly error: tf.Tensor
}

/** a + b = value + error, exactly. Source: Knuth 1997, *Seminumerical Algorithms*, section 4.2.2. */
const twoSum = (a: tf.Tensor, b: tf.Tensor): Sum => {
  const value = tf.add(a, b)
  const other = tf.sub(value, a)
  return { value, error: tf.add(tf.sub(a, tf.sub(value, other)), tf.sub(b, other)) }
}

/** x² = value + error, exactly for |x| of ordinary size, by halves of x. Source: Dekker 1971. */
const twoSquare = (x: tf.Tensor): Sum => {
  const splitter = Arithmetic.current() === Arithmetic.float64 ? 2 ** 27 + 1 : 2 ** 12 + 1
  const wide = tf.mul(x, splitter)
  const high = tf.sub(wide, tf.sub(wide, x))
  const low = tf.sub(x, high)
  const value = tf.square(x)
  const error = tf.add(
    tf.add(tf.sub(tf.square(high), value), tf.mul(2, tf.mul(high, low))),
    tf.square(low)
  )
  return { value, error }
}

const half = (u: tf.Tensor, from: number, size: number) =>
  tf.slice(u, [...u.shape.slice(0, -1).map(() => 0), from], [...u.shape.slice(0, -1), size])

/** The sum over the last axis, two halves at a time. */
const total = (u: tf.Tensor): tf.Tensor => {
  let [terms, errors] = [u, tf.zeros(u.shape.slice(0, -1))]
  for (let n = u.shape.at(-1)!; n > 1; n = Math.ceil(n / 2)) {
    const even = n % 2 === 0 ? terms : tf.concat([terms, tf.zeros([...u.shape.slice(0, -1), 1])], -1)
    const m = Math.ceil(n / 2)
    const { error, value } = twoSum(half(even, 0, m), half(even, m, m))
    errors = tf.add(errors, tf.sum(error, -1))
    terms = value
  }
  return tf.add(tf.squeeze(terms, [-1]), errors)
}

/**
 * 1 − ‖x‖² over the last two axes, which are kept, with an error of a unit of the result, not of 1: as in twice the
 * digits.
 *
 * @internal
 */
export const oneMinusSquares = (x: tf.Tensor): tf.Tensor =>
  tf.customGrad((given, save) => {
    const points = given as tf.Tensor
    const batch = points.shape.slice(0, -2)
    const value = tf.tidy(() => {
      // Far outside only the sign counts.
      const { error, value } = twoSquare(tf.reshape(clipped(points, 2), [...batch, -1]))
      const terms = tf.concat([tf.ones([...batch, 1]), tf.neg(value), tf.neg(error)], -1)
      return tf.reshape(total(terms), [...batch, 1, 1])
    })
    ;(save as tf.GradSaveFunc)([points])
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: Array<tf.Tensor>) => tf.mul(dy, tf.mul(saved[0]!, -2))
    }
  })(x)
