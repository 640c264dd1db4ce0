/** Kernels as linear maps of what enters their layers. */
import * as tf from "@tensorflow/tfjs-core"
import type * as tfl from "@tensorflow/tfjs-layers"
import * as KernelOrder from "../collections/KernelOrder.ts"
import type { ConstrainedLayer } from "./constrained.ts"
import * as ConvolutionOperator from "./ConvolutionOperator.ts"

/** A kernel as the linear map that it is of what enters it, or why its norm is not computed. */
export type LayerMap =
  | { readonly norm: (weight: tf.Tensor) => tf.Scalar; readonly work: number }
  | { readonly unknown: string }

const numbers = (value: unknown, length: number): ReadonlyArray<number> =>
  Array.from({ length }, (_, i) => Number((Array.isArray(value) ? value[i] : value) ?? 1))

/** The one shape of what enters a layer, without its batch, wherever it is applied. */
const inputShape = (layer: tfl.layers.Layer): tfl.Shape | undefined => {
  const { inboundNodes } = layer as unknown as {
    readonly inboundNodes: ReadonlyArray<{ readonly inputShapes: ReadonlyArray<tfl.Shape> }>
  }
  const [shape, ...others] = inboundNodes.map(({ inputShapes }) => inputShapes[0]!.slice(1))
  return others.every((other) => String(other) === String(shape)) ? shape : undefined
}

/**
 * Lengths of the axes of space of what enters a layer; undefined where one is open or they differ from place to place.
 */
const spaceOf = (layer: tfl.layers.Layer, axes: number): ReadonlyArray<number> | undefined => {
  const shape = inputShape(layer)
  const space = layer.getConfig()["dataFormat"] === "channelsFirst" ? shape?.slice(-axes) : shape?.slice(-1 - axes, -1)
  return space?.length === axes && space.every((length) => length !== null && length > 0)
    ? space as ReadonlyArray<number>
    : undefined
}

const unknown = (why: string): LayerMap => ({ unknown: why })

const images = (
  { blocks, kernel: { order }, shape }: ConstrainedLayer,
  geometry: ConvolutionOperator.OperatorGeometry
): LayerMap => {
  const [a, b, c, d] = shape
  const [groups, outputs] = order.inputs === "own" ? [blocks, d] : [1, blocks * d]
  return {
    norm: (weight) =>
      tf.tidy(() => {
        const whole = tf.reshape(KernelOrder.whole(order, weight), [groups, a, b, c, outputs]) as tf.Tensor5D
        // A transposed convolution is the adjoint of the convolution with the same weight.
        return ConvolutionOperator.normOfBlocks(
          order.name === "transposed" ? tf.transpose(whole, [0, 1, 2, 4, 3]) : whole,
          geometry
        )
      }),
    work: ConvolutionOperator.work(
      order.name === "transposed" ? [a, b, outputs, c] : [a, b, c, outputs],
      geometry,
      groups
    )
  }
}

const volumes = (weight: ReadonlyArray<number>, volume: ConvolutionOperator.Volume): LayerMap => ({
  // The weight of a transposed one is that of the convolution whose adjoint it is.
  norm: (weight) => ConvolutionOperator.normOfVolumes(weight as tf.Tensor5D, volume),
  work: ConvolutionOperator.workOfVolumes(weight as [number, number, number, number, number], volume)
})

const everywhereAlike: ConvolutionOperator.OperatorGeometry = { size: [1, 1] }

/** How many axes of space the kernels of an order have. */
const spaceAxes = ({ name }: KernelOrder.KernelOrder): number =>
  name === "convolution1d" ? 1 : name.endsWith("3d") ? 3 : 2

/** How a layer applies one of its kernels whose weight has this shape: boundaries are taken as periodic. */
export const mapOf = (constrained: ConstrainedLayer, weight: ReadonlyArray<number>): LayerMap => {
  const { kernel: { entering, order }, layer } = constrained
  if (entering === "nothing") return unknown("rows are looked up")
  if (order.rank === 2 || entering === "depthwise features") return images(constrained, everywhereAlike)
  const axes = spaceAxes(order)
  const entered = spaceOf(layer, axes)
  if (entered === undefined) return unknown("the size of its input is open")
  const { dilationRate, strides: found } = layer.getConfig()
  const strides = numbers(found, axes)
  const dilations = numbers(dilationRate, axes)
  const isTransposed = order.name.startsWith("transposed")
  if (!isTransposed && entered.some((side, axis) => side % strides[axis]! !== 0)) {
    return unknown("its strides do not divide its input")
  }
  if (entering === "state") {
    return images(constrained, { size: entered.map((side, axis) => side / strides[axis]!) as [number, number] })
  }
  const size = isTransposed ? entered.map((side, axis) => side * strides[axis]!) : entered
  if (axes === 3) {
    return volumes(weight, {
      size: size as [number, number, number],
      strides: strides as [number, number, number],
      dilations: dilations as [number, number, number]
    })
  }
  const pair = (values: ReadonlyArray<number>) => [values[0]!, values[1] ?? 1] as const
  return images(constrained, { size: pair(size), strides: pair(strides), dilations: pair(dilations) })
}
