/**
 * What formulas with cases are written with, so that gradients pass them: comparisons that are constant almost
 * everywhere, choices whose other branch cannot spoil the one that is taken, and lengths whose gradient at 0 is 0.
 */
import * as tf from "@tensorflow/tfjs-core"
import { constant } from "./Constant.ts"

type Comparison = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor

const mask = (compare: Comparison) => (a: tf.Tensor, b: tf.Tensor | number): tf.Tensor =>
  tf.customGrad((...given) => {
    const [x, y] = given as [tf.Tensor, tf.Tensor]
    return {
      value: tf.cast(compare(x, y), "float32"),
      gradFunc: () => [tf.zeros(x.shape), tf.zeros(y.shape)]
    }
  })(a, typeof b === "number" ? tf.scalar(b) : b)

/** 1 where the comparison holds, 0 elsewhere; without a gradient. */
export const less = mask(tf.less)
export const greater = mask(tf.greater)
export const equal = mask(tf.equal)

/** a where the mask is 1, b where it is 0. */
export const choose = (chosen: tf.Tensor, a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
  tf.where(tf.cast(chosen, "bool"), a, b)

/** u within ±limit; NaN stays NaN, of which engines may make a number. */
export const clipped = (u: tf.Tensor, limit: number): tf.Tensor =>
  tf.where(tf.isNaN(constant(u)), u, tf.clipByValue(u, -limit, limit))

/** a/b, and something else where b is 0. */
export const ratio = (a: tf.Tensor, b: tf.Tensor, otherwise: tf.Tensor): tf.Tensor => {
  const zero = equal(b, 0)
  return choose(zero, otherwise, tf.div(a, choose(zero, tf.onesLike(b), b)))
}

/** √u, with gradient 0 at 0. */
export const squareRoot = (u: tf.Tensor): tf.Tensor => {
  if (tf.engine().state.gradientDepth === 0) return tf.sqrt(u)
  const zero = equal(u, 0)
  return tf.mul(tf.sqrt(tf.add(u, zero)), tf.sub(1, zero))
}

/**
 * What to divide numbers by before they are squared: 1 where no square leaves the range, so that ordinary ones keep
 * their bits, and where the largest is infinite, which no division mends.
 */
export const scaleOf = (largest: tf.Tensor): tf.Tensor => {
  // Zero and infinity are twice themselves.
  const plain = tf.add(tf.mul(less(largest, 1e15), greater(largest, 1e-15)), equal(largest, tf.mul(2, largest)))
  return choose(plain, tf.onesLike(largest), largest)
}

/**
 * u to the bit, or in its direction what has no entry above the limit: of vectors so long that sums of their squares or
 * entries would be no numbers. What it is shortened by is a constant for gradients.
 */
export const shortened = (
  u: tf.Tensor,
  limit: tf.Tensor | number,
  axes: ReadonlyArray<number> = [-2, -1]
): tf.Tensor => tf.div(u, excess(u, limit, axes))

/** u to the bit, or in its direction what has an entry of the limit: of vectors whose entries would underflow. */
export const lengthened = (u: tf.Tensor, limit: number, axes: ReadonlyArray<number>): tf.Tensor => {
  const largest = largestOf(u, axes)
  const small = tf.mul(less(largest, limit), greater(largest, 0))
  const own = choose(small, largest, tf.onesLike(largest))
  return choose(tf.add(tf.zerosLike(u), small), tf.mul(tf.div(u, own), limit), u)
}

const largestOf = (u: tf.Tensor, axes: ReadonlyArray<number>): tf.Tensor => {
  const sizes = tf.abs(constant(u))
  return axes.length === 0 ? sizes : tf.max(sizes, [...axes], true)
}

/** How often the limit the largest entry is, at least 1. */
const excess = (
  u: tf.Tensor,
  limit: tf.Tensor | number,
  axes: ReadonlyArray<number> = [-2, -1]
): tf.Tensor => tf.maximum(tf.div(largestOf(u, axes), limit), 1)

/** f(u) of any size, for f with f(cu) = c·f(u), c > 0. */
export const homogeneous = (f: (u: tf.Tensor) => tf.Tensor) => (u: tf.Tensor): tf.Tensor => {
  const size = excess(u, 1e30)
  return tf.mul(f(tf.div(u, size)), size)
}

/** ‖u‖ over some axes, which are kept; of any scale, with gradient 0 at 0. */
export const length = (u: tf.Tensor, axes: ReadonlyArray<number>): tf.Tensor => {
  // Engines divide by the lengths of axes.
  if (u.size === 0) return tf.zeros(u.shape.map((n, i) => axes.includes(i - u.rank) ? 1 : n))
  const largest = constant(tf.max(tf.abs(u), [...axes], true))
  const scale = scaleOf(largest)
  return tf.mul(scale, squareRoot(tf.sum(tf.square(tf.div(u, scale)), [...axes], true)))
}

/** arsinh s for s ≥ 0, of any size. */
export const arsinh = (s: tf.Tensor): tf.Tensor => {
  // Beyond 1e9 it is log 2s, to the last digit of double precision.
  const near = tf.minimum(s, 1e9)
  const squared = tf.square(near)
  // log1p keeps the digits that a logarithm of nearly 1 loses.
  const own = tf.log1p(tf.add(near, tf.div(squared, tf.add(1, tf.sqrt(tf.add(1, squared))))))
  return tf.add(own, tf.log(tf.div(tf.maximum(s, 1e9), 1e9)))
}

/** arsinh s/s for s ≥ 0, smooth at 0, where it is 1. */
export const arsinhRatio = (s: tf.Tensor): tf.Tensor => {
  const small = less(s, 1e-2)
  const h = tf.square(choose(small, s, tf.zerosLike(s)))
  const series = tf.add(1, tf.mul(h, tf.add(-1 / 6, tf.mul(h, tf.add(3 / 40, tf.mul(h, -15 / 336))))))
  const safe = choose(small, tf.onesLike(s), s)
  return choose(small, series, tf.div(arsinh(safe), safe))
}

/** sinh √h / √h for h ≥ 0, smooth at 0, where it is 1. */
export const sinhRatio = (h: tf.Tensor): tf.Tensor => {
  const small = less(h, 1e-2)
  const root = tf.sqrt(choose(small, tf.onesLike(h), h))
  const series = tf.add(1, tf.mul(h, tf.add(1 / 6, tf.mul(h, tf.add(1 / 120, tf.mul(h, 1 / 5040))))))
  return choose(small, series, tf.div(tf.sinh(root), root))
}

/** tanh √h / √h for h ≥ 0, smooth at 0, where it is 1. */
export const tanhRatio = (h: tf.Tensor): tf.Tensor => {
  const small = less(h, 1e-4)
  const root = tf.sqrt(choose(small, tf.onesLike(h), h))
  const series = tf.add(1, tf.mul(h, tf.add(-1 / 3, tf.mul(h, tf.add(2 / 15, tf.mul(h, -17 / 315))))))
  return choose(small, series, tf.div(tf.tanh(root), root))
}

/** The gradients of a number, within the gradient of something else: TensorFlow.js has one tape, which it ends. */
export const gradientsWithin = (
  f: (...args: Array<tf.Tensor>) => tf.Tensor,
  args: ReadonlyArray<tf.Tensor>
): ReadonlyArray<tf.Tensor> => {
  const { state } = tf.engine()
  const outer = state.activeTape
  try {
    return tf.grads(f)([...args])
  } finally {
    if (state.gradientDepth === 0 && outer !== undefined) state.activeTape = outer
  }
}
