import * as tf from "@tensorflow/tfjs-core"
import { type Call, composed, type Kernel, kernel, stock } from "./kernel.ts"

type Pair = readonly [number, number]
type Shape4 = readonly [number, number, number, number]
type Pad = "valid" | "same" | number | tf.backend_util.ExplicitPadding

interface Attributes {
  readonly strides: number | [number, number]
  readonly pad: Pad
  readonly dataFormat: "NHWC" | "NCHW"
  readonly dimRoundingMode?: "floor" | "round" | "ceil"
  readonly dilations?: number | [number, number]
}

const info = (input: ReadonlyArray<number>, filter: ReadonlyArray<number>, attrs: Attributes, depthwise = false) => {
  if (!depthwise && attrs.dataFormat !== "NHWC") {
    throw new Error(`The wasm backend convolves NHWC tensors only, not ${attrs.dataFormat}`)
  }
  return tf.backend_util.computeConv2DInfo(
    [...input] as [number, number, number, number],
    [...filter] as [number, number, number, number],
    attrs.strides,
    attrs.dilations ?? 1,
    attrs.pad,
    attrs.dimRoundingMode,
    depthwise,
    "channelsLast"
  )
}

/** Pads the two middle axes by what may be negative, that is, crops. */
const padOrCrop = (x: tf.Tensor4D, [top, bottom]: Pair, [left, right]: Pair): tf.Tensor4D => {
  const [n, h, w, c] = x.shape
  const crop = (pad: number) => Math.max(0, -pad)
  const cropped: tf.Tensor4D = [top, bottom, left, right].some((pad) => pad < 0)
    ? tf.slice(x, [0, crop(top), crop(left), 0], [
      n,
      h - crop(top) - crop(bottom),
      w - crop(left) - crop(right),
      c
    ])
    : x
  const pads = [top, bottom, left, right].map((pad) => Math.max(0, pad)) as [number, number, number, number]
  return pads.every((pad) => pad === 0)
    ? cropped
    : tf.pad(cropped, [[0, 0], [pads[0], pads[1]], [pads[2], pads[3]], [0, 0]])
}

/** Zeros between rows and columns: entry (i, j) goes to (i·sh, j·sw). */
const dilate = (x: tf.Tensor4D, [sh, sw]: Pair): tf.Tensor4D => {
  if (sh === 1 && sw === 1) return x
  const [n, h, w, c] = x.shape
  const columns: tf.Tensor = sw === 1
    ? x
    : tf.concat([tf.reshape(x, [n, h, w, 1, c]) as tf.Tensor, tf.zeros([n, h, w, sw - 1, c])], 3)
  const rows: tf.Tensor = sh === 1
    ? columns
    : tf.concat([tf.reshape(columns, [n, h, 1, w * sw * c]), tf.zeros([n, h, sh - 1, w * sw * c])], 2)
  return tf.slice(tf.reshape(rows, [n, h * sh, w * sw, c]) as tf.Tensor4D, [0, 0, 0, 0], [
    n,
    (h - 1) * sh + 1,
    (w - 1) * sw + 1,
    c
  ])
}

/**
 * The gradient of a convolution with respect to its filter, as one convolution: channels as batch, batch as channels, dy as the
 * filter, dilated by the stride. Twice as fast as gathering patches for a matrix product, and on the stock backend's fast path.
 */
export const filterGradient: Kernel = composed<Attributes & { readonly filterShape: Shape4 }>(
  tf.Conv2DBackpropFilter,
  (input, attrs) => {
    const x = input("x") as tf.Tensor4D
    const dy = input("dy") as tf.Tensor4D
    const [a, b] = attrs.filterShape
    const { dilationHeight, dilationWidth, outHeight, outWidth, padInfo, strideHeight, strideWidth } = info(
      x.shape,
      attrs.filterShape,
      attrs
    )
    // Exactly the rows that the a·b taps see: output pixel o, tap i reads row o·stride + i·dilation.
    const rows = (outHeight - 1) * strideHeight + (a - 1) * dilationHeight + 1
    const columns = (outWidth - 1) * strideWidth + (b - 1) * dilationWidth + 1
    const [, h, w] = x.shape
    const padded = padOrCrop(
      tf.transpose(x, [3, 1, 2, 0]),
      [padInfo.top, rows - h - padInfo.top],
      [padInfo.left, columns - w - padInfo.left]
    )
    const taps = tf.conv2d(
      padded,
      tf.transpose(dy, [1, 2, 0, 3]),
      [dilationHeight, dilationWidth],
      "valid",
      "NHWC",
      [strideHeight, strideWidth]
    )
    return tf.transpose(taps, [1, 2, 0, 3])
  }
)

/**
 * The gradient of a convolution with respect to its input, as one convolution of dy, zeros between its pixels for strides, with
 * the filter turned by 180° and its channels exchanged.
 */
export const inputGradient: Kernel = composed<Attributes & { readonly inputShape: Shape4 }>(
  tf.Conv2DBackpropInput,
  (input, attrs) => {
    const dy = input("dy") as tf.Tensor4D
    const filter = input("filter") as tf.Tensor4D
    const [a, b] = filter.shape
    const [, h, w] = attrs.inputShape
    const { dilationHeight, dilationWidth, padInfo, strideHeight, strideWidth } = info(
      attrs.inputShape,
      filter.shape,
      attrs
    )
    const spread = dilate(dy, [strideHeight, strideWidth])
    // Row r of the result sums over taps i the spread row r + pad − i·dilation.
    const [reachH, reachW] = [(a - 1) * dilationHeight, (b - 1) * dilationWidth]
    const top = reachH - padInfo.top
    const left = reachW - padInfo.left
    const padded = padOrCrop(
      spread,
      [top, h + reachH - spread.shape[1] - top],
      [left, w + reachW - spread.shape[2] - left]
    )
    return tf.conv2d(
      padded,
      tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]),
      1,
      "valid",
      "NHWC",
      [dilationHeight, dilationWidth]
    )
  }
)

const convolve = (name: string, depthwise: boolean) => {
  const original = stock(name)
  return kernel<Attributes & { readonly filterShape?: Shape4 }>(name, (call) => {
    const { attrs, inputs } = call
    const { filterHeight, filterWidth, padInfo, strideHeight, strideWidth } = info(
      inputs["x"]!.shape,
      inputs["filter"]!.shape,
      attrs,
      depthwise
    )
    const plain = () => original(call as unknown as Parameters<tf.KernelFunc>[0]) as tf.TensorInfo
    // The stock kernel returns zeros, without an error, for 'same' padding and a stride above the filter's size.
    if (padInfo.type !== "SAME" || (filterHeight >= strideHeight && filterWidth >= strideWidth)) return plain()
    return padded(call, original, padInfo)
  })
}

const padded = (
  { attrs, backend, inputs }: Call<Attributes>,
  original: tf.KernelFunc,
  { bottom, left, right, top }: {
    readonly top: number
    readonly bottom: number
    readonly left: number
    readonly right: number
  }
): tf.TensorInfo => {
  const pad = stock(tf.PadV2)({
    inputs: { x: inputs["x"]! },
    attrs: { paddings: [[0, 0], [top, bottom], [left, right], [0, 0]], constantValue: 0 },
    backend
  }) as tf.TensorInfo
  const out = original({
    inputs: { ...inputs, x: pad },
    attrs: { ...attrs, pad: "valid" } as unknown as tf.NamedAttrMap,
    backend
  }) as tf.TensorInfo
  backend.disposeData(pad.dataId)
  return out
}

/** The forward convolutions, right where the stock ones are silently wrong. */
export const forward = (): ReadonlyArray<Kernel> => [
  convolve(tf.Conv2D, false),
  convolve(tf.FusedConv2D, false),
  convolve(tf.DepthwiseConv2dNative, true),
  convolve(tf.FusedDepthwiseConv2D, true)
]
