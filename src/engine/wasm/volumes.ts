/** Convolutions and pooling of volumes on the wasm engine, right where the stock kernels are wrong or missing. */
import * as tf from "@tensorflow/tfjs-core"
import { composed, type Kernel } from "./kernel.ts"
import { spread } from "./spread.ts"

type Shape5 = [number, number, number, number, number]
type Info = ReturnType<typeof tf.backend_util.computeConv3DInfo>

interface Attributes {
  readonly strides: number | [number, number, number]
  readonly pad: "valid" | "same"
}

/** What a convolution does along one axis of space. */
interface Axis {
  readonly length: number
  readonly filter: number
  readonly outputs: number
  readonly stride: number
  readonly before: number
  /** How far the taps reach, from the first padded place on. */
  readonly reach: number
}

const axesOf = (c: Info): ReadonlyArray<Axis> =>
  [
    [c.inDepth, c.filterDepth, c.outDepth, c.strideDepth, c.padInfo.front],
    [c.inHeight, c.filterHeight, c.outHeight, c.strideHeight, c.padInfo.top],
    [c.inWidth, c.filterWidth, c.outWidth, c.strideWidth, c.padInfo.left]
  ].map(([length, filter, outputs, stride, before]) => ({
    length: length!,
    filter: filter!,
    outputs: outputs!,
    stride: stride!,
    before: before!,
    reach: (outputs! - 1) * stride! + filter!
  }))

const taps = <A>([t, a, b]: ReadonlyArray<Axis>, f: (tap: ReadonlyArray<number>, index: number) => A): Array<A> =>
  Array.from({ length: t!.filter * a!.filter * b!.filter }, (_, index) =>
    f([
      Math.floor(index / (a!.filter * b!.filter)),
      Math.floor(index / b!.filter) % a!.filter,
      index % b!.filter
    ], index))

/** Adds places to the axes of space, or takes them away. */
const framed = (
  x: tf.Tensor,
  frame: ReadonlyArray<readonly [before: number, after: number]>,
  value = 0
): tf.Tensor => {
  const whole = tf.pad(x, [[0, 0], ...frame.map((ends) => ends.map((n) => Math.max(0, n))), [0, 0]] as Array<
    [number, number]
  >, value)
  return tf.slice(
    whole,
    [0, ...frame.map(([before]) => Math.max(0, -before)), 0],
    x.shape.map((length, i) => length + (frame[i - 1]?.[0] ?? 0) + (frame[i - 1]?.[1] ?? 0))
  )
}

/** What one tap meets at every place. */
const seenBy = (source: tf.Tensor, axes: ReadonlyArray<Axis>, tap: ReadonlyArray<number>): tf.Tensor =>
  tf.stridedSlice(
    source,
    [0, ...tap, 0],
    [
      source.shape[0]!,
      ...tap.map((at, i) => at + (axes[i]!.outputs - 1) * axes[i]!.stride + 1),
      source.shape.at(-1)!
    ],
    [1, ...axes.map(({ stride }) => stride), 1]
  )

/** What every tap brings to its places, all together. */
const added = (
  axes: ReadonlyArray<Axis>,
  part: (tap: ReadonlyArray<number>, index: number) => tf.Tensor
): tf.Tensor => {
  const sum = taps(axes, (tap, index) =>
    axes.reduce(
      (wide, { filter, stride }, i) => spread(wide, i + 1, stride, tap[i]!, filter - 1 - tap[i]!),
      part(tap, index)
    )).reduce((s, t) => tf.add(s, t))
  return framed(sum, axes.map(({ before, length, reach }) => [-before, length + before - reach]))
}

/**
 * The gradient of a convolution of volumes with respect to its filter, which the stock kernel has wrong for strides: a
 * product per tap.
 */
export const volumesFilterGradient: Kernel = composed<Attributes & { readonly filterShape: Shape5 }>(
  tf.Conv3DBackpropFilterV2,
  (input, { filterShape, pad, strides }) => {
    const x = input("x")
    const axes = axesOf(tf.backend_util.computeConv3DInfo(x.shape as Shape5, filterShape, strides, 1, pad))
    const [channels, outputs] = filterShape.slice(3) as [number, number]
    const source = framed(x, axes.map(({ before, length, reach }) => [before, reach - before - length]))
    const dy = tf.reshape(input("dy"), [-1, outputs])
    return tf.reshape(
      tf.stack(
        taps(axes, (tap) => tf.matMul(tf.reshape(seenBy(source, axes, tap), [-1, channels]), dy as tf.Tensor2D, true))
      ),
      filterShape
    )
  }
)

/**
 * The gradient of a convolution of volumes with respect to its input, which the stock kernel has wrong: the taps'
 * products, added.
 */
export const volumesInputGradient: Kernel = composed<Attributes & { readonly inputShape: Shape5 }>(
  tf.Conv3DBackpropInputV2,
  (input, { inputShape, pad, strides }) => {
    const filter = input("filter")
    const axes = axesOf(tf.backend_util.computeConv3DInfo(inputShape, filter.shape as Shape5, strides, 1, pad))
    const [channels, outputs] = filter.shape.slice(3) as [number, number]
    const dy = tf.reshape(input("dy"), [-1, outputs])
    const tapsOf = tf.unstack(tf.reshape(filter, [-1, channels, outputs]))
    const shape = [inputShape[0], ...axes.map((axis) => axis.outputs), channels]
    return added(axes, (_, index) => tf.reshape(tf.matMul(dy, tapsOf[index]!, false, true), shape))
  }
)

interface Pooling extends Attributes {
  readonly filterSize: number | [number, number, number]
}

/** For every tap the entries that it meets, those of padding −∞: `[taps, n, …, channels]`. */
const windows = (x: tf.Tensor, axes: ReadonlyArray<Axis>): tf.Tensor => {
  const source = framed(x, axes.map(({ before, length, reach }) => [before, reach - before - length]), -Infinity)
  return tf.stack(taps(axes, (tap) => seenBy(source, axes, tap)))
}

const poolAxes = (x: tf.Tensor, { filterSize, pad, strides }: Pooling) =>
  axesOf(tf.backend_util.computePool3DInfo(x.shape as Shape5, filterSize, strides, 1, pad))

/** The largest entries of windows of volumes; the stock kernel finds none below zero. */
export const maxPoolOfVolumes: Kernel = composed<Pooling>(
  tf.MaxPool3D,
  (input, attrs) => tf.max(windows(input("x"), poolAxes(input("x"), attrs)), 0)
)

/** The gradient of that: all of it to the first entry that is the largest of its window. */
export const maxPoolOfVolumesGradient: Kernel = composed<Pooling>(tf.MaxPool3DGrad, (input, attrs) => {
  const [x, dy] = [input("input"), input("dy")]
  const axes = poolAxes(x, attrs)
  const place = tf.argMax(windows(x, axes), 0)
  const zeros = tf.zerosLike(dy)
  return added(axes, (_, index) => tf.where(tf.equal(place, tf.scalar(index, "int32")), dy, zeros))
})
