import * as tf from "@tensorflow/tfjs-core"
import * as Differentiable from "../../numerics/Differentiable.ts"
import * as Interval from "../../numerics/Interval.ts"
import * as Norms from "../../numerics/Norms.ts"
import type * as Points from "../../numerics/Points.ts"
import * as Seed from "../../numerics/Seed.ts"
import * as Manifold from "../Manifold.ts"

type Factors<Ps extends ReadonlyArray<Points.Points>> = { readonly [K in keyof Ps]: Manifold.Manifold<Ps[K]> }

/**
 * Sectional curvature of a product whose factors have these intervals: planes inside one factor have its curvature,
 * mixed planes between factors have 0 (Lee 2018, *Introduction to Riemannian Manifolds*, exercise 8-10).
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
export const product = <const Ps extends ReadonlyArray<Points.Points>>(
  ...factors: Factors<Ps>
): Manifold.Manifold<Ps> => {
  const all = factors as ReadonlyArray<Manifold.Manifold<Points.Points>>
  const each = (f: (factor: Manifold.Manifold<Points.Points>, i: number) => Points.Points): Ps =>
    all.map(f) as unknown as Ps
  const total = (f: (factor: Manifold.Manifold<Points.Points>, i: number) => tf.Tensor): tf.Tensor =>
    all.length === 0 ? tf.scalar(0) : all.map(f).reduce((a, b) => tf.add(a, b))
  const worst = (f: (factor: Manifold.Manifold<Points.Points>, i: number) => tf.Tensor): tf.Tensor =>
    all.length === 0 ? tf.scalar(0) : all.map(f).reduce((a, b) => tf.maximum(a, b))
  const has = (key: "exp" | "log" | "dist") => all.every((factor) => factor[key] !== undefined)
  return Manifold.make<Ps>({
    name: all.length === 0 ? "1" : all.map(({ name }) => name.includes(" × ") ? `(${name})` : name).join(" × "),
    shape: all.map(({ shape }) => shape) as unknown as Points.Shapes<Ps>,
    dimension: all.reduce((sum, { dimension }) => sum + dimension, 0),
    curvature: productCurvature(all),
    norms: Norms.directSum(all.map(({ norms }) => norms)),
    retractionOrder: Math.min(Infinity, ...all.map(({ retractionOrder }) => retractionOrder)),
    injectivityRadius: Math.min(Infinity, ...all.map(({ injectivityRadius }) => injectivityRadius)),
    nearestPoint: all.every(({ nearestPoint }) => nearestPoint === "exact") ? "exact" : "projection",
    inner: (x, u, v) => total((factor, i) => factor.inner(x[i]!, u[i]!, v[i]!)),
    norm: (x, u) => all.length === 0 ? tf.scalar(0) : hypotenuse(all.map((factor, i) => factor.norm(x[i]!, u[i]!))),
    project: (x, u) => each((factor, i) => factor.project(x[i]!, u[i]!)),
    gradient: (x, e) => each((factor, i) => factor.gradient(x[i]!, e[i]!)),
    nearest: (u) => each((factor, i) => factor.nearest(u[i]!)),
    retract: (x, v) => each((factor, i) => factor.retract(x[i]!, v[i]!)),
    transport: (x, y, v) => each((factor, i) => factor.transport(x[i]!, y[i]!, v[i]!)),
    random: (seed, batch) => each((factor, i) => factor.random(Seed.split(seed, i), batch)),
    randomTangent: (seed, x) => each((factor, i) => factor.randomTangent(Seed.split(seed, i), x[i]!)),
    residual: (x) => worst((factor, i) => factor.residual(x[i]!)),
    ...(has("exp") ? { exp: (x: Ps, v: Ps) => each((factor, i) => factor.exp!(x[i]!, v[i]!)) } : {}),
    ...(has("log") ? { log: (x: Ps, y: Ps) => each((factor, i) => factor.log!(x[i]!, y[i]!)) } : {}),
    ...(has("dist")
      ? {
        dist: (x: Ps, y: Ps) =>
          all.length === 0 ? tf.scalar(0) : hypotenuse(all.map((factor, i) => factor.dist!(x[i]!, y[i]!)))
      }
      : {})
  })
}
