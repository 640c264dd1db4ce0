/**
 * Singular value decompositions, and functions of singular values.
 */
import * as tf from "@tensorflow/tfjs-core"
import { run } from "../../engine/Factorizations.ts"
import * as Postponed from "../../engine/Postponed.ts"
import * as Arithmetic from "../Arithmetic.ts"
import * as Convergence from "../Convergence.ts"
import { choose, equal, ratio } from "../Differentiable.ts"
import { multiply, size, skew, sym, transpose } from "./products.ts"

/** X = U diag(σ) Vᵀ with k = min(m, n): U `[…, m, k]`, σ `[…, k]`, the largest first, and V `[…, n, k]`. */
export interface Svd {
  readonly left: tf.Tensor
  readonly values: tf.Tensor
  readonly right: tf.Tensor
}

/** All matrices of a batch along one axis. */
export const flatten = (x: tf.Tensor): tf.Tensor => x.rank === 3 ? x : tf.reshape(x, [-1, size(x, -2), size(x, -1)])

/**
 * The thin singular value decompositions X = U diag(σ) Vᵀ of a batch of matrices `[…, m, n]`; U and V have orthonormal
 * columns whatever the rank.
 *
 * In double precision on the host, by one-sided rotations on webgpu; never from XᵀX, whose rounding drowns σ below
 * √ε·σ₁. The gradient with respect to σ is always right; that with respect to U and V is NaN where it does not exist,
 * at equal or vanishing singular values: functions of singular values have theirs in `ofSingular`.
 *
 * @throws RangeError for vectors.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * const { left, values, right } = Matrices.svd(tf.tensor2d([[0, 3], [0, 0], [-4, 0]]))
 * [...values.dataSync()] // => [4, 3]
 * [left.shape, right.shape] // => [[3, 2], [2, 2]]
 * ```
 */
export const svd = (x: tf.Tensor): Svd => {
  if (x.rank < 2) throw new RangeError(`singular values need matrices, not shape [${x.shape.join(", ")}]`)
  const [m, n, batch] = [size(x, -2), size(x, -1), x.shape.slice(0, -2)]
  const shaped = ({ left, right, values }: Svd): Svd => ({
    left: tf.reshape(left, [...batch, ...left.shape.slice(1)]),
    values: tf.reshape(values, [...batch, ...values.shape.slice(1)]),
    right: tf.reshape(right, [...batch, ...right.shape.slice(1)])
  })
  if (m >= n) return shaped(thin(flatten(x)))
  const { left, right, values } = thin(transpose(flatten(x)))
  return shaped({ left: right, values, right: left })
}

/** The thin singular value decomposition of matrices `[count, m, n]` with m ≥ n. */
export const thin = (a: tf.Tensor): Svd => {
  const [left, values, right] = run("Svd", { a }, { outputsToSave: [true, true, true], gradFunc: gradient })
  if (Postponed.here()) {
    // Rotations keep the product, converged or not: what they are to reach are orthogonal columns.
    const gap = tf.sub(multiply(left!, left!, { transposeA: true }), tf.eye(size(a, -1)))
    converged("the singular values", a, tf.max(tf.abs(gap), [-2, -1]))
  }
  return { left: left!, values: values!, right: right! }
}

/**
 * Whether a fixed number of rotations was enough; for engines whose kernel does not look itself, that is, for webgpu.
 */
export const converged = (what: string, a: tf.Tensor, residual: tf.Tensor): void => {
  const [m, n] = [size(a, -2), size(a, -1)]
  Convergence.require({
    what: `${what} of a matrix ${m}×${n}`,
    residual,
    // Rounding of some n rotations a sweep on sums of m products.
    tolerance: 16 * Arithmetic.current().epsilon * (m + n),
    remedy: "Look for entries that are not finite, or use another backend."
  })
}

/** Townsend 2016, *Differentiating the singular value decomposition*. */
const gradient: tf.GradFunc = (dys, saved) => {
  const [dLeft, dValues, dRight] = dys as Array<tf.Tensor> as [tf.Tensor, tf.Tensor, tf.Tensor]
  const [left, values, right] = saved as [tf.Tensor, tf.Tensor, tf.Tensor]
  return {
    a: () => {
      const n = size(left, -1)
      const [own, other] = [tf.expandDims(values, -1), tf.expandDims(values, -2)]
      const gap = tf.mul(tf.sub(other, own), tf.add(other, own))
      const [inLeft, inRight] = [[left, dLeft], [right, dRight]].map(([u, du]) =>
        quotient(skew(multiply(u!, du!, { transposeA: true })), gap)
      )
      const core = tf.add(
        tf.add(tf.mul(tf.mul(inLeft!, other), 2), tf.mul(tf.mul(own, inRight!), 2)),
        tf.mul(tf.eye(n), tf.expandDims(dValues, -1))
      )
      const outside = tf.sub(dLeft, multiply(left, multiply(left, dLeft, { transposeA: true })))
      const whole = tf.add(multiply(left, core), quotient(outside, tf.add(tf.zerosLike(outside), other)))
      return multiply(whole, right, { transposeB: true })
    }
  }
}

/** a/b; 0 where a is 0, NaN where b alone is: a derivative that does not exist. */
export const quotient = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
  ratio(a, b, choose(equal(a, 0), tf.zerosLike(a), tf.fill(a.shape, Number.NaN)))

/**
 * An odd function of singular values, which may depend on the whole decomposition, by its values and what its
 * derivative needs.
 */
export interface SingularFunction {
  /** f(σ) `[…, k]` for σ `[…, k]`. */
  readonly of: (values: tf.Tensor, whole: Svd) => tf.Tensor
  /** (f(σᵢ) − f(σⱼ))/(σᵢ − σⱼ), f′ where equal; (f(σᵢ) + f(σⱼ))/(σᵢ + σⱼ); both `[…, k, k]`; and f(σ)/σ `[…, k]`. */
  readonly slopes: (values: tf.Tensor, whole: Svd) => Slopes
}

/** What the derivative of a function of singular values is made of. */
export interface Slopes {
  readonly minus: tf.Tensor
  readonly plus: tf.Tensor
  readonly ratio: tf.Tensor
}

/**
 * U f(diag σ) Vᵀ, an odd function of a batch of matrices by their singular values, with its derivative at equal ones
 * too.
 *
 * With M = UᵀEV the derivative along E is U(minus∘sym M + plus∘skew M)Vᵀ plus what leaves the column space, (I − UUᵀ)EV
 * diag(ratio)Vᵀ. It is self-adjoint, so the gradient is the same expression.
 *
 * Source: Noferini 2017, *A formula for the Fréchet derivative of a generalized matrix function*.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * const entries = Matrices.ofSingular(tf.tensor2d([[0, 3], [0.5, 0]]), Matrices.atMost(1)).dataSync()
 * [...entries].map((x) => x.toFixed(2)) // => ["0.00", "1.00", "0.50", "0.00"]
 * ```
 */
export const ofSingular = (x: tf.Tensor, f: SingularFunction): tf.Tensor => {
  const [m, n] = [size(x, -2), size(x, -1)]
  return m >= n ? withGradient(x, f) : transpose(withGradient(transpose(x), f))
}

const withGradient = (x: tf.Tensor, f: SingularFunction): tf.Tensor =>
  tf.customGrad((given, save) => {
    const point = given as tf.Tensor
    const whole = svd(point)
    // What is made of no number is none, whatever f is constant in.
    const made = tf.where(tf.isNaN(whole.values), whole.values, f.of(whole.values, whole))
    const scaled = tf.mul(whole.left, tf.expandDims(made, -2))
    ;(save as tf.GradSaveFunc)([point])
    return {
      value: multiply(scaled, whole.right, { transposeB: true }),
      gradFunc: (dy: tf.Tensor, saved: Array<tf.Tensor>) => singularDerivative(svd(saved[0]!), f, dy)
    }
  })(x)

/** The derivative along `direction`, which is the gradient for it as well. */
export const singularDerivative = (whole: Svd, f: SingularFunction, direction: tf.Tensor): tf.Tensor => {
  const { left, right, values } = whole
  const slopes = f.slopes(values, whole)
  const along = multiply(direction, right)
  const inside = multiply(left, along, { transposeA: true })
  const core = tf.add(tf.mul(slopes.minus, sym(inside)), tf.mul(slopes.plus, skew(inside)))
  const outside = tf.mul(tf.sub(along, multiply(left, inside)), tf.expandDims(slopes.ratio, -2))
  return multiply(tf.add(multiply(left, core), outside), right, { transposeB: true })
}

/** All pairs: σᵢ down, σⱼ across. */
export const pairs = (values: tf.Tensor): readonly [own: tf.Tensor, other: tf.Tensor] => {
  const across = tf.expandDims(values, -2)
  return [
    tf.add(tf.expandDims(values, -1), tf.zerosLike(across)),
    tf.add(across, tf.zerosLike(tf.expandDims(values, -1)))
  ]
}
