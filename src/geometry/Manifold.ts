/** The manifold as a value: what it consists of, how the rest is derived, and checks that say why. */
import * as tf from "@tensorflow/tfjs-core"
import * as Option from "effect/Option"
import * as NestedTensors from "../numerics/NestedTensors.ts"
import type * as Seed from "../numerics/Seed.ts"
import * as Shape from "../numerics/Shape.ts"
import { refusal } from "./claims.ts"
import { batchShape, frobeniusInner, normal, rootOf, rootOfInner } from "./manifold/entries.ts"
import { numbers, points, region } from "./manifold/regions.ts"
import { type Definition, type Manifold, TypeId } from "./manifold/value.ts"

export { DefinitionRefused, refusal } from "./claims.ts"
export { checkPoint, checkTangent, OffManifold } from "./manifold/checks.ts"
export { batchShape, frobeniusInner } from "./manifold/entries.ts"
export { type Family, FamilyFailed, matrixShape, member, ShapeRefused } from "./manifold/family.ts"
export { type Definition, isManifold, type Manifold, type NearestPoint } from "./manifold/value.ts"

/**
 * A manifold from its definition: project, retract and nearest point, with metadata; the rest is derived or overridden.
 *
 * Every operation runs in a region of its own, so intermediates never leak.
 *
 * @throws DefinitionRefused for claims that no manifold could keep: a dimension below 0, an interval that is none, NaN.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Interval, Manifold, Matrices, Norms } from "finegrain"
 * // Symmetric 2×2 matrices, a linear subspace:
 * const { sym } = Matrices
 * const Symmetric = Manifold.make<tf.Tensor>({
 *   name: "Sym(2)", shape: [2, 2], dimension: 3, curvature: Interval.point(0), norms: Norms.unbounded,
 *   project: (_, u) => sym(u), retract: (x, v) => tf.add(x, v), nearest: sym
 * })
 * const x = Symmetric.nearest(tf.tensor2d([[1, 2], [4, 3]]))
 * [...x.dataSync()] // => [1, 3, 3, 3]
 * ```
 */
export const make = <P extends NestedTensors.NestedTensors = tf.Tensor>(definition: Definition<P>): Manifold<P> => {
  const refused = refusal(definition)
  if (Option.isSome(refused)) throw refused.value
  const { shape } = definition
  const inner = definition.inner ?? ((_x: P, u: P, v: P) => frobeniusInner(shape, u, v))
  const residual = definition.residual ?? ((x: P) => {
    const gap = NestedTensors.sub(x, definition.nearest(x))
    return rootOf(shape, gap, (u) => frobeniusInner(shape, u, u))
  })
  const { exp, log, dist } = definition
  const [point, number] = [points(shape), numbers(shape)]
  return {
    [TypeId]: TypeId,
    name: definition.name,
    shape,
    dimension: definition.dimension,
    curvature: definition.curvature,
    norms: definition.norms,
    retractionOrder: definition.retractionOrder ?? 1,
    injectivityRadius: definition.injectivityRadius ?? 0,
    nearestPoint: definition.nearestPoint ?? "exact",
    inner: number(inner),
    norm: number(definition.norm ?? rootOfInner(shape, inner)),
    project: point(definition.project),
    gradient: point(definition.gradient ?? definition.project),
    nearest: point(definition.nearest),
    retract: point(definition.retract),
    transport: point(definition.transport ?? ((_x, y, v) => definition.project(y, v))),
    random: region(
      (seed: Seed.Seed, batch: Shape.Shape = []) =>
        batch.includes(0) && Shape.isShape(shape)
          ? tf.zeros([...batch, ...shape]) as NestedTensors.NestedTensors as P
          : definition.random === undefined
          ? definition.nearest(normal(shape, seed, batch) as P)
          : definition.random(seed, batch)
    ),
    randomTangent: point(
      definition.randomTangent ??
        ((seed, x) => definition.project(x, normal(shape, seed, batchShape(shape, x)) as P))
    ),
    residual: number(residual),
    ...(exp === undefined ? {} : { exp: point(exp) }),
    ...(log === undefined ? {} : { log: point(log) }),
    ...(dist === undefined ? {} : { dist: number(dist) })
  }
}
