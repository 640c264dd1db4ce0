import * as tf from "@tensorflow/tfjs-core"
import { type Kernel, kernel } from "../kernel.ts"
import { pointer } from "./functions.ts"
import type { Simd } from "./module.ts"

interface Attributes {
  readonly filterSize: number | [number, number]
  readonly strides: number | [number, number]
  readonly pad: "valid" | "same" | number | tf.backend_util.ExplicitPadding
  readonly dimRoundingMode?: "floor" | "round" | "ceil"
}

/**
 * The gradient of max pooling: dy goes to the first largest entry of each window.
 *
 * The stock kernel takes several times as long and is then the dearest part of a small network's step.
 *
 * @internal
 */
export const maxPoolGradient = (simd: Simd): Kernel =>
  kernel<Attributes>(tf.MaxPoolGrad, ({ attrs, backend, inputs }) => {
    const { dy, input } = inputs as { readonly dy: tf.TensorInfo; readonly input: tf.TensorInfo }
    const c = tf.backend_util.computePool2DInfo(
      input.shape as [number, number, number, number],
      attrs.filterSize,
      attrs.strides,
      1,
      attrs.pad,
      attrs.dimRoundingMode
    )
    const out = backend.makeOutput(input.shape, "float32")
    const at = (info: tf.TensorInfo) => pointer(backend, info)
    const offset = (image: number, height: number, width: number) => 4 * image * height * width * c.inChannels
    simd.share("maxPoolGradient", c.batchSize, (begin, end) => [
      at(input) + offset(begin, c.inHeight, c.inWidth),
      at(dy) + offset(begin, c.outHeight, c.outWidth),
      at(out) + offset(begin, c.inHeight, c.inWidth),
      end - begin,
      c.inChannels,
      c.inHeight,
      c.inWidth,
      c.outHeight,
      c.outWidth,
      c.filterHeight,
      c.filterWidth,
      c.strideHeight,
      c.strideWidth,
      c.padInfo.top,
      c.padInfo.left
    ])
    return out
  })
