/** The norm of a convolution as a linear map of whole images, from the Fourier transform of its kernel. */
import * as tf from "@tensorflow/tfjs-core"
import { counted } from "../choices/counted.ts"
import type { KernelShape } from "../collections/matricized.ts"
import * as Arithmetic from "../numerics/Arithmetic.ts"
import { constant } from "../numerics/Constant.ts"
import { greater, scaleOf } from "../numerics/Differentiable.ts"
import * as Matrices from "../numerics/Matrices.ts"
import * as Norms from "../numerics/Norms.ts"

/** What a kernel is applied to, and how. */
export interface OperatorGeometry {
  /** Height and width of the features that enter. */
  readonly size: readonly [height: number, width: number]
  /** Default [1, 1]; each must divide its side. */
  readonly strides?: readonly [number, number]
  /** Default [1, 1]. */
  readonly dilations?: readonly [number, number]
}

const range = (length: number): ReadonlyArray<number> => Array.from({ length }, (_, i) => i)

/** Images of any number of axes: two, or three for volumes. */
interface Lattice {
  readonly size: ReadonlyArray<number>
  readonly strides: ReadonlyArray<number>
  readonly dilations: ReadonlyArray<number>
}

/** Every combination of an entry of each list, the last list fastest. */
const combinations = (lists: ReadonlyArray<ReadonlyArray<number>>): ReadonlyArray<ReadonlyArray<number>> =>
  lists.reduce<ReadonlyArray<ReadonlyArray<number>>>(
    (before, list) => before.flatMap((head) => list.map((entry) => [...head, entry])),
    [[]]
  )

/** One frequency of the output with its opposite, which has the conjugate block and thus the same singular values. */
const half = (lengths: ReadonlyArray<number>): ReadonlyArray<ReadonlyArray<number>> =>
  combinations(lengths.map(range)).filter((own) => {
    const opposite = own.map((u, axis) => (lengths[axis]! - u) % lengths[axis]!)
    const differs = own.findIndex((u, axis) => u !== opposite[axis])
    return differs < 0 || own[differs]! < opposite[differs]!
  })

/** cos and −sin of the angles at which every entry of a kernel meets every frequency that folds into the given ones. */
const phases = (
  kernel: ReadonlyArray<number>,
  { dilations, size, strides }: Lattice,
  frequencies: ReadonlyArray<ReadonlyArray<number>>
): readonly [tf.Tensor2D, tf.Tensor2D] => {
  const [aliases, entries] = [combinations(strides.map(range)), combinations(kernel.map(range))]
  const angles = frequencies.flatMap((frequency) =>
    aliases.map((alias) =>
      entries.map((entry) => {
        // Whole turns are left out, so that the angle keeps its digits.
        const turns = entry.map((place, axis) => {
          const length = size[axis]!
          return ((frequency[axis]! + alias[axis]! * length / strides[axis]!) * place * dilations[axis]! % length) /
            length
        })
        return 2 * Math.PI * turns.reduce((sum, turn) => sum + turn)
      })
    )
  )
  return [
    tf.tensor2d(angles.map((row) => row.map(Math.cos))),
    tf.tensor2d(angles.map((row) => row.map((angle) => -Math.sin(angle))))
  ]
}

/** Complex matrices `[batch, rows, columns]`. */
interface Complex {
  readonly real: tf.Tensor3D
  readonly imaginary: tf.Tensor3D
}

const steps = 32

/**
 * σ₁ of complex matrices by Golub and Kahan's bidiagonalization: exact where there are no more rows or no more columns
 * than steps; else from below, to rounding where the largest singular values differ by a few percent or are equal, and
 * to a percent in between. The gradient is u₁v₁*, by its real and its imaginary part.
 */
const largestSingularValues = (found: Complex): tf.Tensor => {
  // From the shorter side as many steps as it is long reach everything.
  const isTall = found.real.shape[1] >= found.real.shape[2]
  const [real, imaginary] = [found.real, found.imaginary].map((part) =>
    isTall ? part : tf.transpose(part, [0, 2, 1])
  ) as [tf.Tensor3D, tf.Tensor3D]
  return tf.customGrad((...given) => {
    const [inReal, inImaginary, save] = given as unknown as [tf.Tensor3D, tf.Tensor3D, tf.GradSaveFunc]
    save([inReal, inImaginary])
    return {
      value: tf.tidy(() => Norms.spectral(bidiagonalized({ real: inReal, imaginary: inImaginary }).bidiagonal)),
      gradFunc: (dy: tf.Tensor, saved: Array<tf.Tensor>) => {
        const [real, imaginary] = saved as [tf.Tensor3D, tf.Tensor3D]
        const { bidiagonal, lefts, rights, turn } = bidiagonalized({ real, imaginary })
        // Of B = PΣQ*, by its first singular vectors.
        const first = tf.mul(Matrices.ofSingular(bidiagonal, Matrices.isometry(1)), tf.reshape(dy, [-1, 1, 1]))
        const own = (k: number) =>
          lefts.reduce((sum: tf.Tensor, left, i) => tf.add(sum, tf.mul(left, at(first, i, k))), tf.scalar(0))
        const pairs = rights.map((right, k) => ({ left: own(k), right }))
        const outer = (left: tf.Tensor, right: tf.Tensor) => tf.matMul(left, right, false, true)
        const sum = (terms: ReadonlyArray<tf.Tensor>) => terms.reduce((a, b) => tf.add(a, b))
        return [
          sum(pairs.map(({ left, right }) => outer(left, right))),
          sum(pairs.map(({ left, right }) => outer(tf.matMul(left, turn, false, true), right)))
        ]
      }
    }
  })(real, imaginary)
}

/** The entry in row i and column k of every matrix, as `[…, 1, 1]`. */
const at = (matrices: tf.Tensor, i: number, k: number) => tf.slice(matrices, [0, i, k], [-1, 1, 1])

/**
 * Bidiagonal matrices B with PBQ* for what is given, where it is tall; the columns of P and Q as pairs of real and
 * imaginary parts.
 */
const bidiagonalized = ({ imaginary, real }: Complex) => {
  const [batch, , columns] = real.shape
  // A complex vector is two columns, real and imaginary part; this turns it by i.
  const turn = tf.tile(tf.tensor3d([0, 1, -1, 0], [1, 2, 2]), [batch, 1, 1])
  const apply = (v: tf.Tensor3D, adjoint: boolean) => {
    const turned = tf.matMul(tf.matMul(imaginary, v, adjoint), turn)
    const straight = tf.matMul(real, v, adjoint)
    return adjoint ? tf.sub(straight, turned) : tf.add(straight, turned)
  }
  const whole = tf.sqrt(tf.sum(tf.add(tf.square(real), tf.square(imaginary)), [1, 2], true))
  const rounding = tf.mul(whole, 16 * Arithmetic.current().epsilon)
  const normalized = (x: tf.Tensor, least: tf.Tensor) => {
    const found = tf.sqrt(tf.sum(tf.square(x), [1, 2], true))
    // What rounding left has no direction of its own: the space is exhausted, and zeros follow.
    const kept = greater(found, least)
    const length = tf.mul(found, kept)
    return [tf.mul(tf.div(x, tf.add(length, tf.sub(1, kept))), kept) as tf.Tensor3D, length] as const
  }
  let [right] = normalized(tf.randomNormal([batch, columns, 2], 0, 1, "float32", 1), tf.scalar(0))
  let [left, length] = normalized(apply(right, false), rounding)
  const [diagonal, above] = [[length], [] as Array<tf.Tensor>]
  const [lefts, rights] = [[left], [right]]
  for (let k = 1; k < Math.min(steps, columns); k++) {
    ;[right, length] = normalized(tf.sub(apply(left, true), tf.mul(right, length)), rounding)
    above.push(length)
    rights.push(right)
    ;[left, length] = normalized(tf.sub(apply(right, false), tf.mul(left, length)), rounding)
    diagonal.push(length)
    lefts.push(left)
  }
  const size = diagonal.length
  const placed = (values: ReadonlyArray<tf.Tensor>, matrix: tf.Tensor) => tf.mul(tf.concat([...values], 1), matrix)
  const main = placed(diagonal, tf.eye(size))
  const bidiagonal = size === 1
    ? main
    : tf.add(main, tf.pad(placed(above, tf.eye(size - 1)), [[0, 0], [0, 1], [1, 0]]))
  return { bidiagonal, lefts, rights, turn }
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
