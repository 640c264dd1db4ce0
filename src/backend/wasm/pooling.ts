import * as tf from "@tensorflow/tfjs-core"
import { type Kernel, kernel } from "./kernel.ts"

interface Attributes {
  readonly filterSize: number | [number, number]
  readonly strides: number | [number, number]
  readonly pad: "valid" | "same" | number | tf.backend_util.ExplicitPadding
  readonly dimRoundingMode?: "floor" | "round" | "ceil"
}

/**
 * The gradient of max pooling, in one pass over the heap: dy goes to the first largest entry of each window.
 *
 * The stock kernel takes several times as long and is then the dearest part of a small network's step.
 */
export const maxPoolGradient: Kernel = kernel<Attributes>(tf.MaxPoolGrad, ({ attrs, backend, inputs }) => {
  const x = inputs["input"]!
  const dy = inputs["dy"]!
  const c = tf.backend_util.computePool2DInfo(
    x.shape as [number, number, number, number],
    attrs.filterSize,
    attrs.strides,
    1,
    attrs.pad,
    attrs.dimRoundingMode
  )
  const out = backend.makeOutput(x.shape, "float32")
  const gradient = backend.typedArrayFromHeap(out)
  const values = backend.typedArrayFromHeap(x)
  const incoming = backend.typedArrayFromHeap(dy)
  gradient.fill(0)
  const channels = c.inChannels
  const rowSize = c.inWidth * channels
  const imageSize = c.inHeight * rowSize
  let o = 0
  for (let n = 0; n < c.batchSize; n++) {
    for (let i = 0; i < c.outHeight; i++) {
      const top = Math.max(0, i * c.strideHeight - c.padInfo.top)
      const bottom = Math.min(c.inHeight, i * c.strideHeight - c.padInfo.top + c.filterHeight)
      for (let j = 0; j < c.outWidth; j++) {
        const left = Math.max(0, j * c.strideWidth - c.padInfo.left)
        const right = Math.min(c.inWidth, j * c.strideWidth - c.padInfo.left + c.filterWidth)
        const corner = n * imageSize + top * rowSize + left * channels
        for (let k = 0; k < channels; k++, o++) {
          let best = corner + k
          let largest = values[best]!
          for (let r = top, row = corner + k; r < bottom; r++, row += rowSize) {
            for (let s = left, at = row; s < right; s++, at += channels) {
              if (values[at]! > largest) {
                largest = values[at]!
                best = at
              }
            }
          }
          gradient[best]! += incoming[o]!
        }
      }
    }
  }
  return out
})
