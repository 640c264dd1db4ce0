import * as tf from "@tensorflow/tfjs-core"
import * as Interval from "../../numerics/Interval.ts"
import * as NestedTensors from "../../numerics/NestedTensors.ts"
import * as Norms from "../../numerics/Norms.ts"
import * as Manifold from "../Manifold.ts"
import { conjugated } from "./conjugated.ts"

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
export const scaled = <P extends NestedTensors.NestedTensors>(
  manifold: Manifold.Manifold<P>,
  s: number
): Manifold.Manifold<P> => {
  if (!(s > 0 && Number.isFinite(s))) {
    throw new RangeError(`scaled(${manifold.name}, ${s}): the scale must be a positive finite number`)
  }
  const { dist } = manifold
  const up = (x: P): P => NestedTensors.scale(s, x)
  const down = (x: P): P => NestedTensors.scale(1 / s, x)
  return Manifold.make<P>({
    ...conjugated(manifold, { from: down, to: up }),
    name: `${s}·${manifold.name.includes(" ") ? `(${manifold.name})` : manifold.name}`,
    shape: manifold.shape,
    curvature: Interval.map(manifold.curvature, (k) => k / s ** 2),
    norms: Norms.scale(manifold.norms, s),
    injectivityRadius: manifold.injectivityRadius * s,
    inner: (x, u, v) => tf.mul(manifold.inner(down(x), down(u), down(v)), s * s),
    // Linear in the vector, whose scale they leave as it is.
    project: (x, u) => manifold.project(down(x), u),
    gradient: (x, e) => manifold.gradient(down(x), e),
    randomTangent: (seed, x) => manifold.randomTangent(seed, down(x)),
    residual: (x) => tf.mul(manifold.residual(down(x)), s),
    ...(dist === undefined ? {} : { dist: (x: P, y: P) => tf.mul(dist(down(x), down(y)), s) })
  })
}
