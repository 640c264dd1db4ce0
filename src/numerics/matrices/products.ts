/**
 * Products and parts of matrices, on batches `[…, m, n]`.
 */
import * as tf from "@tensorflow/tfjs-core"
import { counted } from "../../choices/counted.ts"

/** The length of one of the last two axes. */
export const size = (x: tf.Tensor, axis: -1 | -2): number => x.shape[x.rank + axis]!

/**
 * The transposes of a batch of matrices: `[…, m, n]` → `[…, n, m]`.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * Matrices.transpose(tf.zeros([5, 3, 2])).shape // => [5, 2, 3]
 * ```
 */
export const transpose = (x: tf.Tensor): tf.Tensor => {
  const axes = x.shape.map((_, i) => i)
  const order = [...axes.slice(0, -2), x.rank - 1, x.rank - 2]
  // Engines divide by the length of an axis.
  return x.size === 0 ? tf.reshape(x, order.map((axis) => x.shape[axis]!)) : tf.transpose(x, order)
}

/**
 * Matrix products X·Y of two batches, either one transposed on request; the batches broadcast, forwards and in
 * gradients.
 *
 * @throws RangeError for vectors, for matrices whose inner lengths differ, and for batches that do not broadcast.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * Matrices.multiply(tf.ones([5, 3, 2]), tf.ones([5, 3, 4]), { transposeA: true }).shape // => [5, 2, 4]
 * Matrices.multiply(tf.ones([2, 1, 3, 2]), tf.ones([1, 10, 2, 4])).shape // => [2, 10, 3, 4]
 * ```
 */
export const multiply = (
  x: tf.Tensor,
  y: tf.Tensor,
  { transposeA = false, transposeB = false }: { readonly transposeA?: boolean; readonly transposeB?: boolean } = {}
): tf.Tensor => {
  const refuse = (reason: string) => {
    throw new RangeError(
      `no product of matrices of shapes [${x.shape.join(", ")}] and [${y.shape.join(", ")}]: ${reason}`
    )
  }
  if (x.rank < 2 || y.rank < 2) refuse("a vector is no matrix, write it as [m, 1] or [1, n]")
  const inner = [size(x, transposeA ? -2 : -1), size(y, transposeB ? -1 : -2)] as const
  if (inner[0] !== inner[1]) refuse(`${counted(inner[0], "column meets", "columns meet")} ${counted(inner[1], "row")}`)
  const batches = [x, y].map(({ shape }) => shape.slice(0, -2))
  if (batches[0]!.join() === batches[1]!.join()) return tf.matMul(x, y, transposeA, transposeB)
  const batch = broadcast(batches[0]!, batches[1]!) ?? refuse("their batches do not broadcast")
  return tf.matMul(spread(x, batch!), spread(y, batch!), transposeA, transposeB)
}

/**
 * XᵀY of two batches of matrices `[…, m, n]` and `[…, m, k]`: `[…, n, k]`.
 *
 * @throws RangeError as `multiply`.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * Matrices.transposeTimes(tf.ones([5, 3, 2]), tf.ones([5, 3, 4])).shape // => [5, 2, 4]
 * ```
 */
export const transposeTimes = (x: tf.Tensor, y: tf.Tensor): tf.Tensor => multiply(x, y, { transposeA: true })

const broadcast = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): Array<number> | undefined => {
  const rank = Math.max(a.length, b.length)
  const pairs = Array.from(
    { length: rank },
    (_, i) => [a[a.length - rank + i] ?? 1, b[b.length - rank + i] ?? 1] as const
  )
  return pairs.every(([m, n]) => m === n || m === 1 || n === 1) ? pairs.map(([m, n]) => m === 1 ? n : m) : undefined
}

/** One matrix in every place of the batch: by a sum, whose gradient every engine has for every rank. */
const spread = (x: tf.Tensor, batch: ReadonlyArray<number>): tf.Tensor =>
  x.shape.slice(0, -2).join() === batch.join() ? x : tf.add(x, tf.zeros([...batch, 1, 1]))

/**
 * The symmetric part (M + Mᵀ)/2.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * Matrices.sym(tf.tensor2d([[1, 2], [4, 3]])).dataSync().join() // => "1,3,3,3"
 * ```
 */
export const sym = (x: tf.Tensor): tf.Tensor => tf.mul(tf.add(x, transpose(x)), 0.5)

/**
 * The skew-symmetric part (M − Mᵀ)/2.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * Matrices.skew(tf.tensor2d([[1, 2], [4, 3]])).dataSync().join() // => "0,-1,1,0"
 * ```
 */
export const skew = (x: tf.Tensor): tf.Tensor => tf.mul(tf.sub(x, transpose(x)), 0.5)

/**
 * The traces of a batch of square matrices; shape `[…]`, or `[…, 1, 1]` with `keepDims`.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * Matrices.trace(tf.eye(3)).dataSync()[0] // => 3
 * ```
 */
export const trace = (x: tf.Tensor, keepDims = false): tf.Tensor =>
  tf.sum(tf.mul(x, tf.eye(size(x, -1))), [-2, -1], keepDims)
