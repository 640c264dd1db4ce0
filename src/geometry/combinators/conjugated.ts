import type * as NestedTensors from "../../numerics/NestedTensors.ts"
import type * as Manifold from "../manifold/value.ts"

/** A bijection between the points of two manifolds, and between their vectors; both directions act on batches. */
interface Bijection<P extends NestedTensors.NestedTensors, Q extends NestedTensors.NestedTensors> {
  readonly from: (q: Q) => P
  readonly to: (p: P) => Q
}

/**
 * All of a manifold but its name, shape and norms, seen through a linear isometry: f′(x, v) = to(f(from(x), from(v))).
 *
 * @internal
 */
export const conjugated = <P extends NestedTensors.NestedTensors, Q extends NestedTensors.NestedTensors>(
  manifold: Manifold.Manifold<P>,
  { from, to }: Bijection<P, Q>
): Omit<Manifold.Manifold<Q>, typeof Manifold.TypeId | "name" | "shape" | "norms"> => {
  const through = <A>(f: (...args: ReadonlyArray<P>) => A) => (...args: ReadonlyArray<Q>): A =>
    f(...args.map((arg) => from(arg)))
  const points = (f: (...args: ReadonlyArray<P>) => P) => {
    const found = through(f)
    return (...args: ReadonlyArray<Q>): Q => to(found(...args))
  }
  const { dimension, curvature, retractionOrder, injectivityRadius, nearestPoint, exp, log, dist } = manifold
  return {
    dimension,
    curvature,
    retractionOrder,
    injectivityRadius,
    nearestPoint,
    inner: through(manifold.inner),
    norm: through(manifold.norm),
    project: points(manifold.project),
    gradient: points(manifold.gradient),
    nearest: points(manifold.nearest),
    retract: points(manifold.retract),
    transport: points(manifold.transport),
    random: (seed, batch) => to(manifold.random(seed, batch)),
    randomTangent: (seed, x) => to(manifold.randomTangent(seed, from(x))),
    residual: through(manifold.residual),
    ...(exp === undefined ? {} : { exp: points(exp) }),
    ...(log === undefined ? {} : { log: points(log) }),
    ...(dist === undefined ? {} : { dist: through(dist) })
  }
}
