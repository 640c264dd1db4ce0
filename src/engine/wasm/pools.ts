import * as tf from "@tensorflow/tfjs-core"
import { type Kernel, kernel, stock } from "./kernel.ts"

/**
 * The stock kernel, where at least one window fits into the image: where none does it writes beyond its result, or
 * never ends.
 */
const guarded = (name: string): Kernel => {
  const run = stock(name)
  return kernel<tf.MaxPoolAttrs>(name, (call) => {
    const { dimRoundingMode, filterSize, pad, strides } = call.attrs
    const { filterHeight, filterWidth, inHeight, inWidth, outHeight, outWidth } = tf.backend_util.computePool2DInfo(
      call.inputs["x"]!.shape as [number, number, number, number],
      filterSize,
      strides,
      1,
      pad,
      dimRoundingMode
    )
    if (outHeight >= 1 && outWidth >= 1) return run(call as unknown as Parameters<tf.KernelFunc>[0]) as tf.TensorInfo
    throw new RangeError(
      `${name}: no window of ${filterHeight}×${filterWidth} fits into images of ${inHeight}×${inWidth}`
    )
  })
}

/**
 * Pooling that refuses windows larger than the image.
 *
 * @internal
 */
export const pools = (): ReadonlyArray<Kernel> => [guarded(tf.MaxPool), guarded(tf.AvgPool)]
