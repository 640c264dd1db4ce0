import * as tf from "@tensorflow/tfjs-core"
import * as Arithmetic from "../../numerics/Arithmetic.ts"
import { oneMinusSquares } from "../../numerics/compensated.ts"
import * as Differentiable from "../../numerics/Differentiable.ts"
import * as Interval from "../../numerics/Interval.ts"
import type { NormIntervals } from "../../numerics/Norms.ts"
import * as Seed from "../../numerics/Seed.ts"
import * as Manifold from "../Manifold.ts"
import { matrixFamily } from "../matrixFamily.ts"
import { gyration } from "./gyration.ts"

const axes = [-2, -1]
const dot = (u: tf.Tensor, v: tf.Tensor) => tf.sum(tf.mul(u, v), axes, true)
const drop = (u: tf.Tensor) => tf.squeeze(u, axes)
const length = (u: tf.Tensor) => Differentiable.length(u, axes)

/** a = 1 − ‖x‖² where x is a point; something positive elsewhere, so that formulas give numbers. */
const gapOf = (x: tf.Tensor) => tf.maximum(oneMinusSquares(x), 1e-30)

/** Points of the ball as they are; others in their direction, as near to the rim as rounding allows. */
const inside = (u: tf.Tensor) => {
  const outside = Differentiable.less(oneMinusSquares(u), 1e-30)
  const size = Differentiable.choose(outside, length(u), tf.ones(outside.shape))
  const rim = 1 - 4 * Arithmetic.current().epsilon
  return tf.mul(u, Differentiable.choose(outside, tf.div(rim, size), tf.ones(outside.shape)))
}

/**
 * Sums of squares in place of what the difference −x ⊕ y cancels: with δ = y − x and D = a_x a_y + ‖δ‖² its numerator
 * is a_x δ − ‖δ‖²x, its denominator D, and sinh(d/2) = ‖δ‖/√(a_x a_y).
 */
const difference = (x: tf.Tensor, y: tf.Tensor) => {
  const delta = tf.sub(y, x)
  const squared = dot(delta, delta)
  const [own, other] = [gapOf(x), gapOf(y)]
  return { delta, squared, own, other, sinh: tf.div(length(delta), tf.mul(tf.sqrt(own), tf.sqrt(other))) }
}

const dist = (x: tf.Tensor, y: tf.Tensor) => tf.mul(Differentiable.arsinh(difference(x, y).sinh), 2)

/** a_x·(d/2)·n/‖n‖ with n = a_x δ − ‖δ‖²x of length ‖δ‖√D. */
const log = (x: tf.Tensor, y: tf.Tensor) => {
  const { delta, other, own, sinh, squared } = difference(x, y)
  const numerator = tf.sub(tf.mul(own, delta), tf.mul(squared, x))
  // √(a_x a_y D)/a_x, where D/(a_x a_y) = 1 + sinh²(d/2).
  const size = tf.mul(other, tf.sqrt(tf.add(tf.square(sinh), 1)))
  return tf.div(tf.mul(numerator, Differentiable.arsinhRatio(sinh)), size)
}

/** x ⊕ u with u = tanh(‖v‖/a_x)·v/‖v‖, as x + a_x(u + ‖u‖²x)/(‖x + u‖² + a_x(1 − ‖u‖²)). */
const exp = (x: tf.Tensor, v: tf.Tensor) => {
  const own = gapOf(x)
  const speed = tf.minimum(tf.div(length(v), own), 1e4)
  const still = Differentiable.equal(speed, 0)
  const tanh = tf.tanh(speed)
  const direction = tf.div(v, tf.add(length(v), still))
  // Where v is 0 the ratio is 1/a_x, which gradients see.
  const u = Differentiable.choose(
    tf.mul(still, tf.ones(v.shape)),
    tf.div(v, own),
    tf.mul(tanh, direction)
  )
  const squared = tf.square(tanh)
  const cosh = tf.cosh(tf.minimum(speed, 40))
  // 1 − tanh: far out tanh itself is 1 to rounding, and x + u would be what x + direction is.
  const missing = tf.div(2, tf.add(tf.exp(tf.minimum(tf.mul(speed, 2), 80)), 1))
  const sum = tf.add(x, direction)
  const far = tf.mul(Differentiable.greater(speed, 2), tf.ones(v.shape))
  const both = Differentiable.choose(far, tf.sub(sum, tf.mul(missing, direction)), tf.add(x, u))
  const turned = Differentiable.choose(
    far,
    tf.mul(tanh, tf.sub(sum, tf.mul(missing, x))),
    tf.add(u, tf.mul(squared, x))
  )
  const denominator = tf.add(dot(both, both), tf.div(tf.div(own, cosh), cosh))
  const step = tf.div(tf.mul(own, turned), tf.maximum(denominator, 1e-30))
  return inside(tf.add(x, step))
}

/** Parallel transport, a_y/a_x·gyr[y, −x]v. */
const transport = (x: tf.Tensor, y: tf.Tensor, v: tf.Tensor) => {
  const { delta, other, own, squared } = difference(x, y)
  const apart = tf.div(tf.add(tf.add(own, other), squared), 2)
  const rootOfDenominator = tf.sqrt(tf.add(tf.mul(own, other), squared))
  return tf.mul(gyration({ x, delta, apart, rootOfDenominator }, v, axes), tf.div(other, own))
}

const norms = (m: number, n: number): NormIntervals => ({
  spectral: Interval.make(0, 1),
  frobenius: Interval.make(0, 1),
  rowSum: Interval.make(0, Math.sqrt(m)),
  columnSum: Interval.make(0, Math.sqrt(n))
})

const poincareBall = matrixFamily(() => ({
  symbol: "Hyp",
  name: "Poincaré ball",
  about: "hyperbolic, in a ball",
  retraction: "exponential",
  at: (m, n) => at(m, n)
}))

/**
 * Poincaré ball of m×n matrices, ‖X‖_F < 1 with ⟨U, V⟩_X = λ²·tr(UᵀV), λ = 2/(1 − ‖X‖²): hyperbolic space.
 *
 * Gradient E/λ²; exponential map, logarithm and distance by Möbius addition, written without its cancellation; parallel
 * transport λ_X/λ_Y·gyr[Y, −X]; sectional curvature −1, so FG-SGD takes plain steps. The ball is open and its norms are
 * open intervals: what is not inside has a residual of at least 1, and `nearest` gives the last points before the rim.
 * Source: Ganea, Bécigneul and Hofmann 2018, *Hyperbolic neural networks*; Ungar 2008 for gyrations.
 *
 * @throws ShapeRefused for a shape that is not m×n.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { PoincareBall } from "finegrain"
 * const ball = PoincareBall.make([2, 1])
 * ball.dist!(tf.zeros([2, 1]), tf.tensor2d([[0.5], [0]])).dataSync()[0] // => 1.0986123
 * ```
 */
export const make = poincareBall.make

/**
 * The family of Poincaré balls, `Hyp` in specifications.
 *
 * @example
 * ```ts
 * import { PoincareBall } from "finegrain"
 * PoincareBall.family().symbol // => "Hyp"
 * ```
 */
export const family = poincareBall.family

const at = (m: number, n: number): Manifold.Manifold =>
  Manifold.make<tf.Tensor>({
    name: `Hyp(${m},${n})`,
    shape: [m, n],
    dimension: m * n,
    curvature: Interval.point(m * n < 2 ? 0 : -1),
    norms: norms(m, n),
    retractionOrder: Infinity,
    injectivityRadius: Infinity,
    inner: (x, u, v) => drop(tf.mul(4, dot(tf.div(u, gapOf(x)), tf.div(v, gapOf(x))))),
    project: (_x, u) => u,
    gradient: (x, e) => tf.mul(e, tf.square(tf.div(gapOf(x), 2))),
    nearest: inside,
    retract: exp,
    transport,
    // Of hyperbolic radius about 1, where float32 has digits to spare.
    random: (seed, batch) => {
      const u = tf.mul(Seed.normalTensor(seed, [...batch, m, n]), 0.5 / Math.sqrt(m * n))
      return tf.mul(u, Differentiable.tanhRatio(dot(u, u)))
    },
    // The ball is open: what is not inside is at least 1 away from being a point.
    residual: (x) => {
      const gap = oneMinusSquares(x)
      const outside = tf.sub(1, Differentiable.greater(gap, 0))
      return drop(tf.mul(outside, tf.sub(1, gap)))
    },
    exp,
    log,
    dist: (x, y) => drop(dist(x, y))
  })
