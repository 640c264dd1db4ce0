/**
 * Singular value decompositions, and functions of singular values.
 */
import * as tf from "@tensorflow/tfjs-core"
import { run } from "../../engine/Factorizations.ts"
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
 * The thin singular value decompositions X = U diag(σ) Vᵀ of a batch of matrices `[…, m, n]`; U and V have orthonormal columns
 * whatever the rank.
 *
 * In double precision on the host, by one-sided rotations on webgpu; never from XᵀX, whose rounding drowns σ below √ε·σ₁. The gradient with
 * respect to σ is always right; that with respect to U and V is NaN where it does not exist, at equal or vanishing singular values:
 * functions of singular values have theirs in `ofSingular`.
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

/** The same for `[count, m, n]` with m ≥ n. */
export const thin = (a: tf.Tensor): Svd => {
  const [left, values, right] = run("Svd", { a }, { outputsToSave: [true, true, true], gradFunc: gradient })
  return { left: left!, values: values!, right: right! }
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
export const quotient = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => {
  const zero = tf.equal(b, 0)
  const safe = tf.where(zero, tf.onesLike(b), b)
  return tf.where(zero, tf.where(tf.equal(a, 0), tf.zerosLike(a), tf.fill(a.shape, Number.NaN)), tf.div(a, safe))
}

/** An odd function of singular values, by its values and what its derivative needs. */
export interface SingularFunction {
  /** f(σ) `[…, k]` for σ `[…, k]`. */
  readonly of: (values: tf.Tensor) => tf.Tensor
  /** (f(σᵢ) − f(σⱼ))/(σᵢ − σⱼ), f′ where equal; (f(σᵢ) + f(σⱼ))/(σᵢ + σⱼ); both `[…, k, k]`; and f(σ)/σ `[…, k]`. */
  readonly slopes: (values: tf.Tensor) => {
    readonly minus: tf.Tensor
    readonly plus: tf.Tensor
    readonly ratio: tf.Tensor
  }
}

/**
 * U f(diag σ) Vᵀ, an odd function of a batch of matrices by their singular values, with its derivative at equal ones too.
 *
 * With M = UᵀEV the derivative along E is U(minus∘sym M + plus∘skew M)Vᵀ plus what leaves the column space, (I − UUᵀ)EV diag(ratio)Vᵀ.
 * It is self-adjoint, so the gradient is the same expression.
 *
 * Source: Noferini 2017, *A formula for the Fréchet derivative of a generalized matrix function*.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * [...Matrices.ofSingular(tf.tensor2d([[0, 3], [0.5, 0]]), Matrices.atMost(1)).dataSync()].map((x) => x.toFixed(2)) // => ["0.00", "1.00", "0.50", "0.00"]
 * ```
 */
export const ofSingular = (x: tf.Tensor, f: SingularFunction): tf.Tensor => {
  const [m, n] = [size(x, -2), size(x, -1)]
  return m >= n ? withGradient(x, f) : transpose(withGradient(transpose(x), f))
}

const withGradient = (x: tf.Tensor, f: SingularFunction): tf.Tensor =>
  tf.customGrad((given, save) => {
    const point = given as tf.Tensor
    const { left, right, values } = svd(point)
    ;(save as tf.GradSaveFunc)([point])
    return {
      value: multiply(tf.mul(left, tf.expandDims(f.of(values), -2)), right, { transposeB: true }),
      gradFunc: (dy: tf.Tensor, saved: Array<tf.Tensor>) => singularDerivative(svd(saved[0]!), f, dy)
    }
  })(x)

/** The derivative along `direction`, which is the gradient for it as well. */
export const singularDerivative = (
  { left, right, values }: Svd,
  f: SingularFunction,
  direction: tf.Tensor
): tf.Tensor => {
  const { minus, plus, ratio } = f.slopes(values)
  const along = multiply(direction, right)
  const inside = multiply(left, along, { transposeA: true })
  const core = tf.add(tf.mul(minus, sym(inside)), tf.mul(plus, skew(inside)))
  const outside = tf.mul(tf.sub(along, multiply(left, inside)), tf.expandDims(ratio, -2))
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

/**
 * σ ↦ min(σ, r): onto the ball of the spectral norm.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * [...Matrices.atMost(2).of(tf.tensor1d([3, 1])).dataSync()] // => [2, 1]
 * ```
 */
export const atMost = (bound: number): SingularFunction => ({
  of: (values) => tf.minimum(values, bound),
  slopes: (values) => {
    const inside = (s: tf.Tensor) => tf.cast(tf.less(s, bound), "float32")
    const [a, b] = pairs(values)
    const [fa, fb] = [tf.minimum(a, bound), tf.minimum(b, bound)]
    const safe = (numerator: tf.Tensor, denominator: tf.Tensor, limit: tf.Tensor) => {
      const zero = tf.equal(denominator, 0)
      return tf.where(zero, limit, tf.div(numerator, tf.where(zero, tf.onesLike(denominator), denominator)))
    }
    return {
      minus: safe(tf.sub(fa, fb), tf.sub(a, b), inside(a)),
      plus: safe(tf.add(fa, fb), tf.add(a, b), tf.onesLike(a)),
      ratio: safe(tf.minimum(values, bound), values, tf.onesLike(values))
    }
  }
})

/**
 * σ ↦ 1: the polar factor. Its derivative does not exist where σ vanishes, and is infinite there.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * [...Matrices.unit.of(tf.tensor1d([3, 1])).dataSync()] // => [1, 1]
 * ```
 */
export const unit: SingularFunction = {
  of: (values) => tf.onesLike(values),
  slopes: (values) => {
    const [a, b] = pairs(values)
    return { minus: tf.zerosLike(a), plus: tf.div(2, tf.add(a, b)), ratio: tf.div(1, values) }
  }
}

/**
 * The `rank` largest singular values, and 0 for the others: the nearest matrix of that rank. Where the last of them equals the next, there
 * are several, and the derivative is infinite.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * [...Matrices.truncated(1).of(tf.tensor1d([3, 1])).dataSync()] // => [3, 0]
 * ```
 */
export const truncated = (rank: number): SingularFunction => {
  const kept = (values: tf.Tensor) =>
    tf.tensor1d(Array.from({ length: size(values, -1) }, (_, i) => (i < rank ? 1 : 0)))
  return {
    of: (values) => tf.mul(values, kept(values)),
    slopes: (values) => {
      const [a, b] = pairs(values)
      const [keptA, keptB] = pairs(kept(values))
      const together = tf.equal(keptA, keptB)
      const share = (numerator: tf.Tensor, denominator: tf.Tensor) =>
        tf.where(together, tf.add(tf.mul(keptA, keptB), tf.zerosLike(a)), tf.div(numerator, denominator))
      const [fa, fb] = [tf.mul(a, keptA), tf.mul(b, keptB)]
      return {
        minus: share(tf.sub(fa, fb), tf.sub(a, b)),
        plus: share(tf.add(fa, fb), tf.add(a, b)),
        ratio: tf.add(tf.zerosLike(values), kept(values))
      }
    }
  }
}
