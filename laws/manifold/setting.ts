/** What laws of one manifold are written with: cases, generators, measures of distance. */
import * as tf from "@tensorflow/tfjs-core"
import fc from "fast-check"
import * as Manifold from "../../src/geometry/Manifold.ts"
import * as Arithmetic from "../../src/numerics/Arithmetic.ts"
import * as NestedTensors from "../../src/numerics/NestedTensors.ts"
import * as Seed from "../../src/numerics/Seed.ts"
import * as Shape from "../../src/numerics/Shape.ts"
import type { Edge } from "../edges.ts"
import { type Law, law as makeLaw, type LawSet, type NotApplicable, type Residual } from "../Law.ts"
import { notFinite, operationsOf, type Situation } from "../operations.ts"
import * as Tolerance from "../Tolerance.ts"

/** What a law set cannot find out for itself. */
export interface ManifoldClaims {
  /**
   * `other` where the metric is not the Frobenius inner product: laws that need it are then listed as not applicable.
   */
  readonly metric?: "embedded" | "other"
  /** What is claimed of the length of transported vectors; default nothing. */
  readonly transport?: "isometric" | "bounded"
  /** Whether some plane is claimed to have the smallest, some the largest curvature of the interval; default false. */
  readonly tightCurvature?: boolean
  /** Maps that are claimed to carry the geometry into itself, such as orthogonal actions. */
  readonly invariances?: ReadonlyArray<Invariance>
  /**
   * Length of the longest tangent vector from a random point along which the geometry is smooth: for manifolds with
   * boundary, or those that geodesics leave in finite time. Default: there is no end.
   */
  readonly reach?: number
  /** For an open set, which has no nearest points: how much farther than necessary those given may be. Default 0. */
  readonly open?: number
  /** Whether the set is convex, so that nearest points do not spread; default false. */
  readonly convex?: boolean
  /** The law sets of what the manifold is made of, e.g. a product's factors: they hold as well. */
  readonly factors?: ReadonlyArray<LawSet>
  /** Extreme situations: rims, cut loci, near-singular points; beside those that every manifold has. */
  readonly edges?: ReadonlyArray<Edge>
  /** Situations whose x is no point, as vertices of an open set: its residual says so, by ½ at least. */
  readonly outside?: ReadonlyArray<Edge>
  /** What all representatives of a point of a quotient share; default the representative itself, where there is one. */
  readonly representative?: (x: tf.Tensor) => tf.Tensor
  /** Entries that follow from others and say nothing beyond rounding, for float64 to compute anew; default none. */
  readonly complete?: (s: Situation) => Situation
  /** A point of the cut locus of another, to which many shortest geodesics lead: logarithms go along one of them. */
  readonly cut?: (x: tf.Tensor) => tf.Tensor
  /** How many ε·condition float32 may be from float64; default 64. */
  readonly budget?: number
  /** Operations through which no gradient is claimed to flow, each with its reason; default none. */
  readonly notDifferentiable?: ReadonlyArray<{ readonly operation: string; readonly reason: string }>
  /** Whether the norm intervals are claimed to be attained; default true. */
  readonly sharpNorms?: boolean
}

/** A linear isometry of the ambient space that maps the manifold to itself: f(g·x) = g·f(x) for every operation. */
export interface Invariance {
  readonly name: string
  readonly act: (x: tf.Tensor, seed: Seed.Seed) => tf.Tensor
}

/** A case: everything follows from a seed and the length of the tangent vectors. */
export interface Case {
  readonly seed: number
  readonly size: number
}

const batch = [2]

const cases = (max: number): fc.Arbitrary<Case> =>
  fc.record({
    seed: fc.nat({ max: 9999 }),
    size: fc.integer({ min: 1, max: 20 }).map((k) => (k * max) / 20)
  })

const literal = (value: unknown): string =>
  Array.isArray(value) ? `[${value.map(literal).join(", ")}]` : String(Number((value as number).toPrecision(6)))

const print = async (points: NestedTensors.NestedTensors): Promise<string> =>
  NestedTensors.isLeaf(points)
    ? literal(await points.array())
    : `[${(await Promise.all(points.map(print))).join(", ")}]`

/**
 * How laws of one manifold are written: generators of points and vectors, measures of distance, and a place to put the
 * laws.
 */
export type Setting<P extends NestedTensors.NestedTensors> = ReturnType<typeof setting<P>>

/** Sizes and differences of ambient vectors, as the Frobenius norm has them. */
const lengthsOf = <P extends NestedTensors.NestedTensors>(M: Manifold.Manifold<P>) => {
  const inner = (u: P, v: P) => Manifold.frobeniusInner(M.shape, u, v)
  const length = (u: P) => tf.sqrt(tf.relu(inner(u, u)))
  const gap = (u: P, v: P) => length(NestedTensors.sub(u, v))
  const relative = (difference: tf.Tensor, size: tf.Tensor) => tf.div(difference, tf.add(size, 1))
  return { inner, length, gap, relative }
}

/** Points and vectors that follow from a case. */
const drawnFrom = <P extends NestedTensors.NestedTensors>(M: Manifold.Manifold<P>, reach: number) => {
  const point = ({ seed }: Case, k = 0) => M.random(Seed.split(seed, `x${k}`), batch)
  const ambient = ({ seed }: Case, k = 0) => {
    const go = (shape: unknown, s: number): NestedTensors.NestedTensors =>
      Array.isArray(shape) && shape.every((l) => typeof l === "number")
        ? Seed.normalTensor(s, [...batch, ...(shape as ReadonlyArray<number>)])
        : (shape as ReadonlyArray<unknown>).map((factor, i) => go(factor, Seed.split(s, i)))
    return go(M.shape, Seed.split(seed, `u${k}`)) as P
  }
  /** A tangent vector of norm `size`. */
  const tangent = (c: Case, x: P, k = 0) => {
    const v = M.randomTangent(Seed.split(c.seed, `v${k}`), x)
    return NestedTensors.scaleItems(tf.div(c.size, tf.maximum(M.norm(x, v), 1e-12)), v)
  }
  /** A tangent vector of norm 1, or as long as the manifold reaches. */
  const unitTangent = (c: Case, x: P, k = 0) => tangent({ ...c, size: Math.min(1, reach) }, x, k)
  const show = async (c: Case) => {
    const [x, v, u] = tf.tidy(() => {
      const x = point(c)
      return [x, tangent(c, x), ambient(c)] as unknown as tf.TensorContainer
    }) as unknown as [P, P, P]
    const text = `case ${JSON.stringify(c)}\nx = ${await print(x)}\nv = ${await print(v)}\nu = ${await print(u)}`
    NestedTensors.dispose([x, v, u])
    return text
  }
  return { point, ambient, tangent, unitTangent, show }
}

/**
 * By how much the order of e(t) → 0, from two step lengths, falls short; an error at rounding level has every order.
 */
const shortOfOrder = (rounding: Tolerance.Tolerance) => (order: number, t: number, error: (t: number) => tf.Tensor) => {
  const floor = 4 * rounding.in(Arithmetic.current())
  // Forth and back: in one direction alone the leading term and the next can cancel.
  const [coarse, fine] = [t, t / 4].map((s) => tf.add(error(s), error(-s))) as [tf.Tensor, tf.Tensor]
  const slope = tf.div(tf.log(tf.div(coarse, tf.maximum(fine, 1e-30))), Math.log(4))
  const short = tf.sub(order, slope)
  return tf.where(tf.lessEqual(fine, floor), tf.relu(tf.sub(coarse, 4 ** order * floor)), short)
}

/** What laws of one manifold have in common. */
interface Common {
  readonly subject: string
  readonly rounding: Tolerance.Tolerance
  readonly reach: number
  readonly show: (c: Case) => Promise<string>
  readonly finite: Law
}

/** Laws of one kind from one source, and the set that they make. */
const sectionOf = ({ finite, reach, rounding, show, subject }: Common) => (kind: string, source: string) => {
  const laws: Array<Law> = []
  const notApplicable: Array<NotApplicable> = []
  const set: LawSet = { name: `${kind} of ${subject}`, parents: [], laws, notApplicable }
  return {
    set,
    law: (
      name: string,
      equation: string,
      residual: (c: Case) => Residual,
      tolerance: Tolerance.Tolerance = rounding,
      max = Math.min(2, reach),
      parts?: ReadonlyArray<string>
    ): Law =>
      makeLaw<Case>({
        name,
        subject,
        equation,
        source,
        arbitrary: cases(max),
        residual,
        tolerance,
        show,
        presupposes: finite,
        ...(parts === undefined ? {} : { parts })
      }),
    /** Adds laws that hold everywhere. */
    always: (...added: ReadonlyArray<Law>): void => void laws.push(...added),
    /** Adds laws where they apply, and says where they do not. */
    when: (condition: boolean, name: string, reason: string, ...added: ReadonlyArray<Law | undefined>): void => {
      const found = added.filter((law) => law !== undefined)
      if (condition && found.length > 0) laws.push(...found)
      else notApplicable.push({ name, reason })
    }
  }
}

/**
 * The setting of a manifold's laws.
 */
export const setting = <P extends NestedTensors.NestedTensors>(M: Manifold.Manifold<P>, options: ManifoldClaims) => {
  const entries = Math.max(1, Shape.entries(M.shape))
  const rounding = Tolerance.rounding(entries)
  const reach = options.reach ?? Infinity
  const { show, ...drawn } = drawnFrom(M, reach)
  /** What the operations are given in a case: y is where the retraction along v leads. */
  const situation = (c: Case): Situation<P> => {
    const x = drawn.point(c)
    const v = drawn.tangent(c, x)
    // Not far from x, so that a mere projection is asked for what it claims.
    return { x, y: M.retract(x, v), u: NestedTensors.add(x, NestedTensors.scale(0.3, drawn.ambient(c))), v }
  }
  const operations = operationsOf(M)
  const finite = makeLaw<Case>({
    name: "operations are finite",
    subject: M.name,
    equation: "f(x, …) has neither NaN nor ∞, for every operation f",
    source: "IEEE 754",
    arbitrary: cases(Math.min(2, reach)),
    parts: operations.map(({ name }) => name),
    residual: (c) => {
      const s = situation(c)
      return tf.stack(operations.map(({ apply }) => notFinite(apply(s))))
    },
    tolerance: Tolerance.exact,
    show
  })
  return {
    M,
    options,
    batch,
    entries,
    reach,
    rounding,
    embedded: (options.metric ?? "embedded") === "embedded",
    ...lengthsOf(M),
    ...drawn,
    shortOfOrder: shortOfOrder(rounding),
    slopes: Tolerance.measured(0.3, "the next order of the error contributes at t = 0.2"),
    situation,
    operations,
    finite,
    section: sectionOf({ subject: M.name, rounding, reach, show, finite })
  }
}
