/**
 * Functions of singular values: cut off, made one, turned to a rotation.
 */
import * as tf from "@tensorflow/tfjs-core"
import * as Arithmetic from "../Arithmetic.ts"
import { choose, equal, greater, less, ratio } from "../Differentiable.ts"
import { size } from "./products.ts"
import { determinant } from "./solve.ts"
import { pairs, type SingularFunction, type Slopes, type Svd } from "./svd.ts"

/**
 * Slopes from values, by the difference quotients of the odd function: what they are where a denominator vanishes is
 * given.
 */
const quotients = (values: tf.Tensor, images: tf.Tensor, atZero: Slopes): Slopes => {
  const [a, b] = pairs(values)
  const [fa, fb] = pairs(images)
  return {
    minus: ratio(tf.sub(fa, fb), tf.sub(a, b), atZero.minus),
    plus: ratio(tf.add(fa, fb), tf.add(a, b), atZero.plus),
    ratio: ratio(images, values, atZero.ratio)
  }
}

/**
 * σ ↦ min(σ, r): onto the ball of the spectral norm.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * const clipped = Matrices.ofSingular(tf.tensor2d([[0, 3], [0.5, 0]]), Matrices.atMost(1))
 * [...clipped.dataSync()].map((x) => x.toFixed(2)) // => ["0.00", "1.00", "0.50", "0.00"]
 * ```
 */
export const atMost = (bound: number): SingularFunction => ({
  of: (values) => tf.minimum(values, bound),
  slopes: (values) => {
    const inside = less(values, bound)
    const [own] = pairs(inside)
    return quotients(values, tf.minimum(values, bound), {
      minus: own,
      plus: tf.onesLike(own),
      ratio: tf.onesLike(values)
    })
  }
})

const firstOnes = (values: tf.Tensor, rank: number) =>
  tf.add(
    tf.zerosLike(values),
    tf.tensor1d(Array.from({ length: size(values, -1) }, (_, i) => (i < rank ? 1 : 0)))
  )

/**
 * σ ↦ 1 for the `rank` largest singular values, 0 for the others: the polar factor of the nearest matrix of that rank,
 * by default the polar factor. Where one of those σ vanishes, or equals one of the others, it has no derivative, and
 * its gradient is not finite.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * const factor = Matrices.ofSingular(tf.tensor2d([[0, 3], [0.5, 0]]), Matrices.isometry())
 * [...factor.dataSync()].map((x) => Math.abs(x).toFixed(2)) // => ["0.00", "1.00", "1.00", "0.00"]
 * ```
 */
export const isometry = (rank = Infinity): SingularFunction => ({
  of: (values) => firstOnes(values, rank),
  slopes: (values) => {
    const kept = firstOnes(values, rank)
    const [a, b] = pairs(values)
    const [keptA, keptB] = pairs(kept)
    return {
      minus: share(tf.sub(keptA, keptB), tf.sub(a, b)),
      plus: share(tf.add(keptA, keptB), tf.add(a, b)),
      ratio: share(kept, values)
    }
  }
})

/** a/b for constants a; 0 where a is, whatever b is. */
const share = (a: tf.Tensor, b: tf.Tensor) => tf.div(a, choose(equal(a, 0), tf.onesLike(b), b))

/** 1 but for the last singular value: for that the sign of det U det V. */
const signs = (values: tf.Tensor, { left, right }: Svd) => {
  const n = size(values, -1)
  const improper = less(tf.mul(determinant(left), determinant(right)), 0)
  const last = tf.tensor1d(Array.from({ length: n }, (_, i) => (i === n - 1 ? 2 : 0)))
  return tf.sub(tf.onesLike(values), tf.mul(tf.expandDims(improper, -1), last))
}

/**
 * σ ↦ ±1 with determinant 1: the nearest rotation, which reverses the weakest direction where the polar factor is a
 * reflection. Square matrices only; where the two smallest σ of a reflection are equal there are several, and the
 * gradient is not finite.
 *
 * Source: Kabsch 1976.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * const turned = Matrices.ofSingular(tf.tensor2d([[0, 3], [1, 0]]), Matrices.rotation)
 * Matrices.determinant(turned).dataSync()[0]!.toFixed(4) // => "1.0000"
 * ```
 */
export const rotation: SingularFunction = {
  of: signs,
  slopes: (values, whole) => {
    const images = signs(values, whole)
    const [a, b] = pairs(values)
    const [fa, fb] = pairs(images)
    return { minus: share(tf.sub(fa, fb), tf.sub(a, b)), plus: share(tf.add(fa, fb), tf.add(a, b)), ratio: images }
  }
}

/**
 * The `rank` largest singular values, and 0 for the others: the nearest matrix of that rank. Where the last of them
 * equals the next, there are several, and the gradient is not finite. Matrices of lower rank have no nearest one; they
 * get √ε·σ₁ (√ε if zero) for what is missing.
 *
 * Source: Eckart and Young 1936, *The approximation of one matrix by another of lower rank*.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * const first = Matrices.ofSingular(tf.tensor2d([[3, 0], [0, 1]]), Matrices.truncated(1))
 * [...first.dataSync()] // => [3, 0, 0, 0]
 * ```
 */
export const truncated = (rank: number): SingularFunction => {
  const images = (values: tf.Tensor) => {
    const { epsilon } = Arithmetic.current()
    const largest = tf.max(values, -1, true)
    const scale = choose(equal(largest, 0), tf.onesLike(largest), largest)
    const stands = greater(values, tf.mul(largest, missing()))
    const lifted = tf.mul(tf.onesLike(values), tf.mul(scale, Math.sqrt(epsilon)))
    return tf.mul(choose(stands, values, lifted), firstOnes(values, rank))
  }
  return {
    of: images,
    slopes: (values) => {
      const kept = firstOnes(values, rank)
      const [keptA, keptB] = pairs(kept)
      const both = tf.mul(keptA, keptB)
      // Where equal σ lie on both sides of the cut there is no derivative.
      const torn = choose(equal(keptA, keptB), both, tf.div(both, 0))
      return quotients(values, images(values), { minus: torn, plus: both, ratio: kept })
    }
  }
}

/**
 * Singular values, or eigenvalues, below this share of the largest are rounding.
 *
 * @internal
 */
export const missing = (): number => 16 * Arithmetic.current().epsilon
