/** Matricization: the ways to see a convolution kernel as a stack of matrices, and manifolds seen through them. */
import * as tf from "@tensorflow/tfjs-core"
import { type Arrangement, rearranged } from "../geometry/combinators/rearranged.ts"
import type * as Manifold from "../geometry/Manifold.ts"
import type * as Shape from "../numerics/Shape.ts"

/** Shape of a convolution kernel: height A, width B, input channels C, output channels D (HWIO). */
export type KernelShape = readonly [a: number, b: number, c: number, d: number]

/** Name of a matricization. */
export type MatricizationName = "perKernel" | "perFilter" | "perFilterMatrix" | "perInput" | "whole"

/**
 * A way to see a kernel `[A, B, C, D]` as a stack of matrices: a bijection onto `[inputs·outputs, m, n]`.
 */
export interface Matricization {
  readonly name: MatricizationName
  /** What its matrices are, in one line. */
  readonly about: string
  /** How many matrices there are, by input and by output channels; matrix (i, o) has index i·outputs + o. */
  readonly grid: (shape: KernelShape) => readonly [inputs: number, outputs: number]
  /** Shape m×n of one matrix. */
  readonly matrix: (shape: KernelShape) => readonly [m: number, n: number]
  /** Order of the kernel's axes A, B, C, D that makes the stack a reshape. */
  readonly order: readonly [number, number, number, number]
}

/**
 * One A×B matrix per pair of channels, the paper's component weights: C·D matrices. Source: Ozay 2019, section 3.
 *
 * @example
 * ```ts
 * import { Combinators } from "finegrain"
 * Combinators.perKernel.grid([3, 3, 4, 6]) // => [4, 6]
 * ```
 */
export const perKernel: Matricization = {
  name: "perKernel",
  about: "a matrix A×B for every pair of channels",
  grid: ([, , c, d]) => [c, d],
  matrix: ([a, b]) => [a, b],
  order: [2, 3, 0, 1]
}

/**
 * One vector (ABC)×1 per output channel: D matrices.
 *
 * @example
 * ```ts
 * import { Combinators } from "finegrain"
 * Combinators.perFilter.matrix([3, 3, 4, 6]) // => [36, 1]
 * ```
 */
export const perFilter: Matricization = {
  name: "perFilter",
  about: "a vector ABC×1 for every output channel",
  grid: ([, , , d]) => [1, d],
  matrix: ([a, b, c]) => [a * b * c, 1],
  order: [3, 0, 1, 2]
}

/**
 * One matrix (AB)×C per output channel: D matrices.
 *
 * @example
 * ```ts
 * import { Combinators } from "finegrain"
 * Combinators.perFilterMatrix.matrix([3, 3, 4, 6]) // => [9, 4]
 * ```
 */
export const perFilterMatrix: Matricization = {
  name: "perFilterMatrix",
  about: "a matrix AB×C for every output channel",
  grid: ([, , , d]) => [1, d],
  matrix: ([a, b, c]) => [a * b, c],
  order: [3, 0, 1, 2]
}

/**
 * One matrix (AB)×D per input channel: C matrices.
 *
 * @example
 * ```ts
 * import { Combinators } from "finegrain"
 * Combinators.perInput.matrix([3, 3, 4, 6]) // => [9, 6]
 * ```
 */
export const perInput: Matricization = {
  name: "perInput",
  about: "a matrix AB×D for every input channel",
  grid: ([, , c]) => [c, 1],
  matrix: ([a, b, , d]) => [a * b, d],
  order: [2, 0, 1, 3]
}

/**
 * One matrix (ABC)×D for the layer, as for orthogonal convolution, dense layers and 1×1 convolutions.
 *
 * @example
 * ```ts
 * import { Combinators } from "finegrain"
 * Combinators.whole.matrix([1, 1, 64, 10]) // => [64, 10]
 * ```
 */
export const whole: Matricization = {
  name: "whole",
  about: "one matrix ABC×D",
  grid: () => [1, 1],
  matrix: ([a, b, c, d]) => [a * b * c, d],
  order: [0, 1, 2, 3]
}

/**
 * All matricizations.
 *
 * @example
 * ```ts
 * import { Combinators } from "finegrain"
 * Combinators.matricizations.length // => 5
 * ```
 */
export const matricizations: ReadonlyArray<Matricization> = [perKernel, perFilter, perFilterMatrix, perInput, whole]

/**
 * The bijection between kernels `[…, A, B, C, D]` and stacks of matrices `[…, count, m, n]`.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Combinators } from "finegrain"
 * const { from } = Combinators.kernelArrangement(Combinators.perKernel, [3, 3, 4, 6])
 * from(tf.zeros([3, 3, 4, 6])).shape // => [24, 3, 3]
 * ```
 */
export const kernelArrangement = (
  matricization: Matricization,
  shape: KernelShape
): Arrangement<tf.Tensor, tf.Tensor> => {
  const [inputs, outputs] = matricization.grid(shape)
  const stack = [inputs * outputs, ...matricization.matrix(shape)]
  const { order } = matricization
  const inverse = [0, 1, 2, 3].map((axis) => order.indexOf(axis))
  const permuted = order.map((axis) => shape[axis]!)
  const withBatch = (batch: number, axes: ReadonlyArray<number>) => [
    ...Array.from({ length: batch }, (_, i) => i),
    ...axes.map((axis) => batch + axis)
  ]
  return {
    shape,
    from: (kernel) => {
      const batch = kernel.shape.slice(0, -4)
      return tf.reshape(tf.transpose(kernel, withBatch(batch.length, order)), [...batch, ...stack])
    },
    to: (matrices) => {
      const batch = matrices.shape.slice(0, -3)
      return tf.transpose(tf.reshape(matrices, [...batch, ...permuted]), withBatch(batch.length, inverse))
    }
  }
}

/**
 * A manifold of stacks of matrices `[count, m, n]` as one of kernels `[A, B, C, D]`.
 *
 * Norms are those of the direct sum of the component weights.
 *
 * @throws RangeError where the stack's shape is not that of the matricized kernel.
 *
 * @example
 * ```ts
 * import { Combinators, Stiefel } from "finegrain"
 * const M = Combinators.matricized(Combinators.power(Stiefel.make([3, 3]), 24), Combinators.perKernel, [3, 3, 4, 6])
 * M.shape // => [3, 3, 4, 6]
 * M.dimension // => 72
 * ```
 */
export const matricized = (
  stack: Manifold.Manifold,
  matricization: Matricization,
  shape: KernelShape
): Manifold.Manifold => {
  const [inputs, outputs] = matricization.grid(shape)
  const expected: Shape.Shape = [inputs * outputs, ...matricization.matrix(shape)]
  if (expected.join() !== stack.shape.join()) {
    throw new RangeError(
      `${matricization.name} sees a [${shape.join(", ")}] kernel as [${expected.join(", ")}], ` +
        `but ${stack.name} has shape [${stack.shape.join(", ")}]`
    )
  }
  return rearranged(
    stack,
    `${matricization.name}[${shape.join(",")}](${stack.name})`,
    kernelArrangement(matricization, shape),
    stack.norms
  )
}
