import * as tf from "@tensorflow/tfjs-core"
import * as Arithmetic from "../../numerics/Arithmetic.ts"
import { constant, largestOr } from "../../numerics/Constant.ts"
import * as Convergence from "../../numerics/Convergence.ts"
import * as Differentiable from "../../numerics/Differentiable.ts"
import * as Interval from "../../numerics/Interval.ts"
import * as Matrices from "../../numerics/Matrices.ts"
import * as Seed from "../../numerics/Seed.ts"
import * as Manifold from "../Manifold.ts"
import { matrixFamily } from "../matrixFamily.ts"
import { fisher, floor, missing, positive } from "./fisher.ts"

const axes = [-2, -1]
const rows = (u: tf.Tensor) => tf.sum(u, -1, true)
const columns = (u: tf.Tensor) => tf.sum(u, -2, true)

/**
 * α1ᵀ + 1βᵀ for α and β for which U − (α1ᵀ + 1βᵀ)∘W has rows and columns of sum 0: Lα = U1 − W D_c⁻¹ Uᵀ1 with the sums
 * D of W and L = D_r − W D_c⁻¹ Wᵀ.
 *
 * Near a vertex L is nearly 0 and α large, but L is a Laplacian, whose diagonal follows from what is beside it; and of
 * α only differences count, in each column those to the α of its largest entry. So nothing cancels.
 */
const shares = (w: tf.Tensor, u: tf.Tensor): tf.Tensor => {
  const n = w.shape.at(-1)!
  const balanced = tf.div(w, positive(columns(w)))
  const inColumns = tf.div(columns(u), positive(columns(w)))
  const beside = tf.mul(Matrices.multiply(w, balanced, { transposeB: true }), tf.sub(1, tf.eye(n)))
  const diagonal = rows(beside)
  const largest = constant(tf.max(diagonal, axes, true))
  // Where all are 0 so is the right side; and blocks that do not touch have a constant each.
  const size = tf.add(largest, Differentiable.equal(largest, 0))
  const laplacian = tf.sub(tf.mul(tf.eye(n), tf.add(diagonal, tf.mul(size, loading()))), beside)
  const excess = tf.sub(rows(u), rows(tf.mul(w, inColumns)))
  const alpha = Matrices.solve(tf.add(laplacian, tf.div(size, n)), excess)
  const most = constant(w)
  const heaviest = Differentiable.equal(tf.sub(most, tf.max(most, -2, true)), 0)
  const total = (values: tf.Tensor) => Matrices.multiply(values, heaviest, { transposeA: true })
  const own = tf.div(total(alpha), total(tf.onesLike(alpha)))
  const apart = tf.sub(alpha, own)
  return tf.add(tf.sub(apart, columns(tf.mul(balanced, apart))), inColumns)
}

const finite = "Look for entries that are not finite."

const loading = () => 4 * Arithmetic.current().epsilon

/** How far rows and columns are from sums of 1, `[…]`. */
const unbalanced = (x: tf.Tensor) => {
  const short = (sums: tf.Tensor) => tf.max(tf.abs(tf.sub(sums, 1)), axes)
  return tf.maximum(short(rows(x)), short(columns(x)))
}

const tolerance = (x: tf.Tensor) => 64 * x.shape.at(-1)! * Arithmetic.current().epsilon

const require = (what: string, x: tf.Tensor, remedy: string, scale: tf.Tensor | number = 1) =>
  Convergence.require({
    what: `${what} of a matrix ${x.shape.slice(-2).join("×")}`,
    residual: tf.div(unbalanced(x), scale),
    tolerance: tolerance(x),
    remedy
  })

/**
 * U − (α1ᵀ + 1βᵀ)∘X, tangent and orthogonal to what it leaves in the Fisher metric; twice, for what the first solution
 * leaves. Where rows hang together by entries below rounding only, α has no digits for the others: that is seen.
 */
const project = (x: tf.Tensor, u: tf.Tensor) => {
  const once = tf.sub(u, tf.mul(shares(x, u), x))
  const found = tf.sub(once, tf.mul(shares(x, once), x))
  const off = constant(found)
  const sums = tf.maximum(tf.max(tf.abs(rows(off)), axes), tf.max(tf.abs(columns(off)), axes))
  const largest = tf.max(tf.abs(constant(u)), axes)
  Convergence.require({
    what: `the projection to tangent vectors of a matrix ${x.shape.slice(-2).join("×")}`,
    residual: tf.div(sums, tf.add(largest, tf.cast(tf.equal(largest, 0), "float32"))),
    tolerance: tolerance(x),
    remedy: "The point is nearly a permutation, its least entries too unlike each other: take shorter steps, or " +
      "project at its nearest point (`nearest`), whose entries are rounding at least."
  })
  return found
}

/**
 * The matrix exp(L + r1ᵀ + 1cᵀ) with rows and columns of sum 1: a few rounds of Sinkhorn's in logarithms, then Newton's
 * method for r, whose steps are held short. Source: Sinkhorn 1964; Brauer, Clason, Lorenz and Wirth 2017 for Newton's
 * method.
 */
const balanced = (logarithms: tf.Tensor): tf.Tensor => {
  const normalized = (u: tf.Tensor, axis: number) => tf.sub(u, tf.logSumExp(u, axis, true))
  let now = logarithms
  for (let k = 0; k < 24; k++) now = normalized(normalized(now, -1), -2)
  for (let k = 0; k < 12; k++) {
    const x = tf.exp(now)
    const n = x.shape.at(-1)!
    const hessian = tf.add(
      tf.sub(tf.mul(tf.eye(n), tf.add(rows(x), loading())), Matrices.multiply(x, x, { transposeB: true })),
      1 / n
    )
    const step = Matrices.solve(hessian, tf.sub(1, rows(x)))
    now = normalized(tf.add(now, tf.clipByValue(step, -2, 2)), -2)
  }
  return positive(tf.exp(now))
}

/** Balanced, with the derivative of the result: X∘dL, projected. */
const sinkhorn = (logarithms: tf.Tensor): tf.Tensor =>
  tf.customGrad((given, save) => {
    const value = tf.tidy(() => balanced(given as tf.Tensor))
    require(
      "the balance of rows and columns",
      value,
      "Entries of a point must be positive, and those of a step finite."
    )
    ;(save as tf.GradSaveFunc)([value])
    return {
      value,
      gradFunc: (dy: tf.Tensor, [x]: Array<tf.Tensor>) => project(x!, tf.mul(x!, dy))
    }
  })(logarithms)

/** max(U + D, least) for a dual D = α1ᵀ + 1βᵀ. */
const primalOf = (u: tf.Tensor, dual: tf.Tensor) => tf.maximum(tf.add(u, dual), floor())

/**
 * Rounds of Newton's method for the dual problem, each at least as good as two sweeps: rows, then columns brought to
 * sums of 1.
 */
const dualOf = (u: tf.Tensor, start: tf.Tensor, rounds: number): tf.Tensor => {
  const n = u.shape.at(-1)!
  const least = floor()
  const primal = (dual: tf.Tensor) => primalOf(u, dual)
  const short = (x: tf.Tensor) => tf.expandDims(tf.expandDims(unbalanced(x), -1), -1)
  // For the entries that are above the floor now; where none is, the largest comes first.
  const sweep = (dual: tf.Tensor) =>
    [-1, -2].reduce((now, axis) => {
      const lifted = tf.add(now, tf.relu(tf.sub(1 / n, tf.max(tf.add(u, now), axis, true))))
      const x = primal(lifted)
      const active = tf.cast(tf.greater(x, least), "float32")
      const excess = tf.sub(tf.sum(x, axis, true), 1)
      return tf.sub(lifted, tf.div(excess, tf.maximum(tf.sum(active, axis, true), 1)))
    }, dual)
  let dual = start
  for (let k = 0; k < rounds; k++) {
    const x = primal(dual)
    const active = tf.cast(tf.greater(x, least), "float32")
    const newton = tf.sub(dual, shares(active, tf.sub(x, 1 / n)))
    const [stepped, swept] = [sweep(newton), sweep(sweep(dual))]
    const better = tf.less(short(primal(stepped)), tf.minimum(short(primal(swept)), short(x)))
    dual = tf.where(tf.logicalAnd(better, tf.cast(tf.onesLike(u), "bool")), stepped, swept)
  }
  return dual
}

/** The nearest matrix of the form α1ᵀ + 1βᵀ, which rounding leaves. */
const summed = (dual: tf.Tensor) =>
  tf.sub(tf.add(tf.mean(dual, -1, true), tf.mean(dual, -2, true)), tf.mean(dual, axes, true))

/** What the largest entry is divided by at each stage, and Newton's rounds at each: more than were ever needed. */
const [factor, rounds] = [16, 8]

/**
 * max(U + α1ᵀ + 1βᵀ, least) with rows and columns of sum 1. Large entries approach an assignment problem: so from
 * U/16^k on, where they are small, to U, each from sixteen times the last dual; and what their rounding leaves is made
 * good from the result.
 */
const nearestOf = (given: tf.Tensor) => {
  const n = given.shape.at(-1)!
  // A constant changes nothing, and larger entries than these round by more than points are long.
  const rounding = 16 * Arithmetic.current().epsilon
  const half = tf.mul(given, 0.5)
  const shifted = tf.sub(half, tf.max(half, axes, true))
  const sizes = tf.max(tf.abs(shifted), axes, true)
  const u = tf.div(shifted, tf.maximum(0.5, tf.mul(sizes, rounding)))
  const stages = Math.ceil(Math.log(Math.max(1, largestOr(1 / rounding, tf.abs(u)))) / Math.log(factor))
  const uniform = tf.fill(u.shape, 1 / n)
  const next = (dual: tf.Tensor) => summed(tf.add(tf.mul(factor, tf.sub(dual, 1 / n)), 1 / n))
  let dual: tf.Tensor = dualOf(tf.div(u, factor ** stages), uniform, rounds)
  for (let k = stages - 1; k >= 0; k--) dual = dualOf(tf.div(u, factor ** k), next(dual), rounds)
  const found = primalOf(u, dual)
  // What is made good below is feasible anyhow: that it is nearest must be seen here, up to the rounding of the
  // entries.
  require("the nearest doubly stochastic matrix", found, finite, tf.maximum(1, tf.max(tf.abs(u), axes)))
  // Before that, since it lifts entries from the floor by rounding.
  const active = tf.cast(tf.greater(found, floor()), "float32")
  return { value: primalOf(found, dualOf(found, tf.zerosLike(found), rounds)), active }
}

/**
 * The nearest point, with the derivative of a projection onto a face: what moves only entries above the floor, with
 * sums of 0.
 */
const nearest = (u: tf.Tensor): tf.Tensor =>
  tf.customGrad((given, save) => {
    const { active, value } = tf.tidy(() => nearestOf(given as tf.Tensor))
    require("the nearest doubly stochastic matrix", value, finite)
    ;(save as tf.GradSaveFunc)([active])
    return {
      value,
      gradFunc: (dy: tf.Tensor, [face]: Array<tf.Tensor>) => {
        const inside = tf.mul(face!, dy)
        return tf.sub(inside, tf.mul(shares(face!, inside), face!))
      }
    }
  })(u)

/** Beyond it, one entry of a step would decide all others. */
const largest = 60

const retract = (x: tf.Tensor, v: tf.Tensor) =>
  sinkhorn(tf.add(tf.log(positive(x)), Differentiable.clipped(tf.div(v, positive(x)), largest)))

const at = (n: number): Manifold.Manifold =>
  Manifold.make<tf.Tensor>({
    ...fisher(project),
    name: `DS(${n})`,
    shape: [n, n],
    dimension: (n - 1) ** 2,
    curvature: n === 2 ? Interval.point(0) : Interval.everything,
    norms: {
      spectral: Interval.point(1),
      frobenius: Interval.make(1, Math.sqrt(n)),
      rowSum: Interval.make(Math.sqrt(n), n),
      columnSum: Interval.make(Math.sqrt(n), n)
    },
    nearest,
    retract,
    transport: (_x, _y, v) => v,
    // Within a factor of about two of the uniform matrix.
    random: (seed, batch) => sinkhorn(tf.mul(tf.tanh(Seed.normalTensor(seed, [...batch, n, n])), 0.3)),
    residual: (x) => tf.add(unbalanced(x), tf.squeeze(missing(x), axes))
  })

const doublyStochastic = matrixFamily(() => ({
  symbol: "DS",
  name: "doubly stochastic",
  about: "rows and columns add up to 1",
  retraction: "Sinkhorn",
  accepts: ([m, n]) => m === n && n >= 2,
  reason: "rows and columns of sum 1 are equally many",
  at: (n) => at(n)
}))

/**
 * Doubly stochastic n×n matrices of positive entries, all rows and columns summing to 1, with the Fisher metric ⟨U,
 * V⟩_X = Σ UV/X.
 *
 * project U − (α1ᵀ + 1βᵀ)∘X, NotConverged where the least entries leave α no digits; retract Sinkhorn(X∘exp(V/X)), of
 * first order. Its sectional curvature has no bound, so
 * FG-SGD takes plain steps only (`StepSize.plain`).
 * Source: Douik and Hassibi 2019, *Manifold optimization over the set of doubly stochastic matrices*.
 *
 * @throws ShapeRefused for a shape that is not n×n with n ≥ 2.
 *
 * @example
 * ```ts
 * import { DoublyStochastic } from "finegrain"
 * const M = DoublyStochastic.make([3, 3])
 * M.dimension // => 4
 * M.norms.spectral // => { min: 1, max: 1 }
 * ```
 */
export const make = doublyStochastic.make

/**
 * The family of doubly stochastic matrices, `DS` in specifications; refuses what is not square.
 *
 * @example
 * ```ts
 * import * as Result from "effect/Result"
 * import { DoublyStochastic } from "finegrain"
 * Result.isFailure(DoublyStochastic.family().at([3, 2])) // => true
 * ```
 */
export const family = doublyStochastic.family
