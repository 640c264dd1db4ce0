/** The lengths, paddings and strides that the kernels of a convolution are called with. */
import * as tf from "@tensorflow/tfjs-core"

/** Four lengths. */
export type Shape4 = readonly [number, number, number, number]
type Pad = "valid" | "same" | number | tf.backend_util.ExplicitPadding

/** The attributes of a convolution's kernels. */
export interface Attributes {
  readonly strides: number | [number, number]
  readonly pad: Pad
  /** Left out by the depthwise gradients. */
  readonly dataFormat?: "NHWC" | "NCHW"
  readonly dimRoundingMode?: "floor" | "round" | "ceil"
  readonly dilations?: number | [number, number]
}

/**
 * All lengths, paddings and steps of a convolution.
 *
 * @throws RangeError where the filter reaches beyond the image by more than a step: outputs would be fewer than none.
 */
export const geometryOf = (
  input: ReadonlyArray<number>,
  filter: ReadonlyArray<number>,
  attrs: Attributes,
  depthwise = false
) => {
  if (attrs.dataFormat === "NCHW") {
    throw new Error(`The wasm backend convolves NHWC tensors only, not ${attrs.dataFormat}`)
  }
  const info = tf.backend_util.computeConv2DInfo(
    [...input] as [number, number, number, number],
    [...filter] as [number, number, number, number],
    attrs.strides,
    attrs.dilations ?? 1,
    attrs.pad,
    attrs.dimRoundingMode,
    depthwise,
    "channelsLast"
  )
  const { effectiveFilterHeight, effectiveFilterWidth, inHeight, inWidth, outHeight, outWidth } = info
  if (outHeight >= 0 && outWidth >= 0) return info
  throw new RangeError(
    `${depthwise ? tf.DepthwiseConv2dNative : tf.Conv2D}: no filter of ` +
      `${effectiveFilterHeight}×${effectiveFilterWidth} fits into images of ${inHeight}×${inWidth}`
  )
}
