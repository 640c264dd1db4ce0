import * as tf from "@tensorflow/tfjs-core"
import * as Interval from "../../numerics/Interval.ts"
import * as Norms from "../../numerics/Norms.ts"
import * as Points from "../../numerics/Points.ts"
import * as Manifold from "../Manifold.ts"

/**
 * The manifold s·M = {s·x : x ∈ M} of rescaled points, the geometry of the weights ℜω that a network uses.
 *
 * Tangent spaces are the same; R_s(X, V) = s·R(X/s, V/s); curvatures divide by s², norms and distances multiply by s.
 * Source: Ozay 2019, section 3 (two-stage renormalization).
 *
 * @throws RangeError unless `s` is positive and finite.
 *
 * @example
 * ```ts
 * import { Combinators, Sphere } from "finegrain"
 * const M = Combinators.scaled(Sphere.make([3, 3]), 2)
 * M.norms.frobenius // => { min: 2, max: 2 }
 * M.curvature // => { min: 0.25, max: 0.25 }
 * ```
 */
export const scaled = <P extends Points.Points>(manifold: Manifold.Manifold<P>, s: number): Manifold.Manifold<P> => {
  if (!(s > 0 && Number.isFinite(s))) {
    throw new RangeError(`scaled(${manifold.name}, ${s}): the scale must be a positive finite number`)
  }
  const { exp, log, dist } = manifold
  const up = (x: P): P => Points.scale(s, x)
  const down = (x: P): P => Points.scale(1 / s, x)
  return Manifold.make<P>({
    name: `${s}·${manifold.name.includes(" ") ? `(${manifold.name})` : manifold.name}`,
    shape: manifold.shape,
    dimension: manifold.dimension,
    curvature: Interval.map(manifold.curvature, (k) => k / s ** 2),
    norms: Norms.scale(manifold.norms, s),
    retractionOrder: manifold.retractionOrder,
    injectivityRadius: manifold.injectivityRadius * s,
    nearestPoint: manifold.nearestPoint,
    // s²⟨u/s, v/s⟩, whose s² might be no number.
    inner: (x, u, v) => manifold.inner(down(x), u, v),
    norm: (x, u) => manifold.norm(down(x), u),
    project: (x, u) => manifold.project(down(x), u),
    gradient: (x, e) => manifold.gradient(down(x), e),
    nearest: (u) => up(manifold.nearest(down(u))),
    retract: (x, v) => up(manifold.retract(down(x), down(v))),
    transport: (x, y, v) => up(manifold.transport(down(x), down(y), down(v))),
    random: (seed, batch) => up(manifold.random(seed, batch)),
    randomTangent: (seed, x) => manifold.randomTangent(seed, down(x)),
    residual: (x) => tf.mul(manifold.residual(down(x)), s),
    ...(exp === undefined ? {} : { exp: (x: P, v: P) => up(exp(down(x), down(v))) }),
    ...(log === undefined ? {} : { log: (x: P, y: P) => up(log(down(x), down(y))) }),
    ...(dist === undefined ? {} : { dist: (x: P, y: P) => tf.mul(dist(down(x), down(y)), s) })
  })
}
