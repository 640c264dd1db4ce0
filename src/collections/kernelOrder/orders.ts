/** The orders in which weights of layers hold their kernels: one more is one more value. */
import type * as Shape from "../../numerics/Shape.ts"

/** Some axes of a tensor. */
export type Axes = ReadonlyArray<number>

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

/** A block for each of so many runs of the last axis. */
const inRuns = (
  name: string,
  runs: number,
  axes: KernelOrder["axes"],
  inputs: KernelOrder["inputs"]
): KernelOrder => ({
  ...order(`${name}(${runs})`, axes, inputs),
  rank: axes.flat().length - 1,
  split: (weight) => [...weight.slice(0, -1), runs, weight.at(-1)! / runs]
})

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
export const grouped = (groups: number): KernelOrder => inRuns("grouped", groups, [[3], [0], [1], [2], [4]], "own")

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
export const gates = (count: number): KernelOrder => inRuns("gates", count, [[1], [], [], [0], [2]], "shared")

/**
 * `[A, B, C, G·D]`, a convolutional recurrent layer's with G gates: a convolution's kernel for each.
 *
 * @example
 * ```ts
 * import { KernelOrder } from "finegrain"
 * KernelOrder.kernels(KernelOrder.convolutionGates(4), [3, 3, 2, 32]) // => { blocks: 4, shape: [3, 3, 2, 8] }
 * ```
 */
export const convolutionGates = (count: number): KernelOrder =>
  inRuns("convolutionGates", count, [[3], [0], [1], [2], [4]], "shared")

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
