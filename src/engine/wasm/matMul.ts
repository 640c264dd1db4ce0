import * as tf from "@tensorflow/tfjs-core"
import { sizeOf } from "../sizeOf.ts"
import { type Call, composed, filled, type Kernel, kernel, stock } from "./kernel.ts"
import { activated, type FusedAttributes } from "./simd/convolution.ts"

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
    if (sizeOf(a.shape) === 0 || sizeOf(b.shape) === 0) {
      // Sums of no products, which the stock kernel does not write.
      const stacks = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2))
      return filled(backend, [...stacks, rows, b.shape.at(attrs.transposeB ? -2 : -1)!], "float32")
    }
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
 * A product with what follows it in a dense layer. The stock kernel adds a wrong bias to stacks, and its rectifier
 * turns NaN into 0, a diverging run into one that looks well.
 */
const fusedProduct = (): Kernel => {
  const linear = transposingFirst(tf._FusedMatMul, 0)
  return composed<Attributes & FusedAttributes>(tf._FusedMatMul, (input, attrs, given) => {
    const [a, b] = [input("a"), input("b")]
    const bias = given("bias") ? input("bias") : undefined
    const single = sizeOf(a.shape.slice(0, -2)) * sizeOf(b.shape.slice(0, -2)) === 1 && a.size > 0 && b.size > 0
    const { transposeA, transposeB } = attrs
    const shifted = () => {
      if (!single || (bias !== undefined && bias.rank !== 1)) {
        const product = tf.matMul(a, b, transposeA, transposeB)
        return bias === undefined ? product : tf.add(product, bias)
      }
      const backend = tf.backend() as Call<Attributes>["backend"]
      const inputs = { a, b, ...(bias === undefined ? {} : { bias }) }
      const y = linear.run({ inputs, attrs: { ...attrs, activation: "linear" }, backend } as never)
      return tf.engine().makeTensorFromTensorInfo(y, backend)
    }
    return activated(shifted(), attrs, given("preluActivationWeights") ? input("preluActivationWeights") : undefined)
  })
}

/**
 * The matrix products, plain and fused.
 *
 * With transposed operands the stock kernels are 15 to 20 times slower on large matrices (and faster on products of
 * less than about 16³ multiplications), and the fused one adds the wrong entries of the bias.
 */
export const matrixProducts = (): ReadonlyArray<Kernel> => [transposingFirst(tf.BatchMatMul, 16 ** 3), fusedProduct()]
