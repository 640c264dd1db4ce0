/** Rows summed and gathered by index, in one pass over the heap. */
import * as tf from "@tensorflow/tfjs-core"
import { sizeOf } from "../sizeOf.ts"
import { type Kernel, kernel, stock } from "./kernel.ts"

/** Sums of rows by segment, in one pass over the heap; rows of negative segments are dropped, as on other backends. */
export const segmentSum: Kernel = kernel<{ readonly numSegments: number }>(
  tf.UnsortedSegmentSum,
  ({ attrs: { numSegments }, backend, inputs }) => {
    const x = inputs["x"]!
    const [count = 0, ...row] = x.shape
    const width = sizeOf(row)
    const out = backend.makeOutput([numSegments, ...row], x.dtype)
    // Views after the last allocation: the heap may have moved.
    const sums = backend.typedArrayFromHeap(out)
    const values = backend.typedArrayFromHeap(x)
    const segments = backend.typedArrayFromHeap(inputs["segmentIds"]!)
    sums.fill(0)
    for (let i = 0; i < count; i++) {
      const segment = segments[i]!
      if (segment < 0) continue
      if (segment >= numSegments) {
        throw new Error(`UnsortedSegmentSum: segment ${segment} is not in [0, ${numSegments})`)
      }
      for (let j = 0; j < width; j++) sums[segment * width + j]! += values[i * width + j]!
    }
    return out
  }
)

/**
 * Rows by index, copied in one pass over the heap: the stock kernel takes about ten times as long on many short rows.
 */
export const gatherRows = (): Kernel => {
  const original = stock(tf.GatherV2)
  return kernel<{ readonly axis: number; readonly batchDims: number }>(tf.GatherV2, (call) => {
    const { attrs, backend, inputs } = call
    const x = inputs["x"]!
    const indices = inputs["indices"]!
    if (attrs.axis !== 0 || attrs.batchDims !== 0 || x.dtype === "string" || x.dtype === "bool") {
      return original(call as unknown as Parameters<tf.KernelFunc>[0]) as tf.TensorInfo
    }
    const [rows = 0, ...row] = x.shape
    const width = sizeOf(row)
    const out = backend.makeOutput([...indices.shape, ...row], x.dtype)
    const target = backend.typedArrayFromHeap(out)
    const source = backend.typedArrayFromHeap(x)
    const order = backend.typedArrayFromHeap(indices)
    for (let i = 0; i < order.length; i++) {
      const from = order[i]!
      if (!(from >= 0 && from < rows)) {
        throw new Error(`GatherV2: the index value ${from} is not in [0, ${rows - 1}]`)
      }
      for (let j = 0; j < width; j++) target[i * width + j] = source[from * width + j]!
    }
    return out
  })
}
