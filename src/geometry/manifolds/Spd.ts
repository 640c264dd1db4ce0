import * as tf from "@tensorflow/tfjs-core"
import * as Arithmetic from "../../numerics/Arithmetic.ts"
import { constant } from "../../numerics/Constant.ts"
import * as Convergence from "../../numerics/Convergence.ts"
import {
  choose,
  equal,
  greater,
  homogeneous,
  length as lengthOf,
  less,
  scaleOf,
  shortened as shorter
} from "../../numerics/Differentiable.ts"
import * as Interval from "../../numerics/Interval.ts"
import * as Matrices from "../../numerics/Matrices.ts"
import { missing } from "../../numerics/matrices/singular.ts"
import * as Norms from "../../numerics/Norms.ts"
import * as Seed from "../../numerics/Seed.ts"
import * as Manifold from "../Manifold.ts"
import { matrixFamily } from "../matrixFamily.ts"

/**
 * Smallest eigenvalue of what `nearest` makes of other matrices, as a share of the largest size: the set itself is open
 * and has none.
 */
const floor = 1e-3

const sandwich = (a: tf.Tensor, u: tf.Tensor) => Matrices.multiply(Matrices.multiply(a, u), a)
const root = (x: tf.Tensor) => Matrices.ofSymmetric(x, Matrices.squareRoot)
const inverseRoot = (x: tf.Tensor) => Matrices.ofSymmetric(x, Matrices.inverseSquareRoot)

/** Its largest eigenvalue by size, as `[…, 1, 1]`; 1 for the zero matrix. */
const sizeOf = (x: tf.Tensor) => {
  const largest = tf.max(tf.abs(Matrices.eigh(x).values), -1)
  return tf.reshape(tf.add(largest, equal(largest, 0)), [...x.shape.slice(0, -2), 1, 1])
}

/**
 * 1 for matrices that are positive definite beyond rounding, 0 for others; batch shape. Rounding of the entries is
 * undone by no scale of rows and columns, so what counts is the smallest eigenvalue with diagonal entries 1 (Demmel
 * 1989, *On floating point errors in Cholesky*).
 */
const inside = (x: tf.Tensor) => {
  const n = x.shape.at(-1)!
  const diagonal = tf.sum(tf.mul(x, tf.eye(n)), -1)
  const positive = tf.min(greater(diagonal, 0), -1)
  const scales = tf.expandDims(tf.rsqrt(choose(greater(diagonal, 0), diagonal, tf.onesLike(diagonal))), -1)
  const balanced = tf.mul(tf.mul(x, scales), Matrices.transpose(scales))
  return tf.mul(positive, greater(tf.min(Matrices.eigh(balanced).values, -1), n * missing()))
}

const nearest = homogeneous((u) => {
  const symmetric = Matrices.sym(u)
  const least = tf.mul(tf.mul(sizeOf(symmetric), floor), tf.eye(u.shape.at(-1)!))
  const lifted = tf.add(Matrices.ofSymmetric(tf.sub(symmetric, least), Matrices.positivePart), least)
  const stays = tf.reshape(inside(symmetric), [...u.shape.slice(0, -2), 1, 1])
  return choose(tf.add(tf.zerosLike(u), stays), symmetric, lifted)
})

/**
 * The skew part as a share of the whole; where the symmetric part is not positive definite, 1 and how far that is below
 * 0.
 */
const residual = (given: tf.Tensor) => {
  const x = shorter(given, 1e30)
  const size = tf.reshape(sizeOf(x), x.shape.slice(0, -2))
  const skew = Matrices.skew(x)
  const below = tf.relu(tf.neg(tf.min(Matrices.eigh(x).values, -1)))
  const outside = tf.mul(tf.sub(1, inside(Matrices.sym(x))), tf.add(tf.div(below, size), 1))
  return tf.add(tf.div(length(skew), size), outside)
}

/** ‖U‖_F; its gradient at 0 is 0. */
const length = (u: tf.Tensor) => tf.squeeze(lengthOf(u, [-2, -1]), [-2, -1])

/** In the basis of eigenvectors of X, where X is diagonal. */
interface Basis {
  readonly x: tf.Tensor
  readonly into: (u: tf.Tensor) => tf.Tensor
  readonly back: (u: tf.Tensor) => tf.Tensor
}

/** There products with roots of an ill-conditioned X keep the digits of their small entries. */
const basisOf = (x: tf.Tensor): Basis => {
  const { values, vectors } = Matrices.eigh(constant(x))
  const into = (u: tf.Tensor) => Matrices.sym(Matrices.multiply(Matrices.transposeTimes(vectors, u), vectors))
  const turned = into(x)
  const exact = tf.mul(tf.expandDims(values, -1), tf.eye(x.shape.at(-1)!))
  return {
    // Exactly diagonal; gradients see that it depends on X.
    x: tf.add(exact, tf.sub(turned, constant(turned))),
    into,
    back: (u) => Matrices.sym(Matrices.multiply(Matrices.multiply(vectors, u), vectors, { transposeB: true }))
  }
}

/** X^−½(Y − X)X^−½, near the identity what its logarithm is computed from without cancellation, and the whole. */
const relative = ({ into, x }: Basis, y: tf.Tensor, difference: tf.Tensor) => {
  const inverse = inverseRoot(x)
  return { change: Matrices.sym(sandwich(inverse, into(difference))), whole: Matrices.sym(sandwich(inverse, into(y))) }
}

const near = (values: tf.Tensor) => less(tf.max(tf.abs(values), -1, true), 0.5)

const log = (x: tf.Tensor, y: tf.Tensor) => {
  const basis = basisOf(x)
  const { change, whole } = relative(basis, y, tf.sub(y, x))
  const isNear = tf.expandDims(near(Matrices.eigh(change).values), -1)
  const within = choose(
    tf.add(tf.zerosLike(change), isNear),
    Matrices.ofSymmetric(tf.mul(change, isNear), Matrices.logarithmOfOnePlus),
    Matrices.ofSymmetric(whole, Matrices.logarithm)
  )
  return basis.back(sandwich(root(basis.x), within))
}

/** Its largest entry by size, `[…, 1, 1]`, as a constant; 1 for ordinary ones. */
const scale = (x: tf.Tensor) => scaleOf(constant(tf.max(tf.abs(x), [-2, -1], true)))

/** ‖log‖_x, from eigenvalues alone; of points whose ratio no number holds, from their ratios at size 1. */
const dist = (x: tf.Tensor, y: tf.Tensor) => {
  const [own, other] = [scale(x), scale(y)]
  const apart = tf.squeeze(tf.sub(tf.log(other), tf.log(own)), [-1])
  const [from, to] = [tf.div(x, own), tf.div(y, other)]
  const { change, whole } = relative(basisOf(from), to, tf.sub(to, from))
  const changes = Matrices.eigh(change).values
  const isNear = near(changes)
  const logs = tf.add(
    choose(
      tf.add(tf.zerosLike(changes), isNear),
      tf.log1p(tf.mul(changes, isNear)),
      tf.log(Matrices.eigh(whole).values)
    ),
    apart
  )
  return length(tf.expandDims(logs, -2))
}

/** V, or in its direction what is longest among the vectors whose square is a number. */
const shortened = (x: tf.Tensor, v: tf.Tensor) =>
  shorter(v, tf.mul(tf.max(tf.abs(constant(x)), [-2, -1], true), longest))

/** In sizes of the point; its square has room for inverses of points. */
const longest = 1e12

const exp = (x: tf.Tensor, v: tf.Tensor) => {
  const basis = basisOf(x)
  const exponent = sandwich(inverseRoot(basis.x), basis.into(v))
  Convergence.require({
    what: "the exponential of a tangent vector",
    residual: tf.max(tf.abs(Matrices.eigh(constant(exponent)).values), -1),
    tolerance: Arithmetic.current() === Arithmetic.float64 ? 700 : 80,
    remedy: "Its largest speed leads beyond the largest and smallest numbers: take a shorter vector."
  })
  return basis.back(sandwich(root(basis.x), Matrices.ofSymmetric(exponent, Matrices.exponential)))
}

const inner = (x: tf.Tensor, u: tf.Tensor, v: tf.Tensor) =>
  tf.sum(tf.mul(Matrices.transpose(Matrices.solve(x, u)), Matrices.solve(x, v)), [-2, -1])

/** ‖X^−½VX^−½‖_F, of points and vectors of any scale. */
const norm = (x: tf.Tensor, v: tf.Tensor) => {
  const basis = basisOf(tf.div(x, scale(x)))
  const size = length(sandwich(inverseRoot(basis.x), basis.into(tf.div(v, scale(v)))))
  return tf.mul(size, tf.squeeze(tf.div(scale(v), scale(x)), [-2, -1]))
}

const at = (n: number): Manifold.Manifold =>
  Manifold.make<tf.Tensor>({
    name: `SPD(${n})`,
    shape: [n, n],
    dimension: (n * (n + 1)) / 2,
    curvature: n === 1 ? Interval.point(0) : Interval.make(-0.5, 0),
    norms: Norms.unbounded,
    retractionOrder: 2,
    injectivityRadius: Infinity,
    inner,
    norm,
    project: (_x, u) => Matrices.sym(u),
    gradient: (x, e) => sandwich(x, Matrices.sym(e)),
    nearest,
    // (X + (X + V)X⁻¹(X + V))/2: positive definite for every V.
    retract: (x, v) => {
      const moved = tf.add(x, shortened(x, v))
      return Matrices.sym(tf.mul(tf.add(x, Matrices.multiply(moved, Matrices.solve(x, moved))), 0.5))
    },
    transport: (x, y, v) => {
      const [own, inverse] = [root(x), inverseRoot(x)]
      const half = root(Matrices.sym(sandwich(inverse, y)))
      const e = Matrices.multiply(Matrices.multiply(own, half), inverse)
      return Matrices.sym(Matrices.multiply(Matrices.multiply(e, v), e, { transposeB: true }))
    },
    // Eigenvalues around 1, mostly within a factor of two.
    random: (seed, batch) =>
      Matrices.ofSymmetric(tf.mul(Seed.normalTensor(seed, [...batch, n, n]), 0.25), Matrices.exponential),
    residual,
    exp,
    log,
    dist
  })

const spd = matrixFamily(() => ({
  symbol: "SPD",
  name: "symmetric positive definite",
  about: "positive eigenvalues",
  retraction: "X + V + VX⁻¹V/2",
  accepts: ([m, n]) => m === n,
  reason: "symmetric matrices are square",
  at: (n) => at(n)
}))

/**
 * Symmetric positive definite n×n matrices with the affine-invariant metric ⟨U, V⟩_X = tr(X⁻¹UX⁻¹V).
 *
 * exp fails with NotConverged where eigenvalues would leave the range of numbers; retractions take a shorter vector.
 *
 * Gradient X sym(E) X; retract X + V + VX⁻¹V/2, of second order; exp X^½ exp(X^−½VX^−½) X^½; parallel transport along
 * geodesics, an isometry; sectional curvature in [−1/2, 0]. The set is open: matrices that are singular to rounding are
 * not points, and have a residual of at least 1; `nearest` gives those eigenvalues of at least 10⁻³ of the largest by
 * size, and every point itself.
 * Source: Bhatia 2007, *Positive Definite Matrices*, chapter 6; Böttcher and Wenzel 2008 for the curvature.
 *
 * @throws ShapeRefused for a shape that is not n×n.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Spd } from "finegrain"
 * const spd = Spd.make([2, 2])
 * spd.dist!(tf.eye(2), tf.mul(tf.eye(2), Math.E)).dataSync()[0]!.toFixed(4) // => "1.4142"
 * ```
 */
export const make = spd.make

/**
 * The family of symmetric positive definite matrices, `SPD` in specifications; refuses what is not square.
 *
 * @example
 * ```ts
 * import * as Result from "effect/Result"
 * import { Spd } from "finegrain"
 * Result.isFailure(Spd.family().at([3, 2])) // => true
 * ```
 */
export const family = spd.family
