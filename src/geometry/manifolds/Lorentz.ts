import * as tf from "@tensorflow/tfjs-core"
import * as Arithmetic from "../../numerics/Arithmetic.ts"
import { constant } from "../../numerics/Constant.ts"
import * as Differentiable from "../../numerics/Differentiable.ts"
import * as Interval from "../../numerics/Interval.ts"
import * as Seed from "../../numerics/Seed.ts"
import { exponential } from "../lorentz/exponential.ts"
import {
  above,
  axes,
  dot,
  drop,
  either,
  furthest,
  hyperboloid,
  length,
  nearestAngle,
  type Polar
} from "../lorentz/hyperboloid.ts"
import * as Manifold from "../Manifold.ts"
import { matrixFamily } from "../matrixFamily.ts"
import { gyration } from "./gyration.ts"

const at = (m: number, n: number): Manifold.Manifold => {
  const sheet = hyperboloid(m, n)
  const { across, atRest, first, halfSquared, joined, lift, moving, near, polar, space } = sheet
  const name = `Lor(${m},${n})`
  const { exp, retract } = exponential(sheet, name)
  /**
   * u = tangent part + normal·x with normal = −⟨x, u⟩ = cosh τ·(u₀ − ⟨x_s, u_s⟩/cosh τ). A time entry that is tangent
   * to rounding counts as tangent: far out, what rounding leaves of it would be larger than all else.
   */
  const split = ({ cosh, space: x }: Polar, u: tf.Tensor) => {
    const along = tf.div(dot(x, space(u)), cosh)
    const defect = tf.sub(first(u), along)
    const rounding = tf.mul(16 * Arithmetic.current().epsilon, tf.add(tf.abs(along), tf.abs(first(u))))
    const tangent = Differentiable.less(tf.abs(defect), rounding)
    const normal = tf.mul(cosh, tf.sub(defect, tf.mul(tangent, constant(defect))))
    return { normal, inSpace: tf.sub(space(u), tf.mul(x, normal)) }
  }
  const project = (x: tf.Tensor, u: tf.Tensor) => {
    const at = polar(x)
    const { inSpace } = split(at, u)
    return joined(inSpace, tf.div(dot(at.space, inSpace), at.cosh))
  }
  /** d/sinh d·(y − cosh d·x), from the entries in space. */
  const log = (x: tf.Tensor, y: tf.Tensor) => {
    const [from, to] = [polar(x), polar(y)]
    const half = halfSquared(from, to)
    const inSpace = tf.sub(tf.sub(to.space, from.space), tf.mul(from.space, tf.mul(2, half)))
    const ratio = tf.div(Differentiable.arsinhRatio(half), above(Differentiable.squareRoot(half)))
    const v = tf.mul(inSpace, ratio)
    return joined(v, tf.div(dot(from.space, v), from.cosh))
  }
  return Manifold.make<tf.Tensor>({
    name,
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
    inner: (x, u, v) => {
      const at = polar(x)
      const [a, b] = [split(at, u), split(at, v)]
      return drop(tf.sub(dot(atRest(at, a.inSpace), atRest(at, b.inSpace)), tf.mul(a.normal, b.normal)))
    },
    project,
    gradient: (x, e) => project(x, joined(space(e), tf.neg(first(e)))),
    nearest: (given) => {
      const u = Differentiable.shortened(given, Math.cosh(furthest()))
      const inSpace = space(u)
      const size = length(inSpace)
      const none = Differentiable.equal(size, 0)
      const reach = tf.sinh(nearestAngle(first(u), size))
      // On the axis of time the slope of the angle, 1/(2 − time); beyond 2 all directions are as near.
      const slope = tf.div(1, tf.maximum(tf.sub(2, first(u)), 1e-3))
      return lift(tf.mul(inSpace, either(none, slope, tf.div(reach, tf.add(size, none)))))
    },
    retract,
    transport: (x, y, v) => {
      const [from, to] = [polar(x), polar(y)]
      const inBall = (p: Polar) => tf.div(p.space, tf.add(1, p.cosh))
      const gap = (p: Polar) => tf.div(2, tf.add(1, p.cosh))
      const half = halfSquared(from, to)
      const both = tf.mul(gap(from), gap(to))
      const turned = gyration(
        {
          x: inBall(from),
          delta: tf.div(
            either(near(from), to.space, across(from.direction, to.space)),
            tf.add(1, to.cosh)
          ),
          apart: tf.div(tf.add(tf.add(gap(from), gap(to)), tf.mul(half, both)), 2),
          denominator: tf.mul(both, tf.add(1, half))
        },
        atRest(from, v),
        axes
      )
      return moving(to, turned)
    },
    // Of hyperbolic radius below 1.
    random: (seed, batch) => lift(tf.mul(tf.tanh(Seed.normalTensor(seed, [...batch, m, n])), 1 / Math.sqrt(m * n))),
    residual: (x) => drop(tf.abs(tf.sub(tf.div(first(x), polar(x).cosh), 1))),
    exp,
    log,
    dist: (x, y) => {
      const half = halfSquared(polar(x), polar(y))
      return drop(tf.mul(tf.mul(Differentiable.squareRoot(half), Differentiable.arsinhRatio(half)), 2))
    }
  })
}

const lorentz = matrixFamily(() => ({
  symbol: "Lor",
  name: "Lorentz model",
  about: "hyperbolic, on a sheet",
  retraction: "exponential",
  accepts: ([m, n]) => m * n >= 2,
  at: (m, n) => at(m, n)
}))

/**
 * Lorentz model of hyperbolic space: m×n matrices with −x₁₁² + Σ of the other squares = −1 and x₁₁ > 0, the first entry
 * is time.
 *
 * Metric the Lorentzian product ⟨U, V⟩ = −u₁₁v₁₁ + Σuv, positive on tangent vectors; project U + ⟨X,U⟩X; exp X cosh‖V‖
 * + V sinh‖V‖/‖V‖; parallel transport, an isometry; sectional curvature −1. The same space as the Poincaré ball,
 * without its rim. Far out the time of a point or tangent vector says nothing that rounding has left: operations read
 * their entries in space, on which it depends. Points beyond a hyperbolic angle of 80 have no coordinates in float32:
 * retractions stay before it, exp fails with NotConverged.
 * Source: Nickel and Kiela 2018, *Learning continuous hierarchies in the Lorentz model of hyperbolic geometry*.
 *
 * @throws ShapeRefused for a shape that is not m×n with mn ≥ 2.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Lorentz } from "finegrain"
 * const M = Lorentz.make([2, 1])
 * const [x, y] = [tf.tensor2d([[1], [0]]), tf.tensor2d([[Math.cosh(2)], [Math.sinh(2)]])]
 * M.dist!(x, y).dataSync()[0]!.toFixed(4) // => "2.0000"
 * ```
 */
export const make = lorentz.make

/**
 * The family of Lorentz models, `Lor` in specifications.
 *
 * @example
 * ```ts
 * import { Lorentz } from "finegrain"
 * Lorentz.family().symbol // => "Lor"
 * ```
 */
export const family = lorentz.family
