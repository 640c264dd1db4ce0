/** Sums and the rectifier on large tensors, in one pass and on all threads. */
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import * as tf from "@tensorflow/tfjs-core"
import { kernelNames } from "../../layerKernels.ts"
import { sizeOf } from "../../sizeOf.ts"
import { type Kernel, kernel, stock } from "../kernel.ts"
import { pointer } from "./functions.ts"
import type { Simd } from "./module.ts"

/** Fewer numbers a thread than this take less time than waking it. */
export const numbersAtLeast = 16_384

/**
 * The rectifier, keeping NaN: the stock one turns those with a sign into 0, and a diverging run into one that looks
 * well.
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
    const size = sizeOf(x.shape)
    simd.share("relu", size, (begin, end) => [from + 4 * begin, to + 4 * begin, end - begin], { grain: numbersAtLeast })
    return out
  })
}

/** dy·[x > 0] in one pass; TensorFlow.js takes three, and two tensors more. */
export const reluGradient = (simd: Simd): Kernel =>
  kernel(kernelNames.reluGradient, ({ backend, inputs }) => {
    const { dy, x } = inputs as { readonly dy: tf.TensorInfo; readonly x: tf.TensorInfo }
    return overNumbers(simd, backend, "reluGradient", x, dy)
  })

/** Sums of large tensors of one shape on all threads; others stay with the stock kernel. */
export const add = (simd: Simd): Kernel => {
  const stockAdd = stock(tf.Add)
  return kernel(tf.Add, (call) => {
    const { backend, inputs } = call
    const { a, b } = inputs as { readonly a: tf.TensorInfo; readonly b: tf.TensorInfo }
    const large = sizeOf(a.shape) >= numbersAtLeast
    return large && a.dtype === "float32" && b.dtype === "float32" && a.shape.join() === b.shape.join()
      ? overNumbers(simd, backend, "add", a, b)
      : stockAdd(call as unknown as Parameters<tf.KernelFunc>[0]) as tf.TensorInfo
  })
}

/** max(a + b, 0) of tensors of one shape, in one pass. */
export const addRelu = (simd: Simd): Kernel =>
  kernel(kernelNames.addRelu, ({ backend, inputs }) => {
    const { a, b } = inputs as { readonly a: tf.TensorInfo; readonly b: tf.TensorInfo }
    return overNumbers(simd, backend, "addRelu", a, b)
  })

const overNumbers = (
  simd: Simd,
  backend: BackendWasm,
  name: "add" | "addRelu" | "reluGradient",
  a: tf.TensorInfo,
  b: tf.TensorInfo
): tf.TensorInfo => {
  const out = backend.makeOutput([...a.shape], "float32")
  const [one, two, to] = [a, b, out].map((info) => pointer(backend, info)) as [number, number, number]
  simd.share(
    name,
    sizeOf(a.shape),
    (begin, end) => [one + 4 * begin, two + 4 * begin, to + 4 * begin, end - begin],
    { grain: numbersAtLeast }
  )
  return out
}
