import * as tf from "@tensorflow/tfjs-core"
import * as Result from "effect/Result"
import * as Interval from "../../numerics/Interval.ts"
import * as Matrices from "../../numerics/Matrices.ts"
import * as Norms from "../../numerics/Norms.ts"
import type * as Points from "../../numerics/Points.ts"
import * as Seed from "../../numerics/Seed.ts"
import * as Manifold from "../Manifold.ts"

/** Smallest eigenvalue of a nearest point: the set itself is open and has none. */
const floor = 1e-3

/** X^½ and X^−½ from one eigendecomposition. */
const roots = (x: tf.Tensor) => {
  const eigen = Matrices.eigh(x)
  return { root: Matrices.ofEigen(eigen, tf.sqrt), inverseRoot: Matrices.ofEigen(eigen, tf.rsqrt) }
}

const sandwich = (a: tf.Tensor, u: tf.Tensor) => Matrices.multiply(Matrices.multiply(a, u), a)
const ofSymmetric = (u: tf.Tensor, f: (values: tf.Tensor) => tf.Tensor) => Matrices.ofEigen(Matrices.eigh(u), f)

const log = (x: tf.Tensor, y: tf.Tensor) => {
  const { inverseRoot, root } = roots(x)
  return sandwich(root, ofSymmetric(sandwich(inverseRoot, y), tf.log))
}

const inner = (x: tf.Tensor, u: tf.Tensor, v: tf.Tensor) => {
  const inverse = Matrices.inverse(x)
  return tf.sum(tf.mul(Matrices.transpose(Matrices.multiply(inverse, u)), Matrices.multiply(inverse, v)), [-2, -1])
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
    project: (_x, u) => Matrices.sym(u),
    gradient: (x, e) => sandwich(x, Matrices.sym(e)),
    nearest: (u) => ofSymmetric(Matrices.sym(u), (values) => tf.maximum(values, floor)),
    // (X + (X + V)X⁻¹(X + V))/2: positive definite for every V.
    retract: (x, v) => {
      const moved = tf.add(x, v)
      const square = Matrices.multiply(Matrices.multiply(moved, Matrices.inverse(x)), moved)
      return Matrices.sym(tf.mul(tf.add(x, square), 0.5))
    },
    transport: (x, y, v) => {
      const { inverseRoot, root } = roots(x)
      const half = ofSymmetric(sandwich(inverseRoot, y), tf.sqrt)
      const e = Matrices.multiply(Matrices.multiply(root, half), inverseRoot)
      return Matrices.sym(Matrices.multiply(Matrices.multiply(e, v), e, { transposeB: true }))
    },
    // Eigenvalues around 1, mostly within a factor of two.
    random: (seed, batch) => ofSymmetric(tf.mul(Matrices.sym(Seed.normalTensor(seed, [...batch, n, n])), 0.25), tf.exp),
    residual: (x) => {
      const skew = tf.sqrt(tf.sum(tf.square(Matrices.skew(x)), [-2, -1]))
      return tf.add(skew, tf.relu(tf.neg(tf.min(Matrices.eigh(Matrices.sym(x)).values, -1))))
    },
    exp: (x, v) => {
      const { inverseRoot, root } = roots(x)
      return sandwich(root, ofSymmetric(sandwich(inverseRoot, v), tf.exp))
    },
    log,
    dist: (x, y) => {
      const { values } = Matrices.eigh(sandwich(roots(x).inverseRoot, y))
      return tf.sqrt(tf.sum(tf.square(tf.log(values)), -1))
    }
  })

/**
 * Symmetric positive definite n×n matrices with the affine-invariant metric ⟨U, V⟩_X = tr(X⁻¹UX⁻¹V).
 *
 * Gradient X sym(E) X; retract X + V + VX⁻¹V/2, of second order; exp X^½ exp(X^−½VX^−½) X^½; parallel transport along geodesics, an
 * isometry; sectional curvature in [−1/2, 0]. The set is open: a nearest point has eigenvalues of at least 10⁻³.
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
export const make = (shape: Points.Shape): Manifold.Manifold => Result.getOrThrow(family().at(shape))

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
export const family = (): Manifold.Family => ({
  symbol: "SPD",
  name: "symmetric positive definite",
  at: (shape) =>
    Result.map(
      Manifold.matrixShape("SPD", shape, ([m, n]) => m === n, "symmetric matrices are square"),
      ([n]) => at(n)
    )
})
