/** Riemannian products: points are lists of points, everything else is derived from the factors. */
import * as tf from "@tensorflow/tfjs-core"
import * as Differentiable from "../../numerics/Differentiable.ts"
import * as Interval from "../../numerics/Interval.ts"
import type * as NestedTensors from "../../numerics/NestedTensors.ts"
import * as Norms from "../../numerics/Norms.ts"
import * as Seed from "../../numerics/Seed.ts"
import type * as Shape from "../../numerics/Shape.ts"
import * as Manifold from "../Manifold.ts"

type Factor = Manifold.Manifold<NestedTensors.NestedTensors>

/** Operations that give a point or a vector, and work factor by factor. */
type FactorOperation = "project" | "gradient" | "nearest" | "retract" | "transport" | "exp" | "log"

type Factors<Ps extends ReadonlyArray<NestedTensors.NestedTensors>> = {
  readonly [K in keyof Ps]: Manifold.Manifold<Ps[K]>
}

/**
 * Sectional curvature of a product whose factors have these intervals: planes inside one factor have its curvature,
 * mixed planes between factors have 0 (Lee 2018, *Introduction to Riemannian Manifolds*, exercise 8-10).
 *
 * @example
 * ```ts
 * import { Combinators, Sphere } from "finegrain"
 * const sphere = Sphere.make([3, 1])
 * Combinators.productCurvature([sphere, sphere]) // => { min: 0, max: 1 }
 * ```
 */
export const productCurvature = (
  factors: ReadonlyArray<{ readonly curvature: Interval.Interval; readonly dimension: number }>
): Interval.Interval => {
  const proper = factors.filter(({ dimension }) => dimension > 0)
  const own = proper.map(({ curvature }) => curvature)
  return (proper.length > 1 ? [...own, flat] : own).reduce(Interval.hull, own[0] ?? flat)
}

const flat = Interval.point(0)

/** The root of the sum of squares, of lengths of any scale. */
const hypotenuse = (lengths: ReadonlyArray<tf.Tensor>): tf.Tensor => {
  // A factor that is a single point has no batch.
  const batch = lengths.map(({ shape }) => shape).reduce((a, b) => a.length >= b.length ? a : b)
  const alike = lengths.map((length) => tf.broadcastTo(length, batch))
  return tf.squeeze(Differentiable.length(tf.stack(alike, -1), [-1]), [-1])
}

/**
 * The Riemannian product M₁ × … × M_k: its points are lists of points, its metric is the sum of the factors' metrics.
 *
 * Products nest; `product()` is the unit, a single point. Dimension adds, curvature is derived, norms are those of the
 * direct sum X₁ ⊕ … ⊕ X_k. Every operation works factor by factor.
 * Source: Ozay 2019, definition 1 (products of weight manifolds).
 *
 * @example
 * ```ts
 * import { Combinators, Sphere, Stiefel } from "finegrain"
 * const M = Combinators.product(Sphere.make([3, 1]), Combinators.product(Stiefel.make([4, 2]), Sphere.make([2, 2])))
 * M.name // => "Sp(3,1) × (St(4,2) × Sp(2,2))"
 * M.dimension // => 10
 * M.random(1)[1][0].shape // => [4, 2]
 * ```
 */
export const product = <const Ps extends ReadonlyArray<NestedTensors.NestedTensors>>(
  ...factors: Factors<Ps>
): Manifold.Manifold<Ps> => {
  const all = factors as ReadonlyArray<Factor>
  const each = (f: (factor: Factor, i: number) => NestedTensors.NestedTensors): Ps => all.map(f) as unknown as Ps
  const combined = (f: (factor: Factor, i: number) => tf.Tensor, combine: typeof tf.add): tf.Tensor =>
    all.length === 0 ? tf.scalar(0) : all.map(f).reduce((a, b) => combine(a, b))
  const sum = (f: (factor: Factor, i: number) => tf.Tensor) => combined(f, tf.add)
  /** An operation of every factor on its part of the arguments. */
  const factorwise = (key: FactorOperation) => (...args: ReadonlyArray<Ps>): Ps =>
    each((factor, i) =>
      (factor[key] as (...own: ReadonlyArray<NestedTensors.NestedTensors>) => Ps[number])(
        ...args.map((arg) => arg[i]!)
      )
    )
  const has = (key: "exp" | "log" | "dist") => all.every((factor) => factor[key] !== undefined)
  return Manifold.make<Ps>({
    name: all.length === 0 ? "1" : all.map(({ name }) => name.includes(" × ") ? `(${name})` : name).join(" × "),
    shape: all.map(({ shape }) => shape) as unknown as Shape.Shapes<Ps>,
    dimension: all.reduce((dimensions, { dimension }) => dimensions + dimension, 0),
    curvature: productCurvature(all),
    norms: Norms.directSum(all.map(({ norms }) => norms)),
    retractionOrder: Math.min(Infinity, ...all.map(({ retractionOrder }) => retractionOrder)),
    injectivityRadius: Math.min(Infinity, ...all.map(({ injectivityRadius }) => injectivityRadius)),
    nearestPoint: all.every(({ nearestPoint }) => nearestPoint === "exact") ? "exact" : "projection",
    inner: (x, u, v) => sum((factor, i) => factor.inner(x[i]!, u[i]!, v[i]!)),
    norm: (x, u) => all.length === 0 ? tf.scalar(0) : hypotenuse(all.map((factor, i) => factor.norm(x[i]!, u[i]!))),
    project: factorwise("project"),
    gradient: factorwise("gradient"),
    nearest: factorwise("nearest"),
    retract: factorwise("retract"),
    transport: factorwise("transport"),
    random: (seed, batch) => each((factor, i) => factor.random(Seed.split(seed, i), batch)),
    randomTangent: (seed, x) => each((factor, i) => factor.randomTangent(Seed.split(seed, i), x[i]!)),
    residual: (x) => combined((factor, i) => factor.residual(x[i]!), tf.maximum),
    ...(has("exp") ? { exp: factorwise("exp") } : {}),
    ...(has("log") ? { log: factorwise("log") } : {}),
    ...(has("dist")
      ? {
        dist: (x: Ps, y: Ps) =>
          all.length === 0 ? tf.scalar(0) : hypotenuse(all.map((factor, i) => factor.dist!(x[i]!, y[i]!)))
      }
      : {})
  })
}
