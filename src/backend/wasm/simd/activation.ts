import * as tf from "@tensorflow/tfjs-core"
import { type Kernel, kernel, stock } from "../kernel.ts"
import { pointer, type Simd } from "./module.ts"

/** Fewer numbers a thread than this take less time than waking it. */
export const numbersAtLeast = 16_384

/**
 * The rectifier, keeping NaN: the stock one turns those with a sign into 0, and a diverging run into one that looks well.
 *
 * @internal
 */
export const relu = (simd: Simd): Kernel => {
  const integers = stock(tf.Relu)
  return kernel(tf.Relu, (call) => {
    const { backend, inputs } = call
    const x = inputs["x"]!
    if (x.dtype !== "float32") return integers(call as unknown as Parameters<tf.KernelFunc>[0]) as tf.TensorInfo
    const out = backend.makeOutput([...x.shape], "float32")
    const [from, to] = [pointer(backend, x), pointer(backend, out)]
    const size = x.shape.reduce((a, b) => a * b, 1)
    simd.share("relu", size, (begin, end) => [from + 4 * begin, to + 4 * begin, end - begin], numbersAtLeast)
    return out
  })
}
