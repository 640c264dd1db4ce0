/**
 * Orthonormal columns by modified Gram–Schmidt, repeated where it has to be.
 */
import * as tf from "@tensorflow/tfjs-core"
import * as Postponed from "../../engine/Postponed.ts"
import * as Arithmetic from "../Arithmetic.ts"
import { multiply, size, transpose } from "./products.ts"
import { powersOfTwo } from "./scale.ts"
import { solve } from "./solve.ts"

/**
 * The factor Q of the thin QR factorization Y = QR whose R has a positive diagonal, for `[…, m, n]` with m ≥ n, of any
 * scale.
 *
 * Modified Gram–Schmidt, one column of all matrices at a time: about 9n tensor operations. Matrices of which a column
 * loses most of its length to the earlier ones go through it again: twice is enough (Parlett 1980, *The Symmetric
 * Eigenvalue Problem*, section 6.9, after Kahan). A column that depends on the earlier ones, to rounding, becomes zero;
 * there Q has no derivative, and its gradient is NaN. Source of the gradient: Walter and Lehmann 2018, *Algorithmic
 * differentiation of linear algebra functions*.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * [...Matrices.qf(tf.tensor2d([[2, 1], [0, 3]])).dataSync()] // => [1, 0, 0, 1]
 * [...Matrices.qf(tf.tensor2d([[1, 2], [0, 0]])).dataSync()] // => [1, 0, 0, 0]
 * ```
 */
export const qf = (y: tf.Tensor): tf.Tensor => differentiable(y)

const differentiable = (y: tf.Tensor): tf.Tensor =>
  tf.customGrad((given, save) => {
    const x = given as tf.Tensor
    const value = twice(x)
    ;(save as tf.GradSaveFunc)([x])
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: Array<tf.Tensor>) => {
        const [point] = saved as [tf.Tensor]
        const q = differentiable(point)
        const r = multiply(q, point, { transposeA: true })
        const inner = tf.neg(multiply(dy, q, { transposeA: true }))
        const sum = tf.add(dy, multiply(q, mirrored(inner)))
        return transpose(solve(r, transpose(sum)))
      }
    }
  })(y)

/** The lower triangle, and its mirror image above the diagonal. */
const mirrored = (x: tf.Tensor): tf.Tensor => {
  const n = size(x, -1)
  const lower = tf.tensor2d(Array.from({ length: n * n }, (_, e) => (Math.floor(e / n) > e % n ? 1 : 0)), [n, n])
  const below = tf.mul(x, lower)
  return tf.add(tf.add(below, transpose(below)), tf.mul(x, tf.eye(n)))
}

/**
 * A column that keeps less than this share of its length is not orthogonal to the earlier ones: rounding grows by the
 * inverse.
 */
const cancelled = 0.1

/** Columns in front, so that one column of all matrices is one contiguous slice, of sizes that can be squared. */
const columnsOf = (y: tf.Tensor) => {
  const axes = y.shape.map((_, i) => i)
  const columns = tf.transpose(y, [y.rank - 1, ...axes.slice(0, -1)])
  const scales = powersOfTwo(tf.max(tf.abs(columns), -1, true))
  const back = (x: tf.Tensor) => tf.transpose(x, [...axes.slice(1), 0])
  return { ordinary: scales === undefined ? columns : tf.mul(columns, scales), back }
}

const twice = (y: tf.Tensor): tf.Tensor => {
  const { back, ordinary } = columnsOf(y)
  if (!Postponed.here()) {
    const once = pass(ordinary, false)
    if ((once.kept.dataSync() as Float32Array).every((share) => share >= cancelled)) return back(once.q)
  }
  const { kept, q } = pass(ordinary, true)
  const least = tf.min(kept, 0, true)
  const again = tf.add(tf.zerosLike(q), tf.cast(tf.less(least, cancelled), "float32"))
  // Zero has no sign.
  return back(tf.add(tf.where(tf.cast(again, "bool"), pass(q, true).q, q), 0))
}

/**
 * One pass of modified Gram–Schmidt, of any scale: orthonormal columns where no column nearly depends on the earlier
 * ones.
 *
 * The first pass of `qf`, with the same bits at ordinary matrices; for what is orthonormalized again anyway.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * [...Matrices.gramSchmidt(tf.tensor2d([[2, 1], [0, 3]])).dataSync()] // => [1, 0, 0, 1]
 * ```
 */
export const gramSchmidt = (y: tf.Tensor): tf.Tensor => {
  const { back, ordinary } = columnsOf(y)
  return back(pass(ordinary, false).q)
}

/**
 * Columns in front. Where it is said, those of which rounding alone is left become zero, and what is kept of their
 * length is 0; each costs a few operations more.
 */
const pass = (columns: tf.Tensor, careful: boolean): { readonly q: tf.Tensor; readonly kept: tf.Tensor } => {
  const [n = 0, m = 0] = [columns.shape[0], columns.shape.at(-1)]
  const before = tf.maximum(tf.sqrt(tf.sum(tf.square(columns), -1, true)), least()[0])
  // What rounding leaves of a column that depends on the earlier ones.
  const rounding = tf.mul(before, 8 * Arithmetic.current().epsilon * Math.sqrt(m))
  const found: Array<tf.Tensor> = []
  const lengths: Array<tf.Tensor> = []
  let rest = columns
  for (let j = 0; j < n; j++) {
    const column = j === n - 1 ? rest : first(rest)
    const length = tf.sqrt(tf.sum(tf.square(column), -1, true))
    const stands = careful ? tf.greater(length, part(rounding, j)) : undefined
    const q = stands === undefined
      ? tf.div(column, tf.maximum(length, least()[1]))
      : tf.mul(tf.div(column, tf.where(stands, length, part(before, j))), tf.cast(stands, "float32"))
    found.push(q)
    lengths.push(stands === undefined ? length : tf.where(stands, length, tf.zerosLike(length)))
    if (j < n - 1) {
      const others = afterFirst(rest)
      rest = tf.sub(others, tf.mul(q, tf.sum(tf.mul(q, others), -1, true)))
    }
  }
  const together = (parts: Array<tf.Tensor>) => parts.length === 1 ? parts[0]! : tf.concat(parts, 0)
  return { q: together(found), kept: tf.div(together(lengths), before) }
}

/** Below all lengths of columns, and of what is left of them, whose squares are numbers. */
const least = (): readonly [before: number, left: number] =>
  Arithmetic.current() === Arithmetic.float64 ? [1e-300, 1e-250] : [1e-37, 1e-30]

const first = (x: tf.Tensor) => part(x, 0)
const part = (x: tf.Tensor, j: number) => tf.slice(x, [j, ...x.shape.slice(1).map(() => 0)], [1, ...x.shape.slice(1)])
const afterFirst = (x: tf.Tensor) =>
  tf.slice(x, [1, ...x.shape.slice(1).map(() => 0)], [x.shape[0]! - 1, ...x.shape.slice(1)])
