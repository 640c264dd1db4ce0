import * as tf from "@tensorflow/tfjs-core"
import { constant, largestOr } from "../../numerics/Constant.ts"
import * as Convergence from "../../numerics/Convergence.ts"
import * as Differentiable from "../../numerics/Differentiable.ts"
import * as Interval from "../../numerics/Interval.ts"
import * as NestedTensors from "../../numerics/NestedTensors.ts"
import * as Norms from "../../numerics/Norms.ts"
import type * as Shape from "../../numerics/Shape.ts"
import * as Manifold from "../Manifold.ts"
import { conjugated } from "./conjugated.ts"

/**
 * The manifold s·M = {s·x : x ∈ M} of rescaled points, the geometry of the weights ℜω that a network uses.
 *
 * Tangent spaces are the same; R_s(X, V) = s·R(X/s, V/s); curvatures divide by s², norms and distances multiply by s.
 * Open sets stay open: what rounding of s·x would put on the rim is put inside. Of unbounded manifolds what leads
 * beyond the largest number fails with NotConverged.
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
  const { dist, exp, norms, residual, shape } = manifold
  const up = (x: P): P => NestedTensors.scale(s, x)
  const down = (x: P): P => NestedTensors.map(x, (leaf) => tf.div(leaf, s))
  /** A vector that division by s would take beyond the range of numbers is as good shorter where points are bounded. */
  const bounded = Number.isFinite(norms.frobenius.max)
  const downVector = (v: P): P => s < 1 && bounded ? down(shortened(shape, v, s * longest)) : down(v)
  // What division by s would take below the smallest number keeps its direction where no point is near 0: from there it
  // says as much. Elsewhere no number stands for it, and 0 is another point.
  const apart = norms.frobenius.min > 0
  const nearestVector = (u: P): P => {
    if (s <= 1) return downVector(u)
    if (apart) return down(lengthened(shape, u, s * shortest))
    return down(bounded ? u : withDigits(shape, u, s * normal))
  }
  const placed = (what: string, x: P): P => {
    const kept = up(x)
    if (!bounded) requireNumbers(`${what} on ${name}`, kept)
    return insideOf(manifold, kept, { up, down })
  }
  const name = `${s}·${manifold.name.includes(" ") ? `(${manifold.name})` : manifold.name}`
  return Manifold.make<P>({
    ...conjugated(manifold, { from: down, to: up }),
    name,
    shape,
    curvature: Interval.map(manifold.curvature, (k) => k / s ** 2),
    norms: Norms.scale(norms, s),
    injectivityRadius: manifold.injectivityRadius * s,
    // s²⟨u/s, v/s⟩, whose s² might be no number.
    inner: (x, u, v) => manifold.inner(down(x), u, v),
    norm: (x, u) => manifold.norm(down(x), u),
    // Linear in the vector, whose scale they leave as it is.
    project: (x, u) => manifold.project(down(x), u),
    gradient: (x, e) => manifold.gradient(down(x), e),
    transport: (x, y, v) => manifold.transport(down(x), down(y), v),
    nearest: (u) => placed("the nearest point", manifold.nearest(nearestVector(u))),
    retract: (x, v) => placed("the retraction", manifold.retract(down(x), downVector(v))),
    randomTangent: (seed, x) => manifold.randomTangent(seed, down(x)),
    // What is no point of an open set has a residual of at least 1, whatever the scale.
    residual: (x) => {
      const own = residual(down(x))
      return tf.maximum(tf.mul(own, s), outside(own))
    },
    ...(exp === undefined ? {} : { exp: (x: P, v: P) => placed("the exponential", exp(down(x), downVector(v))) }),
    ...(dist === undefined ? {} : { dist: (x: P, y: P) => tf.mul(dist(down(x), down(y)), s) })
  })
}

/** The largest entry that vectors keep; what it must be so that others keep their digits; and to have all its own. */
const [longest, shortest, normal] = [1e38, 1e-30, 2 ** -126]

type OfLeaf = (part: tf.Tensor, limit: number, axes: Array<number>) => tf.Tensor

const sized =
  (ofLeaf: OfLeaf) => <P extends NestedTensors.NestedTensors>(shape: Shape.Shapes<P>, v: P, limit: number) => {
    const go = (shape: Shape.ShapeTree, part: NestedTensors.NestedTensors): NestedTensors.NestedTensors =>
      NestedTensors.isLeaf(part)
        ? ofLeaf(part, limit, shape.map((_, i) => i - shape.length))
        : part.map((factor, i) => go(shape[i] as Shape.ShapeTree, factor))
    return go(shape, v) as P
  }

const shortened = sized(Differentiable.shortened)
const lengthened = sized(Differentiable.lengthened)

const withDigits = sized((part, least, axes) => {
  const largest = tf.max(tf.abs(constant(part)), axes)
  Convergence.require({
    what: "the nearest point on a manifold so much enlarged",
    residual: tf.mul(Differentiable.less(largest, least), Differentiable.greater(largest, 0)),
    tolerance: 0,
    remedy: "Divided by the scale, the vector is below the smallest number: give a larger one, or a smaller scale."
  })
  return part
})

const requireNumbers = (what: string, x: NestedTensors.NestedTensors) =>
  NestedTensors.leaves(x).forEach((leaf) =>
    Convergence.require({
      what,
      residual: tf.mul(constant(leaf), 0),
      tolerance: 0,
      remedy: "It leads beyond the largest number: take shorter vectors, or a smaller scale."
    })
  )

/** 1 for what is outside of an open set, or as far away. */
const outside = (residual: tf.Tensor) => tf.cast(tf.greaterEqual(constant(residual), 1), "float32")

/** s·x, and where that, divided by s again, is rounded out of an open set, the multiple of the point nearest to it. */
const insideOf = <P extends NestedTensors.NestedTensors>(
  { nearest, residual }: Manifold.Manifold<P>,
  kept: P,
  { down, up }: { readonly up: (x: P) => P; readonly down: (x: P) => P }
): P => {
  const lost = outside(residual(NestedTensors.map(down(kept), constant)))
  if (largestOr(1, lost) === 0) return kept
  const moved = up(nearest(down(kept)))
  return NestedTensors.zipWith(moved, kept, (a, b) => {
    const mask = NestedTensors.expandTo(lost, b.rank)
    return Differentiable.choose(tf.add(tf.zeros(b.shape), mask), a, b)
  })
}
