/** What a manifold consists of. */
import type * as tf from "@tensorflow/tfjs-core"
import type { Interval } from "../../numerics/Interval.ts"
import type * as NestedTensors from "../../numerics/NestedTensors.ts"
import type { NormIntervals } from "../../numerics/Norms.ts"
import type * as Seed from "../../numerics/Seed.ts"
import type * as Shape from "../../numerics/Shape.ts"

/** Marks manifolds. */
export const TypeId = "~finegrain/Manifold" as const

/**
 * A Riemannian submanifold of a space of tensors, as a value.
 *
 * `P` is a tensor, or a nested list of tensors on a product. Every operation is pure, batched (leading dimensions
 * beyond those of `shape` are a batch) and returns one fresh region's result: intermediates are freed. Results may
 * alias arguments, so call operations inside `Tensors.region` or `tf.tidy`.
 *
 * Source of the vocabulary: Absil, Mahony and Sepulchre 2008, *Optimization Algorithms on Matrix Manifolds*, chapters
 * 3–5, 8.
 */
export interface Manifold<P extends NestedTensors.NestedTensors = tf.Tensor> {
  readonly [TypeId]: typeof TypeId
  /** Name with shape, e.g. `St(5,3)`. */
  readonly name: string
  /** Shape of one point. */
  readonly shape: Shape.Shapes<P>
  /** Dimension of the manifold. */
  readonly dimension: number
  /** Interval that holds every sectional curvature. */
  readonly curvature: Interval
  /** Intervals of the norms over all points; sharp unless the manifold's documentation says otherwise. */
  readonly norms: NormIntervals
  /** 1: R(x,tv) = x + tv + O(t²); 2: also without tangential acceleration; Infinity: the exponential map. */
  readonly retractionOrder: number
  /** Largest r for which exp is injective on every ball of radius r (0 where unknown). */
  readonly injectivityRadius: number
  /** Whether `nearest` gives a nearest point, or only some point of the manifold near by that fixes those on it. */
  readonly nearestPoint: NearestPoint
  /** Riemannian metric ⟨u, v⟩_x; batch shape. */
  readonly inner: (x: P, u: P, v: P) => tf.Tensor
  /** Norm ‖u‖_x of a tangent vector; batch shape. */
  readonly norm: (x: P, u: P) => tf.Tensor
  /** Orthogonal projection of an ambient vector onto the tangent space at x. */
  readonly project: (x: P, u: P) => P
  /** Riemannian gradient from the Euclidean one: ⟨gradient(x, e), v⟩_x = ⟨e, v⟩ for every tangent v. */
  readonly gradient: (x: P, e: P) => P
  /** A nearest point on the manifold, in the Frobenius norm; or another one, where `nearestPoint` is `projection`. */
  readonly nearest: (u: P) => P
  /** Retraction R(x, v). */
  readonly retract: (x: P, v: P) => P
  /** Vector transport of the tangent vector v from x to y. */
  readonly transport: (x: P, y: P, v: P) => P
  /** Random points: the same seed gives the same points. */
  readonly random: (seed: Seed.Seed, batch?: Shape.Shape) => P
  /** Random tangent vectors at x: projected standard normal ones. */
  readonly randomTangent: (seed: Seed.Seed, x: P) => P
  /** How far x is from satisfying the constraint, at least 0; batch shape. */
  readonly residual: (x: P) => tf.Tensor
  /** Exponential map, where it has a closed form. */
  readonly exp?: (x: P, v: P) => P
  /** Logarithm, where it has a closed form, or an iteration whose result is checked. */
  readonly log?: (x: P, y: P) => P
  /** Geodesic distance, where there is a logarithm or a closed form; batch shape. */
  readonly dist?: (x: P, y: P) => tf.Tensor
}

/**
 * `exact`: nearest in the Frobenius norm, for every ambient point. `projection`: idempotent and onto, for ambient
 * points near by.
 */
export type NearestPoint = "exact" | "projection"

/** What `make` needs; everything else is derived. */
export interface Definition<P extends NestedTensors.NestedTensors> {
  readonly name: string
  readonly shape: Shape.Shapes<P>
  readonly dimension: number
  readonly curvature: Interval
  readonly norms: NormIntervals
  readonly project: (x: P, u: P) => P
  readonly retract: (x: P, v: P) => P
  readonly nearest: (u: P) => P
  /** Default 1. */
  readonly retractionOrder?: number
  /** Default 0, that is, unknown. */
  readonly injectivityRadius?: number
  /** Default `exact`. */
  readonly nearestPoint?: NearestPoint
  /** Default: the Frobenius inner product. */
  readonly inner?: (x: P, u: P, v: P) => tf.Tensor
  /**
   * Default: the root of `inner`, of vectors of any scale; to be given where points have scales that may be extreme.
   */
  readonly norm?: (x: P, u: P) => tf.Tensor
  /** Default: `project`, which is right for the Frobenius inner product. */
  readonly gradient?: (x: P, e: P) => P
  /** Default: projection onto the tangent space at y. */
  readonly transport?: (x: P, y: P, v: P) => P
  /** Default: the nearest points to standard normal ambient ones. */
  readonly random?: (seed: Seed.Seed, batch: Shape.Shape) => P
  /** Default: standard normal ambient vectors, projected. */
  readonly randomTangent?: (seed: Seed.Seed, x: P) => P
  /** Default: the Frobenius distance to the nearest point. */
  readonly residual?: (x: P) => tf.Tensor
  readonly exp?: (x: P, v: P) => P
  readonly log?: (x: P, y: P) => P
  readonly dist?: (x: P, y: P) => tf.Tensor
}

/**
 * Whether a value is a manifold.
 *
 * @example
 * ```ts
 * import { Manifold, Sphere } from "finegrain"
 * Manifold.isManifold(Sphere.make([3, 3])) // => true
 * Manifold.isManifold({ name: "St(3,3)" }) // => false
 * ```
 */
export const isManifold = (u: unknown): u is Manifold<NestedTensors.NestedTensors> =>
  typeof u === "object" && u !== null && TypeId in u
