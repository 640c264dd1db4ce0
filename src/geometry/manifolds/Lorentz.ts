import * as tf from "@tensorflow/tfjs-core"
import * as Result from "effect/Result"
import * as Arithmetic from "../../numerics/Arithmetic.ts"
import * as Interval from "../../numerics/Interval.ts"
import type * as Points from "../../numerics/Points.ts"
import * as Seed from "../../numerics/Seed.ts"
import * as Manifold from "../Manifold.ts"

const drop = (u: tf.Tensor) => tf.squeeze(u, [-2, -1])
const sum = (u: tf.Tensor) => tf.sum(u, [-2, -1], true)

/** Geometry of the upper sheet in m×n matrices whose first entry is time. */
const hyperboloid = (m: number, n: number) => {
  const sign = () => tf.tensor2d(Array.from({ length: m * n }, (_, i) => (i === 0 ? -1 : 1)), [m, n])
  const time = () => tf.tensor2d(Array.from({ length: m * n }, (_, i) => (i === 0 ? 1 : 0)), [m, n])
  const flip = (u: tf.Tensor) => tf.mul(u, sign())
  const dot = (u: tf.Tensor, v: tf.Tensor) => sum(tf.mul(flip(u), v))
  const length = (u: tf.Tensor) => tf.sqrt(tf.relu(dot(u, u)))
  const space = (u: tf.Tensor) => tf.mul(u, tf.sub(1, time()))
  const first = (u: tf.Tensor) => sum(tf.mul(u, time()))
  const height = (u: tf.Tensor) => tf.sqrt(tf.add(sum(tf.square(space(u))), 1))
  /** The point above the spatial entries. */
  const lift = (u: tf.Tensor) => tf.add(space(u), tf.mul(height(u), time()))
  const project = (x: tf.Tensor, u: tf.Tensor) => tf.add(u, tf.mul(x, dot(x, u)))
  /** 2·arsinh(‖y − x‖/2): accurate for near points, where arcosh(−⟨x, y⟩) loses half the digits. */
  const distance = (x: tf.Tensor, y: tf.Tensor) => tf.mul(tf.asinh(tf.mul(length(tf.sub(y, x)), 0.5)), 2)
  return { distance, dot, first, flip, height, length, lift, project, space }
}

/** sinh t/t, 1 at 0. */
const sinch = (t: tf.Tensor) => tf.where(tf.less(t, 1e-12), tf.onesLike(t), tf.div(tf.sinh(t), tf.maximum(t, 1e-12)))

/** The hyperbolic angle t ≥ 0 of the point (cosh t, sinh t) nearest to (time, space): the root of 2 sinh t − time·tanh t = space. */
const nearestAngle = (time: tf.Tensor, space: tf.Tensor): tf.Tensor => {
  let low: tf.Tensor = tf.zerosLike(time)
  let high: tf.Tensor = tf.asinh(tf.mul(tf.add(tf.abs(time), space), 0.5))
  const halvings = Math.ceil(-Math.log2(Arithmetic.current().epsilon)) + 6
  for (let k = 0; k < halvings; k++) {
    const middle = tf.mul(tf.add(low, high), 0.5)
    const excess = tf.sub(tf.sub(tf.mul(tf.sinh(middle), 2), tf.mul(time, tf.tanh(middle))), space)
    const above = tf.greater(excess, 0)
    low = tf.where(above, low, middle)
    high = tf.where(above, middle, high)
  }
  return tf.mul(tf.add(low, high), 0.5)
}

const at = (m: number, n: number): Manifold.Manifold => {
  const { distance, dot, first, flip, height, length, lift, project, space } = hyperboloid(m, n)
  const exp = (x: tf.Tensor, v: tf.Tensor) => {
    const t = length(v)
    return lift(tf.add(tf.mul(x, tf.cosh(t)), tf.mul(v, sinch(t))))
  }
  return Manifold.make<tf.Tensor>({
    name: `Lor(${m},${n})`,
    shape: [m, n],
    dimension: m * n - 1,
    curvature: Interval.point(m * n < 3 ? 0 : -1),
    norms: {
      spectral: Interval.make(1, Infinity),
      frobenius: Interval.make(1, Infinity),
      rowSum: Interval.make(1, Infinity),
      columnSum: Interval.make(1, Infinity)
    },
    retractionOrder: Infinity,
    injectivityRadius: Infinity,
    inner: (_x, u, v) => drop(dot(u, v)),
    project,
    gradient: (x, e) => project(x, flip(e)),
    nearest: (u) => {
      const inSpace = space(u)
      const size = tf.sqrt(sum(tf.square(inSpace)))
      const reach = tf.sinh(nearestAngle(first(u), size))
      return lift(tf.mul(inSpace, tf.div(reach, tf.maximum(size, 1e-30))))
    },
    retract: exp,
    transport: (x, y, v) => tf.add(v, tf.mul(tf.add(x, y), tf.div(dot(y, v), tf.sub(1, dot(x, y))))),
    // Of hyperbolic radius below 1.
    random: (seed, batch) => lift(tf.mul(tf.tanh(Seed.normalTensor(seed, [...batch, m, n])), 1 / Math.sqrt(m * n))),
    residual: (x) => drop(tf.abs(tf.sub(tf.div(first(x), height(x)), 1))),
    exp,
    log: (x, y) => {
      const direction = project(x, tf.sub(y, x))
      return tf.mul(direction, tf.div(distance(x, y), tf.maximum(length(direction), 1e-12)))
    },
    dist: (x, y) => drop(distance(x, y))
  })
}

/**
 * Lorentz model of hyperbolic space: m×n matrices with −x₁₁² + Σ of the other squares = −1 and x₁₁ > 0, the first entry is time.
 *
 * Metric the Lorentzian product ⟨U, V⟩ = −u₁₁v₁₁ + Σuv, positive on tangent vectors; project U + ⟨X,U⟩X; exp X cosh‖V‖ + V sinh‖V‖/‖V‖;
 * parallel transport, an isometry; sectional curvature −1. The same space as the Poincaré ball, without its rim.
 * Source: Nickel and Kiela 2018, *Learning continuous hierarchies in the Lorentz model of hyperbolic geometry*.
 *
 * @throws ShapeRefused for a shape that is not m×n with mn ≥ 2.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Lorentz } from "finegrain"
 * const M = Lorentz.make([2, 1])
 * M.dist!(tf.tensor2d([[1], [0]]), tf.tensor2d([[Math.cosh(2)], [Math.sinh(2)]])).dataSync()[0]!.toFixed(4) // => "2.0000"
 * ```
 */
export const make = (shape: Points.Shape): Manifold.Manifold => Result.getOrThrow(family().at(shape))

/**
 * The family of Lorentz models, `Lor` in specifications.
 *
 * @example
 * ```ts
 * import { Lorentz } from "finegrain"
 * Lorentz.family().symbol // => "Lor"
 * ```
 */
export const family = (): Manifold.Family => ({
  symbol: "Lor",
  name: "Lorentz model",
  at: (shape) => Result.map(Manifold.matrixShape("Lor", shape, ([m, n]) => m * n >= 2), ([m, n]) => at(m, n))
})
