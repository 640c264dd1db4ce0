import * as tf from "@tensorflow/tfjs-core"
import { fused } from "../../engine/FusedKernels.ts"
import * as Arithmetic from "../../numerics/Arithmetic.ts"
import { constant } from "../../numerics/Constant.ts"
import * as Differentiable from "../../numerics/Differentiable.ts"

/**
 * The geometry of unit vectors along some axes of a tensor: along both axes of a matrix it is that of the sphere, along
 * the rows that of n spheres side by side, the oblique manifold. On a great subsphere, `within` is the projection onto
 * its space.
 *
 * @internal
 */
export const unitNorm = (axes: ReadonlyArray<number>, within = (u: tf.Tensor): tf.Tensor => u) => {
  const sum = (u: tf.Tensor) => tf.sum(u, [...axes], true)
  const dot = (u: tf.Tensor, v: tf.Tensor) => sum(tf.mul(u, v))
  const length = (u: tf.Tensor) => Differentiable.length(u, axes)
  // As one column of all entries, or as the columns that they are.
  const view = (m: number, n: number) => axes.length === 2 ? [m * n, 1] as const : [m, n] as const
  const project = fused("UnitProject", (x, u) => tf.sub(u, tf.mul(x, dot(x, u))), view)
  const divide = (u: tf.Tensor) => tf.div(u, tf.sqrt(sum(tf.square(u))))

  /** U/‖U‖; zero, whose nearest points are all points, goes to a given one, the constant by default. */
  const nearest = (u: tf.Tensor, ofZero = tf.onesLike(u)) => {
    // U/‖U‖ does not depend on the scale, so the scale is a constant for gradients.
    const largest = constant(tf.max(tf.abs(u), [...axes], true))
    const scaled = tf.div(u, tf.maximum(largest, tiny))
    // What is no number stays none.
    const otherwise = tf.add(ofZero, tf.mul(u, 0))
    return divide(Differentiable.choose(Differentiable.greater(largest, tiny), scaled, otherwise))
  }

  /** 2·atan2(‖x − y‖, ‖x + y‖): accurate for near and for opposite points, where arccos⟨x, y⟩ loses half the digits. */
  const angle = (x: tf.Tensor, y: tf.Tensor) => {
    const [apart, together] = [length(tf.sub(x, y)), length(tf.add(x, y))]
    // Near points by the series: the engines' arctangents keep four digits of small numbers on webgpu.
    const small = Differentiable.less(apart, tf.mul(together, 1e-3))
    const r = Differentiable.choose(small, Differentiable.ratio(apart, together, apart), tf.zerosLike(apart))
    const r2 = tf.square(r)
    const series = tf.mul(r, tf.add(1, tf.mul(r2, tf.add(-1 / 3, tf.mul(r2, 1 / 5)))))
    const safe = Differentiable.choose(small, tf.onesLike(apart), apart)
    return tf.mul(2, Differentiable.choose(small, series, tf.atan2(safe, together)))
  }

  /** u/‖u‖, and 0 for 0. */
  const normalized = (u: tf.Tensor) => {
    const size = length(u)
    return tf.mul(u, Differentiable.ratio(tf.onesLike(size), size, size))
  }

  /** The k-th unit vector among those along the axes. */
  const unit = (x: tf.Tensor, k: number) => {
    const [m, n] = x.shape.slice(-2) as [number, number]
    const own = (i: number) => axes.length === 2 ? i : Math.floor(i / n)
    return tf.tensor2d(Array.from({ length: m * n }, (_, i) => own(i) === k ? 1 : 0), [m, n])
  }

  const tangent = (x: tf.Tensor, u: tf.Tensor) => project(x, within(u))

  /**
   * A tangent vector at x that follows from x alone: the first unit vector, or the second where x is closer to the
   * first.
   */
  const anyTangent = (x: tf.Tensor) => {
    const [first, second] = [unit(x, 0), unit(x, 1)]
    const closer = Differentiable.less(tf.square(dot(x, second)), tf.square(dot(x, first)))
    return tangent(x, tf.add(tf.mul(closer, second), tf.mul(tf.sub(1, closer), first)))
  }

  /** Twice, since the first time leaves rounding errors of all of u. */
  const projectTwice = (x: tf.Tensor, u: tf.Tensor) => tangent(x, tangent(x, u))

  /**
   * Of points that are nearly opposite, a vector near x + y whose parts along the tangent spaces are those of the
   * geodesic.
   */
  const opposite = (x: tf.Tensor, y: tf.Tensor) => {
    const sum = tf.add(x, y)
    const apart = length(sum)
    const near = Differentiable.less(apart, half)
    // Of a sum that is normal to rounding, nothing but rounding is left: at the antipode itself any direction will do.
    const rounding = tf.mul(apart, 16 * Arithmetic.current().epsilon)
    const lost = tf.sub(1, Differentiable.greater(length(tangent(x, sum)), rounding))
    return { near, across: tf.add(tf.mul(tf.sub(1, lost), sum), tf.mul(lost, anyTangent(x))) }
  }

  /** What y − x, or near the antipode y + x, is along the tangent space. */
  const towards = (x: tf.Tensor, y: tf.Tensor) => {
    const { across, near } = opposite(x, y)
    const [direct, around] = [tangent(x, tf.sub(y, x)), projectTwice(x, across)]
    return tf.add(tf.mul(tf.sub(1, near), direct), tf.mul(near, around))
  }

  return {
    length,
    project,
    nearest,
    angle,
    // ‖X + V‖ ≥ 1 for tangent V: small squares do not count, large ones must not overflow. A power of 2 keeps all bits.
    retract: fused(
      "UnitRetract",
      (x, v) => divide(tf.mul(tf.add(x, Differentiable.shortened(v, longest, axes)), 2 ** -40)),
      view
    ),
    /** Along the geodesic of the logarithm, also at the antipode, where there are others. */
    parallel: (x: tf.Tensor, y: tf.Tensor, v: tf.Tensor) => {
      const { across, near } = opposite(x, y)
      const [atX, atY] = [normalized(projectTwice(x, across)), normalized(projectTwice(y, across))]
      const far = tf.sub(v, tf.mul(tf.add(atX, atY), dot(atX, v)))
      const size = tf.add(near, tf.mul(tf.sub(1, near), tf.add(1, dot(x, y))))
      const direct = tf.sub(v, tf.mul(tf.add(x, y), tf.div(dot(y, v), size)))
      return project(y, tf.add(tf.mul(near, far), tf.mul(tf.sub(1, near), direct)))
    },
    exp: (x: tf.Tensor, given: tf.Tensor) => {
      const v = Differentiable.shortened(given, longest, axes)
      const t = length(v)
      // sin t/t → 1: below 1e-12 the quotient is 1 to float32.
      const small = Differentiable.less(t, 1e-12)
      const safe = Differentiable.choose(small, tf.onesLike(t), t)
      const sinc = Differentiable.choose(small, tf.onesLike(t), tf.div(tf.sin(safe), safe))
      return divide(tf.add(tf.mul(x, tf.cos(t)), tf.mul(v, sinc)))
    },
    /** Of norm π at the antipode, in a direction that follows from x. */
    log: (x: tf.Tensor, y: tf.Tensor) => {
      const direction = towards(x, y)
      const size = length(direction)
      return tf.mul(direction, Differentiable.ratio(angle(x, y), size, tf.onesLike(size)))
    }
  }
}

/** ‖x + y‖ below which points count as nearly opposite. */
const half = 0.5

/** Beside longer vectors points have no digit, and their squares leave the range of numbers. */
const longest = 1e25

/** What is smaller counts as zero: engines may take numbers below 1.2e-38 for 0. */
const tiny = 2e-38
