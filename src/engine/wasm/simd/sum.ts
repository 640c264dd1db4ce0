import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import * as tf from "@tensorflow/tfjs-core"
import { sizeOf } from "../../sizeOf.ts"
import { composed, type Kernel, original } from "../kernel.ts"
import { reducing } from "../reductions.ts"
import { numbersAtLeast } from "./activation.ts"
import { pointer } from "./functions.ts"
import type { Simd } from "./module.ts"

interface Reduction {
  readonly axis?: number | Array<number>
  readonly keepDims?: boolean
}

/**
 * Sums by blocks, added up in float64: the stock kernel adds number by number, and loses four of seven digits in a
 * million of them.
 */
export const sum = (simd: Simd): Kernel => {
  const plain = original(tf.Sum)
  const { run } = composed<Reduction>(tf.Sum, (input, attrs) => {
    const x = input("x")
    if (x.dtype !== "float32") return plain({ x }, attrs)
    const axes = tf.util.parseAxisParam(attrs.axis ?? x.shape.map((_, i) => i), x.shape)
    const kept = x.shape.map((_, i) => i).filter((i) => !axes.includes(i))
    const isInner = kept.every((axis, i) => axis === i)
    const rows = isInner ? x : tf.transpose(x, [...kept, ...axes])
    const shape = kept.map((axis) => x.shape[axis]!)
    const count = sizeOf(shape)
    const length = x.size / count
    const backend = tf.backend() as BackendWasm
    const out = backend.makeOutput(shape, "float32")
    const [from, to] = [pointer(backend, rows), pointer(backend, out)]
    simd.share(
      "rowSums",
      count,
      (begin, end) => [from, length, to, begin, end],
      { grain: Math.ceil(numbersAtLeast / length) }
    )
    const sums = tf.engine().makeTensorFromTensorInfo(out, backend)
    return attrs.keepDims === true
      ? tf.reshape(sums, x.shape.map((size, i) => axes.includes(i) ? 1 : size))
      : sums
  })
  return reducing(tf.Sum, run)
}
