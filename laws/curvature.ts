/** Sectional curvature, numerically: what intervals of curvature are held to. */
import * as tf from "@tensorflow/tfjs-core"
import * as Manifold from "../src/geometry/Manifold.ts"
import * as NestedTensors from "../src/numerics/NestedTensors.ts"

/**
 * D_a P(b) for tangent a and b, a normal vector: the second fundamental form. Richardson extrapolation of central
 * differences.
 */
const secondFundamentalForm = <P extends NestedTensors.NestedTensors>(
  M: Manifold.Manifold<P>,
  x: P,
  a: P,
  b: P,
  length: number
): P => {
  const difference = (h: number) =>
    NestedTensors.scale(
      1 / (2 * h),
      NestedTensors.sub(
        M.project(M.retract(x, NestedTensors.scale(h, a)), b),
        M.project(M.retract(x, NestedTensors.scale(-h, a)), b)
      )
    )
  const extrapolated = NestedTensors.scale(
    1 / 3,
    NestedTensors.sub(NestedTensors.scale(4, difference(0.05 * length)), difference(0.1 * length))
  )
  return NestedTensors.sub(extrapolated, M.project(x, extrapolated))
}

/** Orthonormal vectors that span the plane of two others. */
const orthonormal = <P extends NestedTensors.NestedTensors>(
  inner: (u: P, v: P) => tf.Tensor,
  a: P,
  b: P
): readonly [P, P] => {
  const unit = (u: P) => NestedTensors.scaleItems(tf.div(1, tf.maximum(tf.sqrt(inner(u, u)), 1e-6)), u)
  const u = unit(a)
  return [u, unit(NestedTensors.sub(b, NestedTensors.scaleItems(inner(u, b), u)))]
}

/**
 * The sectional curvature of the plane of two tangent vectors at x, numerically, for any metric with an exponential
 * map: by ‖D exp(x, tu)[tv]‖² = t² − K t⁴/3 + O(t⁵) for orthonormal u, v, the spread of geodesics.
 *
 * The vectors are orthonormalized first; geodesics of up to 0.6 times `length` are compared. Batch shape. Source: do
 * Carmo 1992, chapter 5, proposition 2.7.
 *
 * @throws RangeError for a manifold without an exponential map.
 *
 * @example
 * ```ts
 * import { PoincareBall } from "finegrain"
 * import { curvatureOfSpread } from "finegrain/laws"
 * const ball = PoincareBall.make([3, 1])
 * const x = ball.random(1)
 * const k = curvatureOfSpread(ball, x, ball.randomTangent(2, x), ball.randomTangent(3, x)).dataSync()[0]!
 * Math.abs(k + 1) < 0.05 // => true
 * ```
 */
export const curvatureOfSpread = <P extends NestedTensors.NestedTensors>(
  M: Manifold.Manifold<P>,
  x: P,
  a: P,
  b: P,
  length = 1
): tf.Tensor => {
  const { exp } = M
  if (exp === undefined) throw new RangeError(`${M.name} has no exponential map, whose geodesics could spread`)
  return tf.tidy(() => {
    const [u, v] = orthonormal((p: P, q: P) => M.inner(x, p, q), a, b)
    const squared = (t: number) => {
      const at = exp(x, NestedTensors.scale(t, u))
      const difference = (h: number) =>
        NestedTensors.scale(
          1 / (2 * h),
          NestedTensors.sub(
            exp(x, NestedTensors.add(NestedTensors.scale(t, u), NestedTensors.scale(h, v))),
            exp(x, NestedTensors.sub(NestedTensors.scale(t, u), NestedTensors.scale(h, v)))
          )
        )
      const ahead = NestedTensors.scale(
        1 / 3,
        NestedTensors.sub(NestedTensors.scale(4, difference(0.1 * length)), difference(0.2 * length))
      )
      return tf.square(M.norm(at, M.project(at, ahead)))
    }
    // t and −t cancel the odd terms, two lengths the next even one.
    const estimate = (t: number) => tf.mul(tf.sub(1, tf.mul(tf.add(squared(t), squared(-t)), 0.5)), 3 / t ** 2)
    return tf.div(tf.sub(tf.mul(4, estimate(0.2 * length)), estimate(0.4 * length)), 3)
  })
}

/**
 * The sectional curvature of the plane of two tangent vectors at x, numerically, for the embedded metric: by the Gauss
 * equation K = ⟨II(u,u), II(v,v)⟩ − ‖II(u,v)‖² for orthonormal u, v, with the second fundamental form II(u,v) = D_u
 * P(v).
 *
 * The vectors are orthonormalized first. Batch shape. Source: do Carmo 1992, chapter 6.
 *
 * @example
 * ```ts
 * import { Sphere } from "finegrain"
 * import { sectionalCurvature } from "finegrain/laws"
 * const sphere = Sphere.make([3, 1])
 * const x = sphere.random(1)
 * const k = sectionalCurvature(sphere, x, sphere.randomTangent(2, x), sphere.randomTangent(3, x)).dataSync()[0]!
 * Math.abs(k - 1) < 1e-3 // => true
 * ```
 */
export const sectionalCurvature = <P extends NestedTensors.NestedTensors>(
  M: Manifold.Manifold<P>,
  x: P,
  a: P,
  b: P,
  length = 1
): tf.Tensor =>
  tf.tidy(() => {
    const inner = (u: P, v: P) => Manifold.frobeniusInner(M.shape, u, v)
    const [u, v] = orthonormal(inner, a, b)
    const form = (p: P, q: P) => secondFundamentalForm(M, x, p, q, length)
    const mixed = form(u, v)
    return tf.sub(inner(form(u, u), form(v, v)), inner(mixed, mixed))
  })
