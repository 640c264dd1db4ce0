import * as tf from "@tensorflow/tfjs-core"
import * as Result from "effect/Result"
import * as Arithmetic from "../../numerics/Arithmetic.ts"
import * as Interval from "../../numerics/Interval.ts"
import type { NormIntervals } from "../../numerics/Norms.ts"
import type * as Points from "../../numerics/Points.ts"
import * as Seed from "../../numerics/Seed.ts"
import * as Manifold from "../Manifold.ts"

const dot = (u: tf.Tensor, v: tf.Tensor) => tf.sum(tf.mul(u, v), [-2, -1], true)
const drop = (u: tf.Tensor) => tf.squeeze(u, [-2, -1])
const length = (u: tf.Tensor) => tf.sqrt(dot(u, u))

/** Largest radius that rounding tells from 1 in 1 − r². */
const rim = () => 1 - 8 * Arithmetic.current().epsilon

/** The conformal factor λ = 2/(1 − ‖x‖²). */
const lambda = (x: tf.Tensor) => tf.div(2, tf.maximum(tf.sub(1, dot(x, x)), Arithmetic.current().epsilon))

/** Möbius addition. */
const plus = (x: tf.Tensor, y: tf.Tensor) => {
  const [xx, xy, yy] = [dot(x, x), tf.mul(2, dot(x, y)), dot(y, y)]
  const numerator = tf.add(tf.mul(tf.add(tf.add(xy, yy), 1), x), tf.mul(tf.sub(1, xx), y))
  return tf.div(numerator, tf.maximum(tf.add(tf.add(1, xy), tf.mul(xx, yy)), 1e-15))
}

/** f(‖u‖)·u/‖u‖, 0 at 0. */
const along = (u: tf.Tensor, f: (length: tf.Tensor) => tf.Tensor) => {
  const size = length(u)
  return tf.mul(u, tf.div(f(size), tf.maximum(size, 1e-15)))
}

const inside = (x: tf.Tensor) => {
  const size = length(x)
  return tf.mul(x, tf.div(tf.minimum(size, tf.mul(tf.onesLike(size), rim())), tf.maximum(size, 1e-15)))
}

const artanh = (t: tf.Tensor) => tf.atanh(tf.minimum(t, tf.mul(tf.onesLike(t), rim())))

const exp = (x: tf.Tensor, v: tf.Tensor) =>
  inside(plus(x, along(v, (size) => tf.tanh(tf.mul(tf.mul(lambda(x), size), 0.5)))))

const log = (x: tf.Tensor, y: tf.Tensor) =>
  along(plus(tf.neg(x), y), (size) => tf.div(tf.mul(artanh(size), 2), lambda(x)))

const norms = (m: number, n: number): NormIntervals => ({
  spectral: Interval.make(0, 1),
  frobenius: Interval.make(0, 1),
  rowSum: Interval.make(0, Math.sqrt(m)),
  columnSum: Interval.make(0, Math.sqrt(n))
})

/**
 * Poincaré ball of m×n matrices, ‖X‖_F < 1 with ⟨U, V⟩_X = λ²·tr(UᵀV), λ = 2/(1 − ‖X‖²): hyperbolic space.
 *
 * Gradient E/λ²; exponential map, logarithm and distance by Möbius addition; transport by the factor λ_X/λ_Y, an isometry;
 * sectional curvature −1, so FG-SGD takes plain steps. Its norms are open intervals: the bound 1 is not attained.
 * Source: Ganea, Bécigneul and Hofmann 2018, *Hyperbolic neural networks*.
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
export const make = (shape: Points.Shape): Manifold.Manifold => Result.getOrThrow(family().at(shape))

/**
 * The family of Poincaré balls, `Hyp` in specifications.
 *
 * @example
 * ```ts
 * import { PoincareBall } from "finegrain"
 * PoincareBall.family().symbol // => "Hyp"
 * ```
 */
export const family = (): Manifold.Family => ({
  symbol: "Hyp",
  name: "Poincaré ball",
  at: (shape) => Result.map(Manifold.matrixShape("Hyp", shape, () => true), ([m, n]) => at(m, n))
})

const at = (m: number, n: number): Manifold.Manifold =>
  Manifold.make<tf.Tensor>({
    name: `Hyp(${m},${n})`,
    shape: [m, n],
    dimension: m * n,
    curvature: Interval.point(m * n < 2 ? 0 : -1),
    norms: norms(m, n),
    retractionOrder: Infinity,
    injectivityRadius: Infinity,
    inner: (x, u, v) => drop(tf.mul(tf.square(lambda(x)), dot(u, v))),
    project: (_x, u) => u,
    gradient: (x, e) => tf.div(e, tf.square(lambda(x))),
    nearest: inside,
    retract: exp,
    transport: (x, y, v) => tf.mul(v, tf.div(lambda(x), lambda(y))),
    // Of hyperbolic radius about 1, where float32 has digits to spare.
    random: (seed, batch) =>
      along(Seed.normalTensor(seed, [...batch, m, n]), (size) => tf.tanh(tf.mul(size, 0.5 / Math.sqrt(m * n)))),
    residual: (x) => drop(tf.relu(tf.sub(length(x), 1))),
    exp,
    log,
    dist: (x, y) => drop(tf.mul(artanh(length(plus(tf.neg(x), y))), 2))
  })
