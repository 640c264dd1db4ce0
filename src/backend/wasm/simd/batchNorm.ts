import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import type * as tf from "@tensorflow/tfjs-core"
import { kernelNames } from "../../../layers/kernels.ts"
import { type Kernel, kernel } from "../kernel.ts"
import { numbersAtLeast } from "./activation.ts"
import { pointer, type Simd } from "./module.ts"

type Inputs<Names extends string, Optional extends string = never> =
  & Readonly<Record<Names, tf.TensorInfo>>
  & Readonly<Partial<Record<Optional, tf.TensorInfo>>>

const sizes = ({ shape }: tf.TensorInfo): readonly [rows: number, channels: number] => {
  const channels = shape.at(-1)!
  return [shape.reduce((a, b) => a * b, 1) / channels, channels]
}

const slices = 16

/** Where a tensor lies, 0 where there is none. */
const place = (backend: BackendWasm, info: tf.TensorInfo | undefined) => info === undefined ? 0 : pointer(backend, info)

/** Both sums per channel, as float32 tensors that `of` makes from the float64 sums. */
const sums = (
  simd: Simd,
  backend: BackendWasm,
  [a, b, pivot, y]: readonly [a: number, b: number, pivot: number, y: number],
  [rows, channels]: readonly [number, number],
  moments: boolean,
  of: (one: number, two: number, channel: number) => readonly [number, number]
): [tf.TensorInfo, tf.TensorInfo] => {
  const out: [tf.TensorInfo, tf.TensorInfo] = [
    backend.makeOutput([channels], "float32"),
    backend.makeOutput([channels], "float32")
  ]
  // Always as many slices, added in order, so that no sum depends on how many threads there are.
  const at = simd.scratch(16 * channels * slices)
  const rowsAtOnce = Math.ceil(rows / slices)
  simd.share("channelSlices", slices, (begin, end) => [
    a,
    b,
    pivot,
    y,
    rows,
    channels,
    moments ? 1 : 0,
    at,
    rowsAtOnce,
    begin,
    end
  ], rows * channels < numbersAtLeast ? slices : 1)
  const parts = simd.doubles(at, 2 * channels * slices)
  const found = Float64Array.from(
    { length: 2 * channels },
    (_, i) => Array.from({ length: slices }, (_, slice) => parts[slice * 2 * channels + i]!).reduce((x, y) => x + y)
  )
  const [first, second] = out.map((info) => backend.typedArrayFromHeap(info)) as [Float32Array, Float32Array]
  for (let c = 0; c < channels; c++) [first[c], second[c]] = of(found[2 * c]!, found[2 * c + 1]!, c)
  return out
}

/**
 * What batch normalization needs, in one pass each over tensors […, channels].
 *
 * @internal
 */
export const batchNorm = (simd: Simd): ReadonlyArray<Kernel> => [
  kernel(kernelNames.moments, ({ backend, inputs }) => {
    const { x } = inputs as Inputs<"x">
    const [rows, channels] = sizes(x)
    const at = pointer(backend, x)
    // The first row as pivot: near enough to the mean that squares do not cancel.
    const pivot = backend.typedArrayFromHeap(x).slice(0, channels) as Float32Array
    return sums(simd, backend, [at, at, at, 0], [rows, channels], true, (one, two, c) => {
      const mean = one / rows
      return [pivot[c]! + mean, Math.max(0, two / rows - mean * mean)]
    }) as unknown as tf.TensorInfo
  }),
  kernel(kernelNames.sums, ({ backend, inputs }) => {
    const { dy, mean, x, y } = inputs as Inputs<"dy" | "mean" | "x", "y">
    const pointers = [pointer(backend, dy), pointer(backend, x), pointer(backend, mean), place(backend, y)] as const
    return sums(simd, backend, pointers, sizes(x), false, (one, two) => [one, two]) as unknown as tf.TensorInfo
  }),
  kernel<{ readonly relu: boolean }>(kernelNames.scale, ({ attrs, backend, inputs }) => {
    const { d, k, residual, x } = inputs as Inputs<"d" | "k" | "x", "residual">
    const out = backend.makeOutput([...x.shape], "float32")
    const at = (info: tf.TensorInfo) => pointer(backend, info)
    const [rows, channels] = sizes(x)
    const row = 4 * channels
    simd.share("channelScale", rows, (begin, end) => [
      at(x) + begin * row,
      at(k),
      at(d),
      residual === undefined ? 0 : at(residual) + begin * row,
      attrs.relu ? 1 : 0,
      end - begin,
      channels,
      at(out) + begin * row
    ], Math.ceil(numbersAtLeast / channels))
    return out
  }),
  kernel(kernelNames.affine, ({ backend, inputs }) => {
    const { a, b, ka, kb, kc, y } = inputs as Inputs<"a" | "b" | "ka" | "kb" | "kc", "y">
    const out = backend.makeOutput([...a.shape], "float32")
    const at = (info: tf.TensorInfo) => pointer(backend, info)
    const [rows, channels] = sizes(a)
    const row = 4 * channels
    simd.share("channelAffine", rows, (begin, end) => [
      at(a) + begin * row,
      at(ka),
      at(b) + begin * row,
      at(kb),
      at(kc),
      y === undefined ? 0 : at(y) + begin * row,
      end - begin,
      channels,
      at(out) + begin * row
    ], Math.ceil(numbersAtLeast / channels))
    return out
  })
]
