import * as tf from "@tensorflow/tfjs-core"
import type { KernelShape } from "../collections/matricized.ts"
import * as Norms from "../numerics/Norms.ts"

/** What a kernel is applied to, and how. */
export interface Geometry {
  /** Height and width of the features that enter. */
  readonly size: readonly [height: number, width: number]
  /** Default [1, 1]; each must divide its side. */
  readonly strides?: readonly [number, number]
  /** Default [1, 1]. */
  readonly dilations?: readonly [number, number]
}

const range = (length: number): ReadonlyArray<number> => Array.from({ length }, (_, i) => i)

/** One frequency of the output with its opposite, which has the conjugate block and thus the same singular values. */
const half = (rows: number, columns: number): ReadonlyArray<readonly [number, number]> =>
  range(rows).flatMap((u) => range(columns).map((v) => [u, v] as const)).filter(([u, v]) => {
    const [otherU, otherV] = [(rows - u) % rows, (columns - v) % columns]
    return u < otherU || (u === otherU && v <= otherV)
  })

/** cos and −sin of the angles at which every entry of a kernel meets every frequency that folds into the given ones. */
const phases = (
  [height, width]: KernelShape,
  { dilations: [down, across], size: [rows, columns], strides: [s, t] }: Required<Geometry>,
  frequencies: ReadonlyArray<readonly [number, number]>
): readonly [tf.Tensor2D, tf.Tensor2D] => {
  const angles = frequencies.flatMap(([u, v]) =>
    range(s).flatMap((k) =>
      range(t).map((l) =>
        range(height).flatMap((a) =>
          range(width).map((b) =>
            // Whole turns are left out, so that the angle keeps its digits.
            2 * Math.PI * (
              ((u + k * rows / s) * a * down % rows) / rows + ((v + l * columns / t) * b * across % columns) / columns
            )
          )
        )
      )
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
 * σ₁ of complex matrices by Golub and Kahan's bidiagonalization: exact where there are no more rows or no more columns than steps; else from
 * below, to rounding where the largest singular values differ by a few percent or are equal, and to a percent in between.
 */
const largestSingularValues = (found: Complex): tf.Tensor => {
  // From the shorter side as many steps as it is long reach everything.
  const isTall = found.real.shape[1] >= found.real.shape[2]
  const [real, imaginary] = [found.real, found.imaginary].map((part) =>
    isTall ? part : tf.transpose(part, [0, 2, 1])
  ) as [tf.Tensor3D, tf.Tensor3D]
  const [batch, , columns] = real.shape
  // A complex vector is two columns, real and imaginary part; this turns it by i.
  const turn = tf.tile(tf.tensor3d([0, 1, -1, 0], [1, 2, 2]), [batch, 1, 1])
  const apply = (v: tf.Tensor3D, adjoint: boolean) => {
    const turned = tf.matMul(tf.matMul(imaginary, v, adjoint), turn)
    const straight = tf.matMul(real, v, adjoint)
    return adjoint ? tf.sub(straight, turned) : tf.add(straight, turned)
  }
  const normalized = (x: tf.Tensor) => {
    const length = tf.sqrt(tf.sum(tf.square(x), [1, 2], true))
    return [tf.div(x, tf.maximum(length, 1e-30)) as tf.Tensor3D, length] as const
  }
  let [right] = normalized(tf.randomNormal([batch, columns, 2], 0, 1, "float32", 1))
  let [left, length] = normalized(apply(right, false))
  const [diagonal, above] = [[length], [] as Array<tf.Tensor>]
  for (let k = 1; k < Math.min(steps, columns); k++) {
    ;[right, length] = normalized(tf.sub(apply(left, true), tf.mul(right, length)))
    above.push(length)
    ;[left, length] = normalized(tf.sub(apply(right, false), tf.mul(left, length)))
    diagonal.push(length)
  }
  const size = diagonal.length
  const placed = (values: ReadonlyArray<tf.Tensor>, matrix: tf.Tensor) => tf.mul(tf.concat([...values], 1), matrix)
  const bidiagonal = placed(diagonal, tf.eye(size))
  return Norms.spectral(
    size === 1 ? bidiagonal : tf.add(
      bidiagonal,
      tf.pad(placed(above, tf.eye(size - 1)), [[0, 0], [0, 1], [1, 0]])
    )
  )
}

/** Numbers in the blocks that are treated at once, at most: 64 MiB in float32. */
const mostNumbers = 2 ** 24

/**
 * The norm of a convolution as a linear map of whole images, boundaries periodic: the largest singular value of all its blocks, one per
 * frequency f of the output,
 *
 *     (st)^(−1/2)·[K̂(f₁), …, K̂(f_st)],  K̂(f) = Σ_ab K_ab·e^(−2πi⟨f, (a, b)⟩),
 *
 * where f₁, …, f_st are the frequencies of the input that the strides s and t fold into f. Of a kernel `[height, width, inputs, outputs]`;
 * a scalar. σ₁ of the kernel as one matrix is neither above nor below it; σ₁·√(height·width) is above it where strides are 1.
 *
 * Source: Sedghi, Gupta and Long 2019, *The singular values of convolutional layers*; strides by the aliases of the transform.
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
export const norm = (
  kernel: tf.Tensor4D,
  { dilations = [1, 1], size, strides = [1, 1] }: Geometry
): tf.Scalar => {
  const bad = size.findIndex((side, axis) => side % strides[axis]! !== 0)
  if (bad >= 0) {
    throw new RangeError(
      `ConvolutionOperator.norm: a stride of ${strides[bad]} does not divide a side of ${size[bad]} pixels`
    )
  }
  const [height, width, inputs, outputs] = kernel.shape
  const [s, t] = strides
  // A 1×1 kernel has the same block at every frequency.
  const frequencies = height * width === 1 ? [[0, 0] as const] : half(size[0] / s, size[1] / t)
  const rows = s * t * inputs
  const atOnce = Math.max(1, Math.floor(mostNumbers / (2 * rows * outputs)))
  return tf.tidy(() => {
    const matrix = tf.mul(tf.reshape(kernel, [height * width, inputs * outputs]), 1 / Math.sqrt(s * t)) as tf.Tensor2D
    const largest = range(Math.ceil(frequencies.length / atOnce)).map((chunk) =>
      tf.tidy(() => {
        const own = frequencies.slice(chunk * atOnce, (chunk + 1) * atOnce)
        const [real, imaginary] = phases(kernel.shape, { size, strides, dilations }, own).map((phase) =>
          tf.reshape(tf.matMul(phase, matrix), [own.length, rows, outputs])
        ) as [tf.Tensor3D, tf.Tensor3D]
        return tf.max(largestSingularValues({ real, imaginary }))
      })
    )
    return tf.max(tf.stack(largest)) as tf.Scalar
  })
}

/**
 * Multiplications that `norm` takes, about: to decide whether to wait for it.
 *
 * @example
 * ```ts
 * import { ConvolutionOperator } from "finegrain"
 * ConvolutionOperator.work([3, 3, 64, 64], { size: [56, 56] }) > 1e9 // => true
 * ```
 */
export const work = (
  [height, width, inputs, outputs]: KernelShape,
  { size: [rows, columns], strides: [s, t] = [1, 1] }: Geometry
): number => {
  const frequencies = height * width === 1 ? 1 : rows * columns / (2 * s * t)
  const [entries, length] = [s * t * inputs * outputs, Math.min(steps, s * t * inputs, outputs)]
  return frequencies * (2 * height * width * entries + 8 * length * entries + 21 * length ** 3)
}
