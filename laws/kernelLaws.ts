/** The laws of kernel orders. */
import * as tf from "@tensorflow/tfjs-core"
import fc from "fast-check"
import * as KernelOrder from "../src/collections/KernelOrder.ts"
import { kernelArrangement, matricizations, perKernel } from "../src/collections/matricized.ts"
import * as Renormalization from "../src/collections/Renormalization.ts"
import { power } from "../src/geometry/combinators/power.ts"
import * as Sphere from "../src/geometry/manifolds/Sphere.ts"
import * as Norms from "../src/numerics/Norms.ts"
import * as Seed from "../src/numerics/Seed.ts"
import { type Law, law, type LawSet } from "./Law.ts"
import * as Tolerance from "./Tolerance.ts"

/** A kind of layer: a weight in its order, and what the layer computes with it. */
interface Subject {
  readonly order: KernelOrder.KernelOrder
  readonly weight: ReadonlyArray<number>
  /** What enters, channels last. */
  readonly input: ReadonlyArray<number>
  /** Results `[…, outputs, rest]`: those of block g and output d at g·D + d. */
  readonly apply: (x: tf.Tensor, weight: tf.Tensor) => tf.Tensor
}

const outputsLast = (y: tf.Tensor) => tf.expandDims(y, -1)

const convolved2d = (x: tf.Tensor, weight: tf.Tensor) =>
  tf.conv2d(x as tf.Tensor4D, weight as tf.Tensor4D, [1, 1], "same")

/**
 * As many input as output channels, so that an order with the two exchanged has the right shapes and the wrong entries.
 */
const subjects: ReadonlyArray<Subject> = [
  {
    order: KernelOrder.dense,
    weight: [3, 3],
    input: [2, 3],
    apply: (x, w) => outputsLast(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D))
  },
  {
    order: KernelOrder.convolution1d,
    weight: [2, 3, 3],
    input: [1, 4, 3],
    apply: (x, w) => outputsLast(tf.conv1d(x as tf.Tensor3D, w as tf.Tensor3D, 1, "same"))
  },
  {
    order: KernelOrder.convolution,
    weight: [2, 3, 3, 3],
    input: [1, 4, 4, 3],
    apply: (x, w) => outputsLast(convolved2d(x, w))
  },
  {
    order: KernelOrder.convolution3d,
    weight: [2, 3, 1, 3, 3],
    input: [1, 2, 3, 2, 3],
    apply: (x, w) => outputsLast(tf.conv3d(x as tf.Tensor5D, w as tf.Tensor5D, 1, "same"))
  },
  {
    order: KernelOrder.transposed,
    weight: [2, 3, 3, 3],
    input: [1, 4, 4, 3],
    apply: (x, w) =>
      outputsLast(
        tf.conv2dTranspose(x as tf.Tensor4D, w as tf.Tensor4D, x.shape as [number, number, number, number], 1, "same")
      )
  },
  {
    order: KernelOrder.transposed3d,
    weight: [2, 3, 1, 3, 3],
    input: [1, 2, 3, 2, 3],
    apply: (x, w) =>
      outputsLast(
        tf.conv3dTranspose(
          x as tf.Tensor5D,
          w as tf.Tensor5D,
          x.shape as [number, number, number, number, number],
          1,
          "same"
        )
      )
  },
  {
    order: KernelOrder.depthwise,
    weight: [2, 3, 3, 3],
    input: [1, 4, 4, 3],
    apply: (x, w) => outputsLast(tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, "same"))
  },
  {
    order: KernelOrder.grouped(2),
    weight: [2, 3, 2, 4],
    input: [1, 4, 4, 4],
    apply: (x, w) => {
      const [own, weights] = [tf.split(x, 2, -1), tf.split(w, 2, -1)]
      return outputsLast(tf.concat(own.map((part, group) => convolved2d(part, weights[group]!)), -1))
    }
  },
  ...[1, 3, 4].map((count): Subject => ({
    order: KernelOrder.gates(count),
    weight: [3, 3 * count],
    input: [2, 3],
    apply: (x, w) => outputsLast(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D))
  })),
  {
    order: KernelOrder.convolutionGates(4),
    weight: [2, 3, 3, 12],
    input: [1, 4, 4, 3],
    apply: (x, w) => outputsLast(convolved2d(x, w))
  },
  {
    order: KernelOrder.embedding,
    weight: [3, 3],
    input: [2, 3],
    // Rows are looked up: a product with what is 1 for one row and 0 for the others, and the whole row is one output.
    apply: (x, w) => tf.expandDims(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D), 1)
  }
]

/** What the laws speak of; replace one to see them fail. */
export interface KernelDefinitions {
  readonly arrangement: typeof KernelOrder.arrangement
  readonly perMatrix: typeof Renormalization.perMatrix
  readonly matricized: typeof KernelOrder.matricized
}

const source = "the definition of each layer; Ozay 2019, section 3"

/** Powers of two, by which scaling does not round. */
const powers = (seed: number, count: number) =>
  Float32Array.from(Seed.permutation(seed, count), (place) => 2 ** (place - Math.floor(count / 2)))

/** A factor for each channel; all axes are written out, as webgpu wants those of tensors with more than four. */
const along = (x: tf.Tensor, s: tf.Tensor) => tf.mul(x, tf.reshape(s, [...x.shape.slice(1).fill(1), s.size]))
const rowwise = (y: tf.Tensor, s: tf.Tensor) => tf.mul(y, tf.reshape(s, [...y.shape.slice(2).fill(1), s.size, 1]))

const gap = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b)))

const drawn = ({ input, weight }: Subject, seed: number) =>
  [Seed.normalTensor(seed, input), Seed.normalTensor(seed + 1, weight)] as const

const ofEach = (
  name: string,
  equation: string,
  residual: (subject: Subject, seed: number) => tf.Tensor,
  tolerance: Tolerance.Tolerance = Tolerance.exact
): Law =>
  law({
    name,
    equation,
    source,
    arbitrary: fc.nat({ max: 9999 }),
    tolerance,
    residual: (seed) => tf.stack(subjects.map((subject) => residual(subject, seed)))
  })

const bijection = ({ arrangement }: KernelDefinitions) =>
  ofEach(
    "a kernel order moves entries",
    "from(to(k)) = k, to(from(w)) = w, every entry once",
    ({ order, weight }, seed) => {
      const { from, to } = arrangement(order, weight)
      const { blocks, shape } = KernelOrder.kernels(order, weight)
      const w = Seed.normalTensor(seed, [2, ...weight])
      const kernels = from(w)
      const expected = [2, blocks, ...shape]
      if (kernels.shape.join() !== expected.join()) return tf.scalar(Infinity)
      const entries = tf.reshape(tf.range(0, w.size / 2), [...weight])
      const places = tf.reshape(from(entries), [-1]) as tf.Tensor1D
      const times = tf.unsortedSegmentSum(tf.onesLike(places), tf.cast(places, "int32"), entries.size)
      return tf.add(
        tf.add(gap(to(kernels), w), gap(from(to(kernels)), kernels)),
        gap(times, tf.onesLike(times))
      )
    }
  )

const inputs = ({ arrangement }: KernelDefinitions) =>
  ofEach(
    "input channels are where the layer has them",
    "f(s·x, k/s) = f(x, k), s one factor for each input channel",
    (subject, seed) => {
      const { apply, order, weight } = subject
      const [x, w] = drawn(subject, seed)
      const { from, to } = arrangement(order, weight)
      const { blocks, shape: [, , c] } = KernelOrder.kernels(order, weight)
      const s = tf.tensor1d(powers(seed, KernelOrder.channels(order, weight)))
      const scaled = tf.div(from(w), tf.reshape(s, [order.inputs === "own" ? blocks : 1, 1, 1, c, 1]))
      return gap(apply(along(x, s), to(scaled)), apply(x, w))
    }
  )

const outputs = ({ arrangement }: KernelDefinitions) =>
  ofEach(
    "output channels are where the layer has them",
    "f(x, s·k) = s·f(x, k), s one factor for each output of each block",
    (subject, seed) => {
      const { apply, order, weight } = subject
      const [x, w] = drawn(subject, seed)
      const { from, to } = arrangement(order, weight)
      const { blocks, shape: [, , , d] } = KernelOrder.kernels(order, weight)
      const s = tf.tensor1d(powers(seed, blocks * d))
      const scaled = tf.mul(from(w), tf.reshape(s, [blocks, 1, 1, 1, d]))
      return gap(apply(x, to(scaled)), rowwise(apply(x, w), s))
    }
  )

const lambda = ({ perMatrix }: KernelDefinitions) =>
  ofEach(
    "λ of a matrix is that of its channel",
    "f(λ·x, W/λ) = f(x, W), W the matrices of single channels, λ as perMatrix has it for each",
    (subject, seed) => {
      const { apply, order, weight } = subject
      const [x, w] = drawn(subject, seed)
      const { blocks, shape } = KernelOrder.kernels(order, weight)
      const s = powers(seed, KernelOrder.channels(order, weight))
      const { from, to } = KernelOrder.matrices(order, perKernel, weight)
      const perEach = perMatrix(perKernel, shape, s, { blocks, inputs: order.inputs })
      const scaled = tf.div(from(w), tf.tensor(Array.from(perEach), [perEach.length, 1, 1]))
      return gap(apply(along(x, tf.tensor1d(s)), to(scaled)), apply(x, w))
    }
  )

const directSum = ({ arrangement, matricized }: KernelDefinitions) =>
  ofEach(
    "norms of kernels are those of the direct sum",
    "‖w‖_F² = Σ‖W‖_F²; the spectral norm max ‖W‖₂ and Σ‖W‖_{2→1} lie in the interval that is claimed",
    ({ order, weight }, seed) => {
      const { blocks, shape } = KernelOrder.kernels(order, weight)
      // A sphere of one entry is two points.
      const possible = matricizations.filter(({ matrix }) => matrix(shape)[0] * matrix(shape)[1] > 1)
      return tf.max(tf.stack(possible.map((matricization) => {
        const [rows, columns] = matricization.grid(shape)
        const spheres = power(Sphere.make(matricization.matrix(shape)), blocks * rows * columns)
        const M = matricized(spheres, order, matricization, weight)
        const w = M.random(seed)
        const kernels = arrangement(order, weight).from(w)
        const stack = tf.reshape(kernelArrangement(matricization, shape).from(kernels), [...spheres.shape])
        const outside = (value: tf.Tensor, { max, min }: { readonly min: number; readonly max: number }) =>
          tf.maximum(tf.relu(tf.sub(value, max)), tf.relu(tf.sub(min, value)))
        const frobenius = tf.sqrt(tf.sum(tf.square(w)))
        return tf.max(tf.stack([
          tf.abs(tf.sub(frobenius, tf.sqrt(tf.sum(tf.square(Norms.frobenius(stack)))))),
          outside(frobenius, M.norms.frobenius),
          outside(tf.max(Norms.spectral(stack)), M.norms.spectral),
          outside(tf.sum(Norms.rowSum(stack)), M.norms.rowSum)
        ]))
      })))
    },
    Tolerance.rounding(64, 4)
  )

/**
 * The laws of kernel orders, for every kind of layer: a weight and its kernels hold the same entries; norms of the
 * matrices are those of their direct sum; the axes of input and output channels are those of what the layer computes,
 * so that ℜ = γ/λ takes the scale of a channel out of the features that it belongs to.
 *
 * @example
 * ```ts
 * import { kernelLaws, Law } from "finegrain/laws"
 * const reports = await Law.checkAll(kernelLaws(), { runs: 2 })
 * reports.filter(({ passed }) => !passed).map(Law.format) // => []
 * ```
 */
export const kernelLaws = (replaced: Partial<KernelDefinitions> = {}): LawSet => {
  const definitions: KernelDefinitions = {
    arrangement: KernelOrder.arrangement,
    perMatrix: Renormalization.perMatrix,
    matricized: KernelOrder.matricized,
    ...replaced
  }
  return {
    name: "kernel orders",
    parents: [],
    laws: [bijection, inputs, outputs, lambda, directSum].map((of) => of(definitions)),
    notApplicable: []
  }
}
