/** The manifold as a value: what it consists of, how the rest is derived, and checks that say why. */
import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { constant } from "../numerics/Constant.ts"
import * as Differentiable from "../numerics/Differentiable.ts"
import type { Interval } from "../numerics/Interval.ts"
import * as NestedTensors from "../numerics/NestedTensors.ts"
import type { NormIntervals } from "../numerics/Norms.ts"
import * as Seed from "../numerics/Seed.ts"
import * as Shape from "../numerics/Shape.ts"
import * as Tensors from "../numerics/Tensors.ts"
import { refusal } from "./claims.ts"

export { DefinitionRefused, refusal } from "./claims.ts"

const TypeId = "~finegrain/Manifold" as const

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
    norm: number(definition.norm ?? ((x, u) => rootOf(shape, u, (w) => tf.relu(inner(x, w, w))))),
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

/** The shape of an empty batch among the arguments, where there is one; what a product does is left to its factors. */
const emptyBatch = (shape: unknown, args: ReadonlyArray<unknown>): Shape.Shape | undefined =>
  Shape.isShape(shape)
    ? args
      .map((arg) => arg instanceof tf.Tensor ? arg.shape.slice(0, arg.rank - shape.length) : [])
      .find((batch) => batch.includes(0))
    : undefined

/**
 * A region that gives points; of an empty batch an empty one, since engines fail by chance on tensors without entries.
 */
const points = (shape: unknown) =>
<Args extends ReadonlyArray<unknown>, A extends NestedTensors.NestedTensors>(
  f: (...args: Args) => A
): (...args: Args) => A => {
  const computed = region(f)
  return (...args) => {
    const batch = emptyBatch(shape, args)
    return batch === undefined ? computed(...args) : tf.zeros([...batch, ...shape as Shape.Shape]) as A
  }
}

/** A region that gives a number per point; of an empty batch an empty one. */
const numbers =
  (shape: unknown) =>
  <Args extends ReadonlyArray<unknown>>(f: (...args: Args) => tf.Tensor): (...args: Args) => tf.Tensor => {
    const computed = region(f)
    return (...args) => {
      const batch = emptyBatch(shape, args)
      return batch === undefined ? computed(...args) : tf.zeros([...batch])
    }
  }

const region =
  <Args extends ReadonlyArray<unknown>, A extends NestedTensors.NestedTensors>(f: (...args: Args) => A) =>
  (...args: Args): A => tf.tidy(() => f(...args) as tf.TensorContainer) as A

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

/** The largest entry by size; batch shape. */
const largestOf = (shape: unknown, u: NestedTensors.NestedTensors): tf.Tensor => {
  if (NestedTensors.isLeaf(u)) {
    const rank = Shape.isShape(shape) ? shape.length : 0
    const sizes = tf.abs(constant(u))
    return rank === 0 ? sizes : tf.max(sizes, Array.from({ length: rank }, (_, i) => i - rank))
  }
  return u
    .map((factor, i) => largestOf((shape as ReadonlyArray<unknown>)[i], factor))
    .reduce((a, b) => tf.maximum(a, b), tf.scalar(0))
}

/** √square(u) for a square of degree 2, of vectors of any scale, with gradient 0 at 0; batch shape. */
const rootOf = <P extends NestedTensors.NestedTensors>(
  shape: Shape.Shapes<P>,
  u: P,
  square: (u: P) => tf.Tensor
): tf.Tensor => {
  const scale = Differentiable.scaleOf(largestOf(shape, u))
  return tf.mul(scale, Differentiable.squareRoot(square(NestedTensors.scaleItems(tf.div(1, scale), u))))
}

/**
 * The Frobenius inner product over the point axes of all leaves, Σ u·v; batch shape.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Manifold } from "finegrain"
 * Manifold.frobeniusInner([2], tf.tensor2d([[1, 2], [3, 4]]), tf.ones([2, 2])).dataSync().join() // => "3,7"
 * ```
 */
export const frobeniusInner = <P extends NestedTensors.NestedTensors>(
  shape: Shape.Shapes<P>,
  u: P,
  v: P
): tf.Tensor => {
  const go = (s: unknown, a: NestedTensors.NestedTensors, b: NestedTensors.NestedTensors): tf.Tensor => {
    if (NestedTensors.isLeaf(a) && NestedTensors.isLeaf(b)) {
      const rank = Shape.isShape(s) ? s.length : 0
      const product = tf.mul(a, b)
      return rank === 0 ? product : tf.sum(product, Array.from({ length: rank }, (_, i) => i - rank))
    }
    const factors = a as ReadonlyArray<NestedTensors.NestedTensors>
    if (factors.length === 0) return tf.scalar(0)
    return factors
      .map((factor, i) =>
        go((s as ReadonlyArray<unknown>)[i], factor, (b as ReadonlyArray<NestedTensors.NestedTensors>)[i]!)
      )
      .reduce((sum, term) => tf.add(sum, term))
  }
  return go(shape, u, v)
}

/**
 * The batch dimensions of x: those in front of the shape of one point.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Manifold } from "finegrain"
 * Manifold.batchShape([3, 2], tf.ones([5, 3, 2])) // => [5]
 * ```
 */
export const batchShape = <P extends NestedTensors.NestedTensors>(
  shape: Shape.Shapes<P>,
  x: P
): Shape.Shape => {
  const go = (s: Shape.ShapeTree, a: NestedTensors.NestedTensors): Shape.Shape => {
    if (NestedTensors.isLeaf(a)) return a.shape.slice(0, a.rank - s.length)
    return a[0] === undefined ? [] : go((s as ReadonlyArray<Shape.ShapeTree>)[0]!, a[0])
  }
  return go(shape, x)
}

const normal = (shape: unknown, seed: Seed.Seed, batch: Shape.Shape): NestedTensors.NestedTensors =>
  Shape.isShape(shape) && !(Array.isArray(shape) && shape.length === 0 && batch.length === 0)
    ? Seed.normalTensor(seed, [...batch, ...shape])
    : (shape as ReadonlyArray<unknown>).map((factor, i) => normal(factor, Seed.split(seed, i), batch))

/** A shape on which a manifold cannot live, with the reason and what would work. */
export class ShapeRefused extends Schema.TaggedError<ShapeRefused>()("ShapeRefused", {
  manifold: Schema.String,
  shape: Schema.Array(Schema.Finite),
  reason: Schema.String,
  remedy: Schema.String
}) {
  override get message() {
    return `${this.manifold} refuses shape [${this.shape.join(", ")}]: ${this.reason}. ${this.remedy}`
  }
}

/**
 * The lengths of an m×n shape for which `accepts` holds; a refusal that says what would work otherwise.
 *
 * @example
 * ```ts
 * import * as Result from "effect/Result"
 * import { Manifold } from "finegrain"
 * Result.isSuccess(Manifold.matrixShape("Sp", [3, 3], ([m, n]) => m * n >= 2)) // => true
 * ```
 */
export const matrixShape = (
  manifold: string,
  shape: Shape.Shape,
  accepts: (lengths: readonly [m: number, n: number]) => boolean,
  reason = "its points are isolated (entries ±1), the dimension is 0 and nothing can be learned"
): Result.Result<readonly [m: number, n: number], ShapeRefused> => {
  const [m = 0, n = 0] = shape
  const refuse = (reason: string, remedy: string) =>
    Result.fail(new ShapeRefused({ manifold, shape: [...shape], reason, remedy }))
  if (shape.length !== 2 || ![m, n].every((length) => Number.isInteger(length) && length > 0)) {
    return refuse("a point is an m×n matrix", "Give two positive integers, as in [3, 3]; write a vector as [m, 1].")
  }
  return accepts([m, n])
    ? Result.succeed([m, n])
    : refuse(
      reason,
      "Give another shape: see the kernel through another matricization (perKernel, perFilter, perInput or whole), " +
        "or keep it Euclidean."
    )
}

/** A named family of manifolds, one for every m×n shape that it accepts. */
export interface Family {
  /** Short name used in collection specifications, e.g. `St`. */
  readonly symbol: string
  /** Name in full, e.g. `Stiefel`. */
  readonly name: string
  /** What its points are, in words, e.g. `orthonormal columns`: for tables. */
  readonly about?: string
  /** Its retraction in words, e.g. `QR`: for tables. */
  readonly retraction?: string
  /** The member for m×n matrices, or why there is none. */
  readonly at: (shape: Shape.Shape) => Result.Result<Manifold, ShapeRefused>
}

/**
 * A family whose `at` breaks instead of giving a manifold or a refusal; said with the family's name, for it is at
 * fault.
 */
export class FamilyFailed extends Schema.TaggedError<FamilyFailed>()("FamilyFailed", {
  manifold: Schema.String,
  shape: Schema.Array(Schema.Number),
  reason: Schema.String
}) {
  override get message() {
    return `The family ${this.manifold} fails at shape [${this.shape.join(", ")}]: ${this.reason}. Mend its \`at\`.`
  }
}

/**
 * The member of a family at a shape: what its `at` gives, a refusal included; a family that throws, or gives something
 * else, is named in a failure.
 *
 * @example
 * ```ts
 * import * as Result from "effect/Result"
 * import { Manifold } from "finegrain"
 * const mine: Manifold.Family = { symbol: "Mine", name: "my own", at: () => { throw new Error("no such table") } }
 * Result.getOrThrow(Result.flip(Manifold.member(mine, [3, 3]))).reason // => "its `at` throws \"no such table\""
 * ```
 */
export const member = (
  family: Family,
  shape: Shape.Shape
): Result.Result<Manifold, ShapeRefused | FamilyFailed> => {
  const fail = (reason: string) =>
    Result.fail(new FamilyFailed({ manifold: family.symbol || family.name, shape: [...shape], reason }))
  try {
    const found: unknown = family.at(shape)
    if (!Result.isResult(found)) return fail("its `at` gives no Result")
    if (Result.isSuccess(found) && !isManifold(found.success)) return fail("its `at` succeeds with no manifold")
    return found as Result.Result<Manifold, ShapeRefused>
  } catch (error) {
    const [line = ""] = (error instanceof Error ? error.message : String(error)).split("\n")
    return fail(`its \`at\` throws "${line}"`)
  }
}

/** A point or tangent vector that fails its constraint, with the amount. */
export class OffManifold extends Schema.TaggedError<OffManifold>()("OffManifold", {
  manifold: Schema.String,
  what: Schema.String,
  residual: Schema.Number,
  tolerance: Schema.Finite
}) {
  override get message() {
    return `${this.what} is not on ${
      brief(this.manifold)
    }: residual ${this.residual} exceeds the tolerance ${this.tolerance}`
  }
}

/** The name of a product of a whole network, shortened. */
const brief = (name: string) => name.length <= 160 ? name : `${name.slice(0, 110)} … ${name.slice(-40)}`

const worst = (residuals: tf.Tensor) =>
  Tensors.read(residuals).pipe(
    Effect.ensuring(Effect.sync(() => residuals.dispose())),
    // Math.max would turn NaN and 1 into NaN too, but an empty batch into −Infinity.
    Effect.map((values) => values.reduce((a, b) => (Number.isNaN(a) || a >= b ? a : b), 0))
  )

/**
 * Checks that x (every point of the batch) lies on the manifold; fails with the largest residual.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import * as Effect from "effect/Effect"
 * import { Manifold, Sphere } from "finegrain"
 * const check = Manifold.checkPoint(Sphere.make([2, 2]), tf.ones([2, 2]), 1e-6)
 * const error = await Effect.runPromise(Effect.flip(check))
 * error.message // => "the point is not on Sp(2,2): residual 1 exceeds the tolerance 0.000001"
 * ```
 */
export const checkPoint = <P extends NestedTensors.NestedTensors>(
  manifold: Manifold<P>,
  x: P,
  tolerance: number
): Effect.Effect<void, Tensors.ReadFailed | OffManifold> =>
  Effect.flatMap(Effect.suspend(() => worst(manifold.residual(x))), (residual) =>
    residual <= tolerance
      ? Effect.void
      : Effect.fail(new OffManifold({ manifold: manifold.name, what: "the point", residual, tolerance })))

/**
 * Checks that v is tangent at x: ‖v − project(x, v)‖ ≤ tolerance.
 *
 * Fails with OffManifold, which says by how much it is not, and with ReadFailed where the engine failed.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Manifold, Sphere } from "finegrain"
 * const sphere = Sphere.make([2, 2])
 * const x = sphere.random(1)
 * const error = await Effect.runPromise(Effect.flip(Manifold.checkTangent(sphere, x, x, 1e-6)))
 * error._tag // => "OffManifold"
 * ```
 */
export const checkTangent = <P extends NestedTensors.NestedTensors>(
  manifold: Manifold<P>,
  x: P,
  v: P,
  tolerance: number
): Effect.Effect<void, Tensors.ReadFailed | OffManifold> =>
  Effect.flatMap(
    Effect.suspend(() =>
      worst(tf.tidy(() => {
        const normalPart = NestedTensors.sub(v, manifold.project(x, v))
        return tf.sqrt(frobeniusInner(manifold.shape, normalPart, normalPart))
      }))
    ),
    (residual) =>
      residual <= tolerance
        ? Effect.void
        : Effect.fail(new OffManifold({ manifold: manifold.name, what: "the tangent vector", residual, tolerance }))
  )
