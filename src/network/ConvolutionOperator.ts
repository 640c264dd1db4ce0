/** The norm of a convolution as a linear map of whole images, from the Fourier transform of its kernel. */
import * as tf from "@tensorflow/tfjs-core"
import { counted } from "../choices/counted.ts"
import type { KernelShape } from "../collections/matricized.ts"
import { constant } from "../numerics/Constant.ts"
import { scaleOf } from "../numerics/Differentiable.ts"
import { half, type Lattice, phases, range } from "./convolution/frequencies.ts"
import { largestSingularValues, steps } from "./convolution/largestSingularValues.ts"

/** What a kernel is applied to, and how. */
export interface OperatorGeometry {
  /** Height and width of the features that enter. */
  readonly size: readonly [height: number, width: number]
  /** Default [1, 1]; each must divide its side. */
  readonly strides?: readonly [number, number]
  /** Default [1, 1]. */
  readonly dilations?: readonly [number, number]
}

/** Numbers in the blocks that are treated at once, at most: 64 MiB in float32. */
const mostNumbers = 2 ** 24

const product = (values: ReadonlyArray<number>) => values.reduce((a, b) => a * b, 1)

/** The norm of kernels `[blocks, …, inputs, outputs]`, each from channels of its own to its own. */
const normOn = (given: tf.Tensor, lattice: Lattice): tf.Scalar => {
  const { size, strides } = lattice
  const bad = size.findIndex((side, axis) => side % strides[axis]! !== 0)
  if (bad >= 0) {
    throw new RangeError(
      `ConvolutionOperator.norm: a stride of ${strides[bad]} does not divide a side of ${counted(size[bad]!, "pixel")}`
    )
  }
  const blocks = given.shape[0]!
  const [inputs, outputs] = given.shape.slice(-2) as [number, number]
  const spatial = given.shape.slice(1, -2)
  const [entries, aliases] = [product(spatial), product(strides)]
  // A 1×1 kernel has the same block at every frequency.
  const frequencies = entries === 1 ? [size.map(() => 0)] : half(size.map((side, axis) => side / strides[axis]!))
  const rows = aliases * inputs
  const atOnce = Math.max(1, Math.floor(mostNumbers / (2 * blocks * rows * outputs)))
  return tf.tidy(() => {
    const scale = scaleOf(tf.max(tf.abs(constant(given))))
    const kernels = tf.div(given, scale)
    const together = blocks === 1
      ? kernels
      : tf.transpose(tf.reshape(kernels, [blocks, entries, inputs * outputs]), [1, 0, 2])
    const matrix = tf.mul(tf.reshape(together, [entries, blocks * inputs * outputs]), 1 / Math.sqrt(aliases))
    const blockwise = (values: tf.Tensor, count: number) =>
      tf.reshape(
        blocks === 1
          ? values
          : tf.transpose(tf.reshape(values, [count, aliases, blocks, inputs * outputs]), [0, 2, 1, 3]),
        [count * blocks, rows, outputs]
      ) as tf.Tensor3D
    const largest = range(Math.ceil(frequencies.length / atOnce)).map((chunk) =>
      tf.tidy(() => {
        const own = frequencies.slice(chunk * atOnce, (chunk + 1) * atOnce)
        const [real, imaginary] = phases(spatial, lattice, own).map((phase) =>
          blockwise(tf.matMul(phase, matrix as tf.Tensor2D), own.length)
        ) as [tf.Tensor3D, tf.Tensor3D]
        return tf.max(largestSingularValues({ real, imaginary }))
      })
    )
    return tf.mul(tf.max(tf.stack(largest)), scale) as tf.Scalar
  })
}

/**
 * The norm of a convolution as a linear map of whole images, boundaries periodic: the largest singular value of all its
 * blocks, one per frequency f of the output,
 *
 *     (st)^(−1/2)·[K̂(f₁), …, K̂(f_st)],  K̂(f) = Σ_ab K_ab·e^(−2πi⟨f, (a, b)⟩),
 *
 * where f₁, …, f_st are the frequencies of the input that the strides s and t fold into f. Of a kernel
 * `[height, width, inputs, outputs]`; a scalar. σ₁ of the kernel as one matrix is neither above nor below it;
 * σ₁·√(height·width) is above it where strides are 1.
 *
 * Source: Sedghi, Gupta and Long 2019, *The singular values of convolutional layers*; strides by the aliases of the
 * transform.
 *
 * @throws RangeError for strides that do not divide the size.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { ConvolutionOperator } from "finegrain"
 * // A mean of nine pixels leaves constant images as they are.
 * const mean = tf.fill([3, 3, 1, 1], 1 / 9) as tf.Tensor4D
 * ConvolutionOperator.norm(mean, { size: [8, 8] }).dataSync()[0]!.toFixed(4) // => "1.0000"
 * ```
 */
export const norm = (kernel: tf.Tensor4D, geometry: OperatorGeometry): tf.Scalar =>
  tf.tidy(() => normOfBlocks(tf.expandDims(kernel) as tf.Tensor5D, geometry))

/**
 * The norm of a convolution in groups, of which each has input and output channels of its own, as a depthwise one: the
 * largest of its kernels `[groups, height, width, inputs, outputs]`, each as in `norm`. A scalar.
 *
 * @throws RangeError for strides that do not divide the size.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { ConvolutionOperator } from "finegrain"
 * const kernels = tf.tensor([1, 3, 2], [3, 1, 1, 1, 1]) as tf.Tensor5D
 * ConvolutionOperator.normOfBlocks(kernels, { size: [8, 8] }).dataSync()[0]!.toFixed(4) // => "3.0000"
 * ```
 */
export const normOfBlocks = (
  kernels: tf.Tensor5D,
  { dilations = [1, 1], size, strides = [1, 1] }: OperatorGeometry
): tf.Scalar => normOn(kernels, { dilations, size, strides })

/** What a kernel of volumes is applied to, and how. */
export interface Volume {
  /** Length, height and width of the features that enter. */
  readonly size: readonly [length: number, height: number, width: number]
  /** Default [1, 1, 1]; each must divide its side. */
  readonly strides?: readonly [number, number, number]
  /** Default [1, 1, 1]. */
  readonly dilations?: readonly [number, number, number]
}

/**
 * The norm of a convolution of volumes or films, boundaries periodic, as in `norm`. Of a kernel
 * `[length, height, width, inputs, outputs]`; a scalar.
 *
 * @throws RangeError for strides that do not divide the size.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { ConvolutionOperator } from "finegrain"
 * const mean = tf.fill([2, 2, 2, 1, 1], 1 / 8) as tf.Tensor5D
 * ConvolutionOperator.normOfVolumes(mean, { size: [4, 4, 4] }).dataSync()[0]!.toFixed(4) // => "1.0000"
 * ```
 */
export const normOfVolumes = (
  kernel: tf.Tensor5D,
  { dilations = [1, 1, 1], size, strides = [1, 1, 1] }: Volume
): tf.Scalar => tf.tidy(() => normOn(tf.expandDims(kernel), { dilations, size, strides }))

const workOn = (
  spatial: ReadonlyArray<number>,
  [blocks, inputs, outputs]: readonly [number, number, number],
  size: ReadonlyArray<number>,
  strides: ReadonlyArray<number>
): number => {
  const frequencies = product(spatial) === 1 ? 1 : product(size) / (2 * product(strides))
  const rows = product(strides) * inputs
  const [entries, length] = [rows * outputs, Math.min(steps, rows, outputs)]
  return blocks * frequencies * (2 * product(spatial) * entries + 8 * length * entries + 21 * length ** 3)
}

/**
 * Multiplications that `norm` takes, about, or `normOfBlocks` for so many groups: to decide whether to wait for it.
 *
 * @example
 * ```ts
 * import { ConvolutionOperator } from "finegrain"
 * ConvolutionOperator.work([3, 3, 64, 64], { size: [56, 56] }) > 1e9 // => true
 * ```
 */
export const work = (
  [height, width, inputs, outputs]: KernelShape,
  { size, strides = [1, 1] }: OperatorGeometry,
  groups = 1
): number => workOn([height, width], [groups, inputs, outputs], size, strides)

/**
 * Multiplications that `normOfVolumes` takes, about.
 *
 * @example
 * ```ts
 * import { ConvolutionOperator } from "finegrain"
 * ConvolutionOperator.workOfVolumes([3, 3, 3, 64, 64], { size: [16, 56, 56] }) > 1e9 // => true
 * ```
 */
export const workOfVolumes = (
  [length, height, width, inputs, outputs]: readonly [number, number, number, number, number],
  { size, strides = [1, 1, 1] }: Volume
): number => workOn([length, height, width], [1, inputs, outputs], size, strides)
