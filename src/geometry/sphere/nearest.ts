/** Unit vectors nearest to others, and the angles between them. */
import * as tf from "@tensorflow/tfjs-core"
import { constant } from "../../numerics/Constant.ts"
import * as Differentiable from "../../numerics/Differentiable.ts"
import type { Lengths } from "./lengths.ts"

/** What is smaller counts as zero: engines may take numbers below 1.2e-38 for 0. */
const tiny = 2e-38

/** U/‖U‖; zero, whose nearest points are all points, goes to a given one, the constant by default. */
export const nearest = ({ axes, divide }: Lengths) => (u: tf.Tensor, ofZero = tf.onesLike(u)) => {
  // U/‖U‖ does not depend on the scale, so the scale is a constant for gradients.
  const largest = constant(tf.max(tf.abs(u), [...axes], true))
  const scaled = tf.div(u, tf.maximum(largest, tiny))
  // What is no number stays none.
  const otherwise = tf.add(ofZero, tf.mul(u, 0))
  return divide(Differentiable.choose(Differentiable.greater(largest, tiny), scaled, otherwise))
}

/** 2·atan2(‖x − y‖, ‖x + y‖): accurate for near and for opposite points, where arccos⟨x, y⟩ loses half the digits. */
export const angle = ({ length }: Lengths) => (x: tf.Tensor, y: tf.Tensor) => {
  const [apart, together] = [length(tf.sub(x, y)), length(tf.add(x, y))]
  // Near points by the series: the engines' arctangents keep four digits of small numbers on webgpu.
  const small = Differentiable.less(apart, tf.mul(together, 1e-3))
  const r = Differentiable.choose(small, Differentiable.ratio(apart, together, apart), tf.zerosLike(apart))
  const r2 = tf.square(r)
  const series = tf.mul(r, tf.add(1, tf.mul(r2, tf.add(-1 / 3, tf.mul(r2, 1 / 5)))))
  const safe = Differentiable.choose(small, tf.onesLike(apart), apart)
  return tf.mul(2, Differentiable.choose(small, series, tf.atan2(safe, together)))
}
