import * as tf from "@tensorflow/tfjs-core"
import { sizeOf } from "../sizeOf.ts"
import { type Call, type Kernel, kernel, stock } from "./kernel.ts"

interface Attributes {
  readonly transposeA: boolean
  readonly transposeB: boolean
}

const swapped = (x: tf.TensorInfo, backend: Call<Attributes>["backend"]): tf.TensorInfo => {
  const rank = x.shape.length
  const axes = Array.from({ length: rank }, (_, i) => i)
  return stock(tf.Transpose)({
    inputs: { x },
    attrs: { perm: [...axes.slice(0, -2), rank - 1, rank - 2] },
    backend
  }) as tf.TensorInfo
}

/** Matrix products whose transposed operands are transposed first, from a number of multiplications on. */
const transposingFirst = (name: string, small: number): Kernel => {
  const original = stock(name)
  return kernel<Attributes>(name, (call) => {
    const { attrs, backend, inputs } = call
    const { a, b } = inputs as { readonly a: tf.TensorInfo; readonly b: tf.TensorInfo }
    const rows = a.shape.at(attrs.transposeA ? -1 : -2)!
    const run = (changed: Record<string, tf.TensorInfo>, flags: Attributes) =>
      original({ inputs: { ...inputs, ...changed }, attrs: { ...attrs, ...flags }, backend }) as tf.TensorInfo
    if ((!attrs.transposeA && !attrs.transposeB) || rows * sizeOf(b.shape.slice(-2)) < small) return run({}, attrs)
    const first = attrs.transposeA ? swapped(a, backend) : a
    const second = attrs.transposeB ? swapped(b, backend) : b
    const out = run({ a: first, b: second }, { transposeA: false, transposeB: false })
    if (first !== a) backend.disposeData(first.dataId)
    if (second !== b) backend.disposeData(second.dataId)
    return out
  })
}

/**
 * The matrix products, plain and fused.
 *
 * With transposed operands the stock kernels are 15 to 20 times slower on large matrices (and faster on products of
 * less than about 16³ multiplications), and the fused one adds the wrong entries of the bias.
 */
export const matrixProducts = (): ReadonlyArray<Kernel> => [
  transposingFirst(tf.BatchMatMul, 16 ** 3),
  transposingFirst(tf._FusedMatMul, 0)
]
