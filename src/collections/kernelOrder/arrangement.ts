/** The way from weights to their kernels and matrices, and back: only entries move. */
import * as tf from "@tensorflow/tfjs-core"
import type { Arrangement } from "../../geometry/combinators/rearranged.ts"
import type * as Shape from "../../numerics/Shape.ts"
import { kernelArrangement, type Matricization } from "../matricized.ts"
import { kernels } from "./kernels.ts"
import type { Axes, KernelOrder } from "./orders.ts"

/**
 * The bijection between weights and their kernels `[blocks, A, B, C, D]`; both directions act on batches.
 *
 * @throws RangeError as `kernels`.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { KernelOrder } from "finegrain"
 * const { from } = KernelOrder.arrangement(KernelOrder.gates(2), [1, 4])
 * [...from(tf.tensor2d([[1, 2, 3, 4]])).dataSync()] // => [1, 2, 3, 4]
 * from(tf.tensor2d([[1, 2, 3, 4]])).shape // => [2, 1, 1, 1, 2]
 * ```
 */
export const arrangement = (order: KernelOrder, weight: Shape.Shape): Arrangement<tf.Tensor, tf.Tensor> => {
  const { blocks, shape } = kernels(order, weight)
  const [whole, axes] = [order.split(weight), order.axes.flat()]
  const inverse = axes.map((_, axis) => axes.indexOf(axis))
  const moved = axes.map((axis) => whole[axis]!)
  const permuted = (x: tf.Tensor, batch: number, by: Axes) =>
    by.every((axis, i) => axis === i)
      ? x
      : tf.transpose(x, [...Array.from({ length: batch }, (_, i) => i), ...by.map((axis) => batch + axis)])
  return {
    shape: weight,
    from: (w) => {
      const batch = w.shape.slice(0, w.rank - weight.length)
      return tf.reshape(permuted(tf.reshape(w, [...batch, ...whole]), batch.length, axes), [...batch, blocks, ...shape])
    },
    to: (k) => {
      const batch = k.shape.slice(0, -5)
      return tf.reshape(permuted(tf.reshape(k, [...batch, ...moved]), batch.length, inverse), [...batch, ...weight])
    }
  }
}

/**
 * The bijection between weights and the matrices `[blocks·inputs·outputs, m, n]` of all their kernels, block by block.
 *
 * @throws RangeError as `kernels`.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Combinators, KernelOrder } from "finegrain"
 * const { from } = KernelOrder.matrices(KernelOrder.depthwise, Combinators.perKernel, [3, 3, 8, 2])
 * from(tf.zeros([3, 3, 8, 2])).shape // => [16, 3, 3]
 * ```
 */
export const matrices = (
  order: KernelOrder,
  matricization: Matricization,
  weight: Shape.Shape
): Arrangement<tf.Tensor, tf.Tensor> => {
  const { blocks, shape } = kernels(order, weight)
  const [outer, inner] = [arrangement(order, weight), kernelArrangement(matricization, shape)]
  const [inputs, outputs] = matricization.grid(shape)
  const matrix = matricization.matrix(shape)
  return {
    shape: weight,
    from: (w) => {
      const stack = inner.from(outer.from(w))
      return tf.reshape(stack, [...stack.shape.slice(0, -4), blocks * inputs * outputs, ...matrix])
    },
    to: (stack) =>
      outer.to(inner.to(tf.reshape(stack, [...stack.shape.slice(0, -3), blocks, inputs * outputs, ...matrix])))
  }
}

/**
 * A weight's kernels as the matrices of all inputs by outputs that they are together: blocks with the same input
 * channels side by side in one, `[1, A·B·C, blocks·D]`; blocks with their own as they are, `[blocks, A·B·C, D]`, of
 * which the direct sum is the whole. Of weights that are matrices, themselves.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { KernelOrder } from "finegrain"
 * KernelOrder.whole(KernelOrder.gates(4), tf.zeros([10, 32])).shape // => [1, 10, 32]
 * KernelOrder.whole(KernelOrder.depthwise, tf.zeros([3, 3, 8, 2])).shape // => [8, 9, 2]
 * ```
 */
export const whole = (order: KernelOrder, weight: tf.Tensor): tf.Tensor3D => {
  const { blocks, shape: [a, b, c, d] } = kernels(order, weight.shape)
  if (weight.rank === 2) return tf.expandDims(weight) as tf.Tensor3D
  const all = tf.reshape(arrangement(order, weight.shape).from(weight), [blocks, a * b * c, d])
  return (order.inputs === "own" || blocks === 1
    ? all
    : tf.reshape(tf.transpose(all, [1, 0, 2]), [1, a * b * c, blocks * d])) as tf.Tensor3D
}
