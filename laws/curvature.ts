import * as tf from "@tensorflow/tfjs-core"
import * as Manifold from "../src/Manifold.ts"
import * as Points from "../src/Points.ts"

/** D_a P(b) for tangent a and b, a normal vector: the second fundamental form. Richardson extrapolation of central differences. */
const secondFundamentalForm = <P extends Points.Points>(M: Manifold.Manifold<P>, x: P, a: P, b: P): P => {
  const difference = (h: number) =>
    Points.scale(
      1 / (2 * h),
      Points.sub(M.project(M.retract(x, Points.scale(h, a)), b), M.project(M.retract(x, Points.scale(-h, a)), b))
    )
  const extrapolated = Points.scale(1 / 3, Points.sub(Points.scale(4, difference(0.05)), difference(0.1)))
  return Points.sub(extrapolated, M.project(x, extrapolated))
}

/**
 * The sectional curvature of the plane of two tangent vectors at x, numerically, for the embedded metric: by the Gauss equation
 * K = ⟨II(u,u), II(v,v)⟩ − ‖II(u,v)‖² for orthonormal u, v, with the second fundamental form II(u,v) = D_u P(v).
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
export const sectionalCurvature = <P extends Points.Points>(M: Manifold.Manifold<P>, x: P, a: P, b: P): tf.Tensor =>
  tf.tidy(() => {
    const inner = (u: P, v: P) => Manifold.frobeniusInner(M.shape, u, v)
    const unit = (u: P) => Points.scaleItems(tf.div(1, tf.maximum(tf.sqrt(inner(u, u)), 1e-6)), u)
    const u = unit(a)
    const v = unit(Points.sub(b, Points.scaleItems(inner(u, b), u)))
    const form = (p: P, q: P) => secondFundamentalForm(M, x, p, q)
    const mixed = form(u, v)
    return tf.sub(inner(form(u, u), form(v, v)), inner(mixed, mixed))
  })
