import * as tf from "@tensorflow/tfjs-core"
import * as Result from "effect/Result"
import * as Interval from "../Interval.ts"
import * as Manifold from "../Manifold.ts"
import type { NormIntervals } from "../Norms.ts"
import type * as Points from "../Points.ts"

/** A vector transport on the sphere, as a value. */
export interface Transport {
  readonly name: string
  readonly transport: (x: tf.Tensor, y: tf.Tensor, v: tf.Tensor) => tf.Tensor
}

/** What may be chosen on the sphere. */
export interface Options {
  /** Default `projection`. */
  readonly transport?: Transport
}

const sum = (u: tf.Tensor) => tf.sum(u, [-2, -1], true)
const dot = (u: tf.Tensor, v: tf.Tensor) => sum(tf.mul(u, v))
const length = (u: tf.Tensor) => tf.sqrt(sum(tf.square(u)))
const project = (x: tf.Tensor, u: tf.Tensor) => tf.sub(u, tf.mul(x, dot(x, u)))
const drop = (u: tf.Tensor) => tf.squeeze(u, [-2, -1])

const tiny = 1e-30

/** U/‖U‖; the zero matrix, whose nearest points are all points, goes to the constant one. */
const normalize = (u: tf.Tensor) => {
  const largest = tf.max(tf.abs(u), [-2, -1], true)
  const safe = tf.where(tf.greater(largest, tiny), tf.div(u, tf.maximum(largest, tiny)), tf.onesLike(u))
  return tf.div(safe, length(safe))
}

/**
 * Transport by projection onto the tangent space at the target: V − ⟨Y, V⟩Y.
 *
 * @example
 * ```ts
 * import { Sphere } from "finegrain"
 * Sphere.projection.name // => "projection"
 * ```
 */
export const projection: Transport = { name: "projection", transport: (_x, y, v) => project(y, v) }

/**
 * Parallel transport along the minimizing geodesic: V − ⟨Y, V⟩/(1 + ⟨X, Y⟩)·(X + Y); an isometry, for Y ≠ −X.
 *
 * Source: Absil, Mahony and Sepulchre 2008, section 8.1.
 *
 * @example
 * ```ts
 * import { Sphere } from "finegrain"
 * const sphere = Sphere.make([3, 1], { transport: Sphere.parallel })
 * const x = sphere.random(1), y = sphere.random(2), v = sphere.randomTangent(3, x)
 * const moved = sphere.transport(x, y, v)
 * Math.abs(sphere.norm(y, moved).dataSync()[0]! / sphere.norm(x, v).dataSync()[0]! - 1) < 1e-5 // => true
 * ```
 */
export const parallel: Transport = {
  name: "parallel",
  transport: (x, y, v) =>
    project(y, tf.sub(v, tf.mul(tf.add(x, y), tf.div(dot(y, v), tf.maximum(tf.add(1, dot(x, y)), 1e-12)))))
}

const norms = ([m, n]: readonly [number, number]): NormIntervals => ({
  spectral: Interval.make(1 / Math.sqrt(Math.min(m, n)), 1),
  frobenius: Interval.point(1),
  rowSum: Interval.make(1, Math.sqrt(m)),
  columnSum: Interval.make(1, Math.sqrt(n))
})

/**
 * Unit sphere of m×n matrices, ‖X‖_F = 1.
 *
 * project U − ⟨X,U⟩X; retract (X+V)/‖X+V‖, of second order; exp X cos‖V‖ + V sin‖V‖/‖V‖; sectional curvature 1 (none where
 * the dimension is below 2). Source: Absil, Mahony and Sepulchre 2008, section 4.1; Ozay 2019, table 1.
 *
 * @throws ShapeRefused for a shape that is not m×n with mn ≥ 2.
 *
 * @example
 * ```ts
 * import { Sphere } from "finegrain"
 * const sphere = Sphere.make([3, 3])
 * sphere.dimension // => 8
 * sphere.curvature // => { min: 1, max: 1 }
 * ```
 */
export const make = (shape: Points.Shape, options: Options = {}): Manifold.Manifold =>
  Result.getOrThrow(family(options).at(shape))

/**
 * The family of unit spheres, `Sp` in specifications; refuses 1×1 matrices.
 *
 * @example
 * ```ts
 * import * as Result from "effect/Result"
 * import { Sphere } from "finegrain"
 * Result.isFailure(Sphere.family().at([1, 1])) // => true
 * ```
 */
export const family = (options: Options = {}): Manifold.Family => ({
  symbol: "Sp",
  name: "sphere",
  at: (shape) => Result.map(Manifold.matrixShape("Sp", shape, ([m, n]) => m * n >= 2), (size) => at(size, options))
})

const at = ([m, n]: readonly [number, number], options: Options): Manifold.Manifold => {
  const dimension = m * n - 1
  return Manifold.make<tf.Tensor>({
    name: `Sp(${m},${n})`,
    shape: [m, n],
    dimension,
    curvature: Interval.point(dimension < 2 ? 0 : 1),
    norms: norms([m, n]),
    retractionOrder: 2,
    injectivityRadius: Math.PI,
    project,
    nearest: normalize,
    retract: (x, v) => normalize(tf.add(x, v)),
    transport: (options.transport ?? projection).transport,
    residual: (x) => drop(tf.abs(tf.sub(length(x), 1))),
    exp: (x, v) => {
      const angle = length(v)
      // sin t/t → 1: below 1e-12 the quotient is 1 to float32.
      const sinc = tf.div(tf.sin(angle), tf.maximum(angle, 1e-12))
      return normalize(
        tf.add(tf.mul(x, tf.cos(angle)), tf.mul(v, tf.where(tf.less(angle, 1e-12), tf.onesLike(sinc), sinc)))
      )
    },
    log: (x, y) => {
      const direction = project(x, tf.sub(y, x))
      return tf.mul(direction, tf.div(angleBetween(x, y), tf.maximum(length(direction), 1e-12)))
    },
    dist: (x, y) => drop(angleBetween(x, y))
  })
}

/** 2·atan2(‖x − y‖, ‖x + y‖): accurate for near and for opposite points, where arccos⟨x, y⟩ loses half the digits. */
const angleBetween = (x: tf.Tensor, y: tf.Tensor) => tf.mul(2, tf.atan2(length(tf.sub(x, y)), length(tf.add(x, y))))
