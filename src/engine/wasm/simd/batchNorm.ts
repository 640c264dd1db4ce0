import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import type * as tf from "@tensorflow/tfjs-core"
import { sizes } from "../../contracts/kernels.ts"
import { kernelNames } from "../../layerKernels.ts"
import { sizeOf } from "../../sizeOf.ts"
import { type Kernel, kernel } from "../kernel.ts"
import { numbersAtLeast } from "./activation.ts"
import { pointer } from "./functions.ts"
import type { Simd } from "./module.ts"

type Inputs<Names extends string, Optional extends string = never> =
  & Readonly<Record<Names, tf.TensorInfo>>
  & Readonly<Partial<Record<Optional, tf.TensorInfo>>>

const lengthsOf = ({ shape }: tf.TensorInfo): readonly [rows: number, channels: number] => {
  const channels = shape.at(-1)!
  return [sizeOf(shape) / channels, channels]
}

const { slices } = sizes

/** Where a tensor lies, 0 where there is none. */
const place = (backend: BackendWasm, info: tf.TensorInfo | undefined) => info === undefined ? 0 : pointer(backend, info)

/** Both sums of every channel, in pairs; to be read before anything else is computed. */
const sums = (
  simd: Simd,
  [a, b, pivot, y]: readonly [a: number, b: number, pivot: number, y: number],
  [rows, channels]: readonly [number, number],
  moments: boolean
): Float64Array => {
  const at = simd.scratch(16 * channels * slices)
  simd.share("channelSlices", slices, (begin, end) => [
    a,
    b,
    pivot,
    y,
    rows,
    channels,
    moments ? 1 : 0,
    at,
    Math.ceil(rows / slices),
    begin,
    end
  ], { grain: rows * channels < numbersAtLeast ? slices : 1 })
  simd.functions.channelTotals(at, channels, slices)
  return simd.doubles(at, 2 * channels)
}

/** Some rows of numbers, one a channel, where a kernel finds them until the next one asks for scratch. */
const perChannel = (
  simd: Simd,
  channels: number,
  rows: ReadonlyArray<(channel: number) => number>
): ReadonlyArray<number> => {
  const at = simd.scratch(4 * channels * rows.length)
  const numbers = simd.floats(at, channels * rows.length)
  for (const [row, of] of rows.entries()) {
    for (let c = 0; c < channels; c++) numbers[row * channels + c] = of(c)
  }
  return rows.map((_, row) => at + 4 * channels * row)
}

/** Mean and variance of every channel, to `mean` and `variance`. */
const moments = (
  simd: Simd,
  backend: BackendWasm,
  x: tf.TensorInfo,
  mean: tf.TensorInfo,
  variance: tf.TensorInfo
) => {
  const [rows, channels] = lengthsOf(x)
  if (rows === 0) {
    // As tf.moments has them.
    for (const info of [mean, variance]) backend.typedArrayFromHeap(info).fill(0)
    return
  }
  const at = pointer(backend, x)
  // The first row as pivot: near enough to the mean that squares do not cancel.
  const found = sums(simd, [at, at, at, 0], [rows, channels], true)
  const pivot = simd.floats(at, channels)
  const [means, variances] = [mean, variance].map((info) => backend.typedArrayFromHeap(info)) as [
    Float32Array,
    Float32Array
  ]
  for (let c = 0; c < channels; c++) {
    const fromPivot = found[2 * c]! / rows
    means[c] = pivot[c]! + fromPivot
    variances[c] = Math.max(0, found[2 * c + 1]! / rows - fromPivot * fromPivot)
  }
}

/** γ·(x − mean)/√(variance + ε) + β, with a sum and a rectifier behind it where there are such. */
const normalize = (simd: Simd) =>
  kernel<{ readonly epsilon: number; readonly relu: boolean }, ReadonlyArray<tf.TensorInfo>>(
    kernelNames.normalize,
    ({ attrs: { epsilon, relu }, backend, inputs }) => {
      const { beta, gamma, residual, x, ...given } = inputs as Inputs<
        "x" | "gamma" | "beta",
        "residual" | "mean" | "variance"
      >
      const [rows, channels] = lengthsOf(x)
      const row = 4 * channels
      const y = backend.makeOutput([...x.shape], "float32")
      const found = given.mean === undefined
        ? [backend.makeOutput([channels], "float32"), backend.makeOutput([channels], "float32")] as const
        : undefined
      const [mean, variance] = found ?? [given.mean!, given.variance!]
      if (found !== undefined) moments(simd, backend, x, ...found)
      // Room first: views are of the heap as it is then.
      simd.scratch(2 * row)
      const [gammas, betas, means, variances] = [gamma, beta, mean, variance].map((info) =>
        backend.typedArrayFromHeap(info)
      ) as [Float32Array, Float32Array, Float32Array, Float32Array]
      const factor = (c: number) => gammas[c]! / Math.sqrt(variances[c]! + epsilon)
      const [k, d] = perChannel(simd, channels, [factor, (c) => betas[c]! - means[c]! * factor(c)]) as [
        number,
        number
      ]
      const [from, to, added] = [pointer(backend, x), pointer(backend, y), place(backend, residual)]
      simd.share("channelScale", rows, (begin, end) => [
        from + begin * row,
        k,
        d,
        added === 0 ? 0 : added + begin * row,
        relu ? 1 : 0,
        end - begin,
        channels,
        to + begin * row
      ], { grain: Math.ceil(numbersAtLeast / channels) })
      return [y, ...(found ?? [])]
    }
  )

/** Gradients of it with respect to x, γ and β. */
const normalizeGradient = (simd: Simd) =>
  kernel<{ readonly epsilon: number; readonly ofBatch: boolean }, ReadonlyArray<tf.TensorInfo>>(
    kernelNames.normalizeGradient,
    ({ attrs: { epsilon, ofBatch }, backend, inputs }) => {
      const { dy, gamma, mean, variance, x, y } = inputs as Inputs<"dy" | "gamma" | "mean" | "variance" | "x", "y">
      const [rows, channels] = lengthsOf(x)
      const row = 4 * channels
      const dx = backend.makeOutput([...x.shape], "float32")
      const [dGamma, dBeta] = [backend.makeOutput([channels], "float32"), backend.makeOutput([channels], "float32")]
      const [ofDy, ofX, mask] = [pointer(backend, dy), pointer(backend, x), place(backend, y)]
      const found = sums(simd, [ofDy, ofX, pointer(backend, mean), mask], [rows, channels], false).slice()
      simd.scratch(3 * row)
      const [gammas, means, variances, gammaGradient, betaGradient] = [gamma, mean, variance, dGamma, dBeta].map((
        info
      ) => backend.typedArrayFromHeap(info)) as [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array]
      const inverse = (c: number) => 1 / Math.sqrt(variances[c]! + epsilon)
      const ofMean = (c: number) => ofBatch ? -gammas[c]! * inverse(c) ** 3 * found[2 * c + 1]! / rows : 0
      const constant = (c: number) =>
        ofBatch ? -(gammas[c]! * inverse(c) * found[2 * c]! / rows + ofMean(c) * means[c]!) : 0
      for (let c = 0; c < channels; c++) {
        betaGradient[c] = found[2 * c]!
        gammaGradient[c] = found[2 * c + 1]! * inverse(c)
      }
      const factors = perChannel(simd, channels, [(c) => gammas[c]! * inverse(c), ofMean, constant])
      const [ka, kb, kc] = factors as [number, number, number]
      const to = pointer(backend, dx)
      simd.share("channelAffine", rows, (begin, end) => [
        ofDy + begin * row,
        ka,
        ofX + begin * row,
        kb,
        kc,
        mask === 0 ? 0 : mask + begin * row,
        end - begin,
        channels,
        to + begin * row
      ], { grain: Math.ceil(numbersAtLeast / channels) })
      return [dx, dGamma, dBeta]
    }
  )

/** A moving average after another value. */
const follow = kernel<{ readonly momentum: number }, ReadonlyArray<tf.TensorInfo>>(
  kernelNames.follow,
  ({ attrs: { momentum }, backend, inputs }) => {
    const { before, value } = inputs as Inputs<"before" | "value">
    const out = backend.makeOutput([...before.shape], "float32")
    const [to, from, target] = [out, before, value].map((info) => backend.typedArrayFromHeap(info)) as [
      Float32Array,
      Float32Array,
      Float32Array
    ]
    for (let i = 0; i < to.length; i++) to[i] = from[i]! - (from[i]! - target[i]!) * (1 - momentum)
    return [out]
  }
)

/**
 * What batch normalization needs, over tensors […, channels].
 *
 * @internal
 */
export const batchNorm = (simd: Simd): ReadonlyArray<Kernel<ReadonlyArray<tf.TensorInfo>>> => [
  normalize(simd),
  normalizeGradient(simd),
  follow
]
