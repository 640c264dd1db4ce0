/** Depthwise convolutions on the wasm engine, with the gradients that the stock one lacks. */
import * as tf from "@tensorflow/tfjs-core"
import { type Attributes, geometryOf, type Shape4 } from "./geometry.ts"
import { type Call, composed, type Kernel, kernel, stock } from "./kernel.ts"
import { spread } from "./spread.ts"

type Info = ReturnType<typeof geometryOf>

/** The padded height and width that the taps reach. */
const reach = (
  { dilationHeight, dilationWidth, filterHeight, filterWidth, outHeight, outWidth, strideHeight, strideWidth }: Info
) =>
  [
    (outHeight - 1) * strideHeight + (filterHeight - 1) * dilationHeight + 1,
    (outWidth - 1) * strideWidth + (filterWidth - 1) * dilationWidth + 1
  ] as const

const window = (
  i: number,
  j: number,
  c: Info
): { readonly begin: [number, number]; readonly end: [number, number] } => {
  const top = i * c.dilationHeight
  const left = j * c.dilationWidth
  return {
    begin: [top, left],
    end: [top + (c.outHeight - 1) * c.strideHeight + 1, left + (c.outWidth - 1) * c.strideWidth + 1]
  }
}

const taps = <A>({ filterHeight, filterWidth }: Info, f: (i: number, j: number) => A): Array<A> =>
  Array.from({ length: filterHeight * filterWidth }, (_, t) => f(Math.floor(t / filterWidth), t % filterWidth))

/** The input, padded or cropped to exactly what the taps reach. */
const padded = (x: tf.Tensor4D, c: Info): tf.Tensor4D => {
  const [rows, columns] = reach(c)
  const [n, , , channels] = x.shape
  const whole = tf.pad(x, [
    [0, 0],
    [c.padInfo.top, Math.max(0, rows - x.shape[1] - c.padInfo.top)],
    [c.padInfo.left, Math.max(0, columns - x.shape[2] - c.padInfo.left)],
    [0, 0]
  ])
  return tf.slice(whole, [0, 0, 0, 0], [n, rows, columns, channels])
}

/** The gradient of a depthwise convolution with respect to its filter: one product and sum per tap. */
export const depthwiseFilterGradient: Kernel = composed<Attributes & { readonly filterShape: Shape4 }>(
  tf.DepthwiseConv2dNativeBackpropFilter,
  (input, attrs) => {
    const x = input("x") as tf.Tensor4D
    const c = geometryOf(x.shape, attrs.filterShape, attrs, true)
    if (input("dy").size === 0) return tf.zeros([...attrs.filterShape])
    const [, , channels, multiplier] = attrs.filterShape
    const [n] = x.shape
    const source = padded(x, c)
    const pixels = n * c.outHeight * c.outWidth
    const dy = tf.reshape(input("dy"), [pixels, channels, multiplier])
    return tf.reshape(
      tf.stack(taps(c, (i, j) => {
        const { begin, end } = window(i, j, c)
        const seen = tf.stridedSlice(source, [0, ...begin, 0], [n, ...end, channels], [
          1,
          c.strideHeight,
          c.strideWidth,
          1
        ])
        return tf.sum(tf.mul(tf.reshape(seen, [pixels, channels, 1]), dy), 0)
      })),
      [...attrs.filterShape]
    )
  }
)

/** The gradient of a depthwise convolution with respect to its input: the taps' products, shifted and added. */
export const depthwiseInputGradient: Kernel = composed<Attributes & { readonly inputShape: Shape4 }>(
  tf.DepthwiseConv2dNativeBackpropInput,
  (input, attrs) => {
    const filter = input("filter") as tf.Tensor4D
    const c = geometryOf(attrs.inputShape, filter.shape, attrs, true)
    if (input("dy").size === 0) return tf.zeros([...attrs.inputShape])
    const [n, h, w] = attrs.inputShape
    const [a, b, channels, multiplier] = filter.shape
    const [rows, columns] = reach(c)
    const dy = tf.reshape(input("dy"), [n * c.outHeight * c.outWidth, channels, multiplier])
    const tapsOf = tf.unstack(tf.reshape(filter, [a * b, channels, multiplier]))
    const sum = taps(c, (i, j) => {
      const part = tf.reshape(tf.sum(tf.mul(dy, tapsOf[i * b + j]!), -1), [n, c.outHeight, c.outWidth, channels])
      const { begin, end } = window(i, j, c)
      return spread(
        spread(part, 1, c.strideHeight, begin[0], rows - end[0]),
        2,
        c.strideWidth,
        begin[1],
        columns - end[1]
      )
    }).reduce((s, t) => tf.add(s, t))
    const whole = tf.pad(sum as tf.Tensor4D, [
      [0, 0],
      [0, Math.max(0, h + c.padInfo.top - rows)],
      [0, Math.max(0, w + c.padInfo.left - columns)],
      [0, 0]
    ])
    return tf.slice(whole, [0, c.padInfo.top, c.padInfo.left, 0], [n, h, w, channels])
  }
)

const forward = (name: string) => {
  const original = stock(name)
  return kernel<Attributes>(name, (call) => {
    const { attrs, inputs } = call
    const { filterHeight, filterWidth, padInfo, strideHeight, strideWidth } = geometryOf(
      inputs["x"]!.shape,
      inputs["filter"]!.shape,
      attrs,
      true
    )
    const plain = () => original(call as unknown as Parameters<tf.KernelFunc>[0]) as tf.TensorInfo
    // The stock kernel returns zeros, without an error, for 'same' padding and a stride above the filter's size.
    if (padInfo.type !== "SAME" || (filterHeight >= strideHeight && filterWidth >= strideWidth)) return plain()
    return runPadded(call, original, padInfo)
  })
}

const runPadded = (
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

/** The forward depthwise convolutions, right where the stock ones are silently wrong. */
export const depthwiseForward = (): ReadonlyArray<Kernel> => [
  forward(tf.DepthwiseConv2dNative),
  forward(tf.FusedDepthwiseConv2D)
]
