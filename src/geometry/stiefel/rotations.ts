/** Geodesics of O(n): logarithm, distance and parallel transport. */
import * as tf from "@tensorflow/tfjs-core"
import * as Postponed from "../../engine/Postponed.ts"
import * as Arithmetic from "../../numerics/Arithmetic.ts"
import { constant } from "../../numerics/Constant.ts"
import * as Convergence from "../../numerics/Convergence.ts"
import { less } from "../../numerics/Differentiable.ts"
import * as Matrices from "../../numerics/Matrices.ts"
import * as Seed from "../../numerics/Seed.ts"
import { angleOverSine } from "./angles.ts"
import { acute, squareRootOf } from "./choices.ts"
import { lengthOfLog } from "./distance.ts"

const squares = (u: tf.Tensor) => tf.sum(tf.square(u), [-2, -1], true)
const allHold = (condition: tf.Tensor) => !Postponed.here() && condition.dataSync().every((value) => value !== 0)

/** log R = K·θ/sin θ with K the skew part, sin θ, and cos θ the symmetric one, for angles up to π/2. */
const near = (skew: tf.Tensor, rotation: tf.Tensor) => Matrices.multiply(skew, angleOverSine(Matrices.sym(rotation)))

/** A skew matrix in general position, the same in every program. */
const general = (n: number) => {
  const skew = Matrices.skew(Seed.normalTensor(Seed.split(0, `skew ${n}`), [n, n]))
  return tf.div(skew, tf.sqrt(tf.sum(tf.square(skew))))
}

/** S nearer to a square root of R: the polar factor of its mean with R S⁻¹. */
const refined = (s: tf.Tensor, r: tf.Tensor) => Matrices.polar(tf.add(s, Matrices.multiply(r, s, { transposeB: true })))

const apart = "No geodesic joins matrices whose determinants differ in sign: give points of one component of O(n)."

/**
 * A rotation S of angles up to π/2 with S² = R: the polar factor of I + R.
 *
 * Where an angle of R is π, to rounding, that matrix is singular; a little of a fixed skew matrix then chooses the
 * plane and the sense in which R turns, the same in every program. Gradients are those of that choice.
 *
 * @throws NotConverged where there is none, for det R = −1.
 */
const halfway = (r: tf.Tensor): tf.Tensor => {
  const n = r.shape.at(-1)!
  const { epsilon } = Arithmetic.current()
  const sum = tf.add(r, tf.eye(n))
  // No square of a rotation is nearer to R than R is to the rotations: points may come from a coarser arithmetic.
  const own = tf.sqrt(squares(constant(tf.sub(Matrices.transposeTimes(r, r), tf.eye(n)))))
  const away = (s: tf.Tensor) => tf.relu(tf.sub(tf.sqrt(squares(constant(tf.sub(Matrices.multiply(s, s), r)))), own))
  const plain = refined(Matrices.polar(sum), r)
  const found = tf.lessEqual(away(plain), Math.sqrt(epsilon))
  const chosen = () => {
    // What of R is no rotation could be larger than what chooses.
    const rotation = tf.where(tf.greater(own, 32 * epsilon), Matrices.polar(r), r)
    // Its entries stand out of rounding whatever n is; what else `polar` adds to singular matrices must not choose.
    const choosing = tf.mul(general(n), 64 * epsilon * n)
    const near = tf.add(tf.add(rotation, tf.eye(n)), choosing)
    const start = Matrices.polar(near, { lower: 1e-3 * epsilon, remedy: apart })
    return tf.where(found, plain, Array.from({ length: 4 }).reduce<tf.Tensor>((s) => refined(s, rotation), start))
  }
  const half = constant(allHold(found) ? plain : chosen())
  Convergence.require({
    what: `the rotation ${n}×${n} halfway between two points`,
    residual: away(half),
    tolerance: 4 * Math.sqrt(epsilon),
    remedy: apart
  })
  // Nearer to π the polar factor of I + R has lost the digits of its gradient.
  const plainly = tf.logicalAnd(found, acute(half))
  if (allHold(plainly)) return plain
  const tame = tf.where(plainly, r, tf.add(tf.zerosLike(r), tf.eye(n)))
  return tf.where(plainly, refined(Matrices.polar(tf.add(tame, tf.eye(n))), tame), squareRootOf(r, half))
}

/**
 * One column reversed where the determinant is below 0.
 *
 * @internal
 */
export const turned = (q: tf.Tensor, column: number): tf.Tensor => {
  const n = q.shape.at(-1)!
  const improper = tf.reshape(less(Matrices.determinant(constant(q)), 0), [...q.shape.slice(0, -2), 1, 1])
  const twice = tf.tensor2d(Array.from({ length: n }, (_, j) => (j === column ? 2 : 0)), [1, n])
  return tf.mul(q, tf.sub(1, tf.mul(improper, twice)))
}

/**
 * log R of rotations, to some digits: where an angle is near π, a start for what is checked otherwise.
 *
 * @internal
 */
export const principalLog = (r: tf.Tensor): tf.Tensor => {
  const n = r.shape.at(-1)!
  const sum = tf.add(tf.add(r, tf.eye(n)), tf.mul(general(n), 64 * Arithmetic.current().epsilon))
  const half = Matrices.polar(tf.where(tf.isFinite(sum), sum, tf.zerosLike(sum)))
  return tf.mul(near(Matrices.skew(half), half), 2)
}

/**
 * X log(XᵀY), the logarithm on O(n) with a bi-invariant metric: the shortest tangent vector at X whose geodesic leads
 * to Y.
 *
 * Angles up to π/2 by their sines, of the difference Y − X, so that small ones keep their digits; others are twice
 * those of the rotation halfway. Where an angle is π there are several shortest ones; a fixed skew matrix chooses, and
 * gradients are those of its choice; where several are π, they are 0 along turns of these planes into each other, where
 * they would be infinite.
 *
 * @throws NotConverged for points of different components of O(n); on webgpu the next read fails with it.
 *
 * @internal
 */
export const rotationLog = (x: tf.Tensor, y: tf.Tensor): tf.Tensor => {
  const difference = tf.sub(y, x)
  const r = Matrices.transposeTimes(x, y)
  // ‖R − I‖² is the sum of 4(1 − cos θ) over the planes: up to 4, no cosine is negative; of a reflection it is at least
  // 4.
  const close = tf.lessEqual(squares(constant(difference)), 3.5)
  const nearby = () => near(Matrices.skew(Matrices.transposeTimes(x, difference)), r)
  if (allHold(close)) return Matrices.multiply(x, nearby())
  const identity = tf.add(tf.zerosLike(r), tf.eye(r.shape.at(-1)!))
  const half = halfway(tf.where(close, identity, r))
  const far = tf.mul(near(Matrices.skew(half), half), 2)
  return Matrices.multiply(x, tf.where(close, nearby(), far))
}

/**
 * The distance on O(n): the length of the logarithm; ∞ between points of different components.
 *
 * @internal
 */
export const rotationDistance = (inner: (x: tf.Tensor, u: tf.Tensor, v: tf.Tensor) => tf.Tensor) => {
  const length = lengthOfLog(rotationLog, inner)
  return (x: tf.Tensor, y: tf.Tensor): tf.Tensor => {
    const apart = tf.less(Matrices.determinant(Matrices.transposeTimes(constant(x), constant(y))), 0)
    const found = length(x, tf.where(tf.expandDims(tf.expandDims(apart, -1), -1), x, y))
    return tf.where(apart, tf.add(tf.zerosLike(found), Infinity), found)
  }
}

/**
 * Parallel transport on O(n) with a bi-invariant metric along the geodesic from X to Y: X Ω → Y R^(−1/2) Ω R^(1/2) with
 * R = XᵀY.
 *
 * @throws NotConverged for points of different components of O(n); on webgpu the next read fails with it.
 *
 * @internal
 */
export const rotationParallel = (x: tf.Tensor, y: tf.Tensor, v: tf.Tensor): tf.Tensor => {
  const half = halfway(Matrices.transposeTimes(x, y))
  const omega = Matrices.skew(Matrices.transposeTimes(x, v))
  return Matrices.multiply(y, Matrices.skew(Matrices.transposeTimes(half, Matrices.multiply(omega, half))))
}
