/** The exponential on the hyperboloid, as far as numbers hold its coordinates. */
import * as tf from "@tensorflow/tfjs-core"
import { constant } from "../../numerics/Constant.ts"
import * as Convergence from "../../numerics/Convergence.ts"
import * as Differentiable from "../../numerics/Differentiable.ts"
import { dot, either, furthest, type Hyperboloid, length } from "./hyperboloid.ts"

/**
 * The exponential of m×n matrices, which fails where no number would hold the coordinates, and the retraction, which
 * takes a shorter vector there.
 *
 * @internal
 */
export const exponential = ({ across, atRest, lift, near, polar, space }: Hyperboloid, name: string) => {
  /**
   * The radial part in exponentials: ½(e^τ p − e^−τ q) with p, q = cosh t ± α sinh t/t, α the radial speed, t the
   * speed.
   */
  const exp = (x: tf.Tensor, v: tf.Tensor) => {
    const from = polar(x)
    const { cosh, direction, sinh } = from
    const w = atRest(from, v)
    const radial = dot(direction, w)
    const around = across(direction, w)
    const squared = dot(w, w)
    const ratio = Differentiable.sinhRatio(squared)
    const speed = Differentiable.squareRoot(squared)
    const inward = Differentiable.less(radial, 0)
    const outward = either(inward, tf.neg(radial), radial)
    const sums = tf.add(speed, outward)
    // exp(−t) + (t − |α|) sinh t/t for cosh t − |α| sinh t/t, where t − |α| is the square of what is around over t +
    // |α|.
    const rest = tf.div(dot(around, around), tf.add(sums, Differentiable.equal(sums, 0)))
    const slow = tf.sub(tf.cosh(speed), tf.mul(outward, ratio))
    const less = either(Differentiable.less(speed, 0.5), slow, tf.add(tf.exp(tf.neg(speed)), tf.mul(rest, ratio)))
    const more = tf.add(tf.cosh(speed), tf.mul(outward, ratio))
    const grown = tf.add(sinh, cosh)
    const size = tf.mul(
      0.5,
      tf.sub(tf.mul(grown, either(inward, less, more)), tf.div(either(inward, more, less), grown))
    )
    const far = tf.add(tf.mul(direction, size), tf.mul(around, ratio))
    const plain = tf.add(tf.mul(from.space, tf.cosh(speed)), tf.mul(space(v), ratio))
    return lift(either(near(from), plain, far))
  }
  /** How far v leads at most, as a hyperbolic angle: that of x, and the length of v. */
  const reach = (x: tf.Tensor, v: tf.Tensor) => {
    const from = polar(x)
    const angle = tf.log(tf.add(from.sinh, from.cosh))
    return { angle, speed: length(atRest(from, v)) }
  }
  const checkedExp = (x: tf.Tensor, v: tf.Tensor) => {
    const { angle, speed } = reach(constant(x), constant(v))
    Convergence.require({
      what: `the exponential on ${name}`,
      residual: tf.add(angle, speed),
      tolerance: furthest(),
      remedy: "Points further out have no coordinates in these numbers: take a shorter vector."
    })
    return exp(x, v)
  }
  /** The exponential, of a shorter vector where no number would hold the coordinates. */
  const retract = (x: tf.Tensor, v: tf.Tensor) => {
    const { angle, speed } = reach(constant(x), constant(v))
    const most = tf.maximum(tf.sub(furthest(), angle), 1)
    const longer = Differentiable.greater(speed, most)
    return exp(x, tf.mul(v, either(longer, tf.div(most, tf.add(speed, tf.sub(1, longer))), tf.onesLike(speed))))
  }
  return { exp: checkedExp, retract }
}
