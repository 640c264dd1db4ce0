/**
 * Powers of two by which numbers become so large or small that their squares are numbers: exact, so no bit of a result
 * changes.
 */
import * as tf from "@tensorflow/tfjs-core"
import * as Postponed from "../../engine/Postponed.ts"
import * as Arithmetic from "../Arithmetic.ts"

/** Exponents beyond which numbers are scaled, with those of the scales; each range ends where the next begins. */
const ladder = () =>
  Arithmetic.current() === Arithmetic.float64
    ? [[256, 512], [768, 800]] as const
    : [[32, 64], [96, 100]] as const

/**
 * For sizes (at least 0) of any shape: powers of two, 1 for ordinary ones; undefined where all are ordinary and that
 * can be read.
 */
export const powersOfTwo = (sizes: tf.Tensor): tf.Tensor | undefined => {
  const [[exponent]] = ladder()
  if (!Postponed.here()) {
    const [least, most] = [2 ** -exponent, 2 ** exponent]
    const ordinary = (value: number) => value === 0 || (value <= most && value >= least)
    if ((sizes.dataSync() as Float32Array).every(ordinary)) return undefined
  }
  return ladder().reduce<tf.Tensor>((scale, [from, by]) => {
    const below = tf.where(tf.less(sizes, 2 ** -from), tf.fill(sizes.shape, 2 ** by), scale)
    return tf.where(tf.greater(sizes, 2 ** from), tf.fill(sizes.shape, 2 ** -by), below)
  }, tf.onesLike(sizes))
}
