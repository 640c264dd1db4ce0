/** The orders in which weights of layers hold their kernels, and the way from each of them to matrices and back. */
import * as tf from "@tensorflow/tfjs-core"
import { type Arrangement, rearranged } from "../geometry/combinators/rearranged.ts"
import type * as Manifold from "../geometry/Manifold.ts"
import type * as Shape from "../numerics/Shape.ts"
import { kernelArrangement, type KernelShape, type Matricization } from "./matricized.ts"

type Axes = ReadonlyArray<number>

/**
 * How a layer's weight holds kernels: where the blocks, the rows A, the columns B, the input channels C and the output
 * channels D of kernels `[blocks, A, B, C, D]` are among its axes. Only entries move, so that a step on matrices finds
 * its way to the weight.
 */
export interface KernelOrder {
  readonly name: string
  /** How many axes a weight has. */
  readonly rank: number
  /** Axes of the weight, those that hold two of the kernels' ones as two. */
  readonly split: (weight: Shape.Shape) => Shape.Shape
  /** For each axis of the kernels the split ones that it consists of, slowest first; none: its length is 1. */
  readonly axes: readonly [blocks: Axes, a: Axes, b: Axes, c: Axes, d: Axes]
  /**
   * Whether the same input channels enter all blocks, as the gates of a recurrent layer, or each has its own, as groups
   * of channels.
   */
  readonly inputs: "shared" | "own"
}

const asItIs = (weight: Shape.Shape) => weight

const order = (name: string, axes: KernelOrder["axes"], inputs: KernelOrder["inputs"] = "shared"): KernelOrder => ({
  name,
  rank: axes.flat().length,
  split: asItIs,
  axes,
  inputs
})

/** The last axis as so many runs. */
const inRuns = (runs: number) => (weight: Shape.Shape): Shape.Shape => [
  ...weight.slice(0, -1),
  runs,
  weight.at(-1)! / runs
]

/**
 * `[C, D]`, a dense layer's: one kernel 1×1.
 *
 * @example
 * ```ts
 * import { KernelOrder } from "finegrain"
 * KernelOrder.kernels(KernelOrder.dense, [64, 10]) // => { blocks: 1, shape: [1, 1, 64, 10] }
 * ```
 */
export const dense: KernelOrder = order("dense", [[], [], [], [0], [1]])

/**
 * `[A, C, D]`, a one-dimensional convolution's.
 *
 * @example
 * ```ts
 * import { KernelOrder } from "finegrain"
 * KernelOrder.kernels(KernelOrder.convolution1d, [5, 3, 8]) // => { blocks: 1, shape: [5, 1, 3, 8] }
 * ```
 */
export const convolution1d: KernelOrder = order("convolution1d", [[], [0], [], [1], [2]])

/**
 * `[A, B, C, D]`, a convolution's of images.
 *
 * @example
 * ```ts
 * import { KernelOrder } from "finegrain"
 * KernelOrder.kernels(KernelOrder.convolution, [3, 3, 4, 6]) // => { blocks: 1, shape: [3, 3, 4, 6] }
 * ```
 */
export const convolution: KernelOrder = order("convolution", [[], [0], [1], [2], [3]])

/**
 * `[T, A, B, C, D]`, a convolution's of volumes or films: a spatial kernel is a matrix TA×B, its slices on top of each
 * other.
 *
 * @example
 * ```ts
 * import { KernelOrder } from "finegrain"
 * KernelOrder.kernels(KernelOrder.convolution3d, [2, 3, 3, 4, 6]) // => { blocks: 1, shape: [6, 3, 4, 6] }
 * ```
 */
export const convolution3d: KernelOrder = order("convolution3d", [[], [0, 1], [2], [3], [4]])

/**
 * `[A, B, D, C]`, a transposed convolution's of images: outputs before inputs.
 *
 * @example
 * ```ts
 * import { KernelOrder } from "finegrain"
 * KernelOrder.kernels(KernelOrder.transposed, [3, 3, 6, 4]) // => { blocks: 1, shape: [3, 3, 4, 6] }
 * ```
 */
export const transposed: KernelOrder = order("transposed", [[], [0], [1], [3], [2]])

/**
 * `[T, A, B, D, C]`, a transposed convolution's of volumes: spatial kernels as in `convolution3d`, channels as in
 * `transposed`.
 *
 * @example
 * ```ts
 * import { KernelOrder } from "finegrain"
 * KernelOrder.kernels(KernelOrder.transposed3d, [2, 3, 3, 6, 4]) // => { blocks: 1, shape: [6, 3, 4, 6] }
 * ```
 */
export const transposed3d: KernelOrder = order("transposed3d", [[], [0, 1], [2], [4], [3]])

/**
 * `[A, B, C, M]`, a depthwise convolution's with M outputs for each channel: C blocks `[A, B, 1, M]`. Output m of
 * channel c is the layer's output c·M + m.
 *
 * @example
 * ```ts
 * import { KernelOrder } from "finegrain"
 * KernelOrder.kernels(KernelOrder.depthwise, [3, 3, 8, 2]) // => { blocks: 8, shape: [3, 3, 1, 2] }
 * ```
 */
export const depthwise: KernelOrder = order("depthwise", [[2], [0], [1], [], [3]], "own")

/**
 * `[A, B, C/G, D]`, a convolution's in G groups, each from its own C/G channels to its own D/G: G blocks.
 *
 * @example
 * ```ts
 * import { KernelOrder } from "finegrain"
 * KernelOrder.kernels(KernelOrder.grouped(2), [3, 3, 4, 6]) // => { blocks: 2, shape: [3, 3, 4, 3] }
 * ```
 */
export const grouped = (groups: number): KernelOrder => ({
  name: `grouped(${groups})`,
  rank: 4,
  split: inRuns(groups),
  axes: [[3], [0], [1], [2], [4]],
  inputs: "own"
})

/**
 * `[C, G·D]`, a recurrent layer's with G gates: a dense kernel for each. An LSTM has four (input, forget, cell,
 * output), a GRU three (update, reset, new), a simple recurrent layer one.
 *
 * @example
 * ```ts
 * import { KernelOrder } from "finegrain"
 * KernelOrder.kernels(KernelOrder.gates(4), [10, 32]) // => { blocks: 4, shape: [1, 1, 10, 8] }
 * ```
 */
export const gates = (count: number): KernelOrder => ({
  name: `gates(${count})`,
  rank: 2,
  split: inRuns(count),
  axes: [[1], [], [], [0], [2]],
  inputs: "shared"
})

/**
 * `[A, B, C, G·D]`, a convolutional recurrent layer's with G gates: a convolution's kernel for each.
 *
 * @example
 * ```ts
 * import { KernelOrder } from "finegrain"
 * KernelOrder.kernels(KernelOrder.convolutionGates(4), [3, 3, 2, 32]) // => { blocks: 4, shape: [3, 3, 2, 8] }
 * ```
 */
export const convolutionGates = (count: number): KernelOrder => ({
  name: `convolutionGates(${count})`,
  rank: 4,
  split: inRuns(count),
  axes: [[3], [0], [1], [2], [4]],
  inputs: "shared"
})

/**
 * `[V, n]`, an embedding's of V things: each row a kernel n×1 of its own, so that per kernel it is a vector, on a
 * sphere say, and `perFilterMatrix` has them as the columns of one matrix n×V.
 *
 * @example
 * ```ts
 * import { KernelOrder } from "finegrain"
 * KernelOrder.kernels(KernelOrder.embedding, [1000, 16]) // => { blocks: 1, shape: [16, 1, 1000, 1] }
 * ```
 */
export const embedding: KernelOrder = order("embedding", [[], [1], [], [0], []])

/**
 * All orders, those of groups and gates with a few.
 *
 * @example
 * ```ts
 * import { KernelOrder } from "finegrain"
 * KernelOrder.orders.length // => 12
 * ```
 */
export const orders: ReadonlyArray<KernelOrder> = [
  dense,
  convolution1d,
  convolution,
  convolution3d,
  transposed,
  transposed3d,
  depthwise,
  grouped(2),
  gates(3),
  gates(4),
  convolutionGates(4),
  embedding
]

/** Kernels of one weight: how many, and the shape of each. */
export interface Kernels {
  readonly blocks: number
  readonly shape: KernelShape
}

/**
 * The kernels that a weight of some shape holds.
 *
 * @throws RangeError for a weight with another number of axes, or whose outputs cannot be shared evenly among groups or
 * gates.
 *
 * @example
 * ```ts
 * import { KernelOrder } from "finegrain"
 * KernelOrder.kernels(KernelOrder.gates(3), [10, 24]) // => { blocks: 3, shape: [1, 1, 10, 8] }
 * ```
 */
export const kernels = ({ axes, name, rank, split }: KernelOrder, weight: Shape.Shape): Kernels => {
  const whole = weight.length === rank ? split(weight) : []
  if (whole.length === 0 || !whole.every(Number.isInteger)) {
    const why = whole.length === 0 ? `it has ${weight.length} axes, not ${rank}` : "its outputs cannot be shared evenly"
    throw new RangeError(`A [${weight.join(", ")}] weight holds no ${name} kernels: ${why}`)
  }
  const [blocks, a, b, c, d] = axes.map((own) => own.reduce((length, axis) => length * whole[axis]!, 1)) as [
    number,
    number,
    number,
    number,
    number
  ]
  return { blocks, shape: [a, b, c, d] }
}

/**
 * How many input channels a weight has, those of all blocks together: as many as λ has entries.
 *
 * @example
 * ```ts
 * import { KernelOrder } from "finegrain"
 * KernelOrder.channels(KernelOrder.depthwise, [3, 3, 8, 2]) // => 8
 * KernelOrder.channels(KernelOrder.gates(4), [10, 32]) // => 10
 * ```
 */
export const channels = (order: KernelOrder, weight: Shape.Shape): number => {
  const { blocks, shape: [, , inputs] } = kernels(order, weight)
  return order.inputs === "own" ? blocks * inputs : inputs
}

/**
 * How many outputs a layer with this weight has, those of all blocks together.
 *
 * @example
 * ```ts
 * import { KernelOrder } from "finegrain"
 * KernelOrder.outputs(KernelOrder.depthwise, [3, 3, 8, 2]) // => 16
 * ```
 */
export const outputs = (order: KernelOrder, weight: Shape.Shape): number => {
  const { blocks, shape: [, , , outputs] } = kernels(order, weight)
  return weight.length === 2 ? weight[1]! : blocks * outputs
}

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

/**
 * A manifold of stacks of matrices as one of a layer's weights, in the layer's own order.
 *
 * Norms are those of the direct sum of the component weights.
 *
 * @throws RangeError where the stack's shape is not that of the weight's matrices.
 *
 * @example
 * ```ts
 * import { Combinators, KernelOrder, Sphere } from "finegrain"
 * const rows = Combinators.power(Sphere.make([16, 1]), 1000)
 * const M = KernelOrder.matricized(rows, KernelOrder.embedding, Combinators.perKernel, [1000, 16])
 * M.shape // => [1000, 16]
 * ```
 */
export const matricized = (
  stack: Manifold.Manifold,
  order: KernelOrder,
  matricization: Matricization,
  weight: Shape.Shape
): Manifold.Manifold => {
  const { blocks, shape } = kernels(order, weight)
  const [inputs, outputs] = matricization.grid(shape)
  const expected: Shape.Shape = [blocks * inputs * outputs, ...matricization.matrix(shape)]
  if (expected.join() !== stack.shape.join()) {
    throw new RangeError(
      `${matricization.name} sees ${order.name} kernels of a [${weight.join(", ")}] weight as ` +
        `[${expected.join(", ")}], but ${stack.name} has shape [${stack.shape.join(", ")}]`
    )
  }
  return rearranged(
    stack,
    `${order.name} ${matricization.name}[${weight.join(",")}](${stack.name})`,
    matrices(order, matricization, weight),
    stack.norms
  )
}
