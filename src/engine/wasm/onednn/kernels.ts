import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import * as tf from "@tensorflow/tfjs-core"
import { sizeOf } from "../../sizeOf.ts"
import { type Attributes, geometryOf, type Shape4 } from "../geometry.ts"
import { composed, type Kernel, kernel } from "../kernel.ts"
import { activated, type FusedAttributes } from "../simd/convolution.ts"
import { pointer } from "../simd/functions.ts"
import type { Direction } from "./dialect.ts"
import type { Library } from "./library.ts"
import { type Convolution, prepare, type Primitive } from "./primitives.ts"

type Geometry = ReturnType<typeof geometryOf>

const convolutionOf = (geometry: Geometry, filter: ReadonlyArray<number>, bias = false): Convolution => {
  const { dilationHeight, dilationWidth, padInfo, strideHeight, strideWidth } = geometry
  const [dilations, strides] = [[dilationHeight, dilationWidth], [strideHeight, strideWidth]] as const
  const size = [geometry.inHeight, geometry.inWidth]
  const outSize = [geometry.outHeight, geometry.outWidth]
  const before = [padInfo.top, padInfo.left] as const
  // What is behind follows from the other lengths; where the last steps leave pixels over, it is negative.
  const behind = [0, 1].map((axis) =>
    (outSize[axis]! - 1) * strides[axis]! + (filter[axis]! - 1) * dilations[axis]! + 1 - size[axis]! - before[axis]!
  ) as [number, number]
  return { x: geometry.inShape, filter, y: geometry.outShape, strides, dilations, before, behind, bias }
}

/** Primitives are kept for so many geometries; those used longest ago are let go. */
const mostKept = 256

const kept = (library: Library) => {
  const known = new Map<string, Primitive>()
  return (direction: Direction, convolution: Convolution): Primitive => {
    const key = `${direction} ${JSON.stringify(convolution)}`
    const found = known.get(key) ?? prepare(library, direction, convolution)
    known.delete(key)
    known.set(key, found)
    const [oldest] = known.keys()
    if (known.size > mostKept && oldest !== undefined) {
      known.get(oldest)!.release()
      known.delete(oldest)
    }
    return found
  }
}

/** The place of a tensor's values in this process. */
const addresses = (library: Library, backend: BackendWasm) => {
  // A heap that is not shared moves when it grows.
  const start = library.address((backend.wasm as unknown as { readonly HEAPU8: Uint8Array }).HEAPU8)
  return (info: tf.TensorInfo) => start + BigInt(pointer(backend, info))
}

/**
 * The three convolutions of a layer by oneDNN, and the fused one, on the tensors of the wasm backend as they lie on its
 * heap.
 */
export const convolutions = (library: Library): ReadonlyArray<Kernel> => {
  const primitive = kept(library)
  const run = (
    backend: BackendWasm,
    direction: Direction,
    convolution: Convolution,
    { bias, filter, x, y }: Readonly<Record<"x" | "filter" | "y", tf.TensorInfo>> & {
      readonly bias?: tf.TensorInfo | undefined
    }
  ) => {
    if ([...convolution.x, ...convolution.y, ...convolution.filter].includes(0)) return
    const at = addresses(library, backend)
    const places = { x: at(x), filter: at(filter), y: at(y), bias: bias === undefined ? undefined : at(bias) }
    library.undisturbed(() => primitive(direction, convolution).run(places))
  }
  return [
    kernel<Attributes>(tf.Conv2D, ({ attrs, backend, inputs }) => {
      const { filter, x } = inputs as { readonly filter: tf.TensorInfo; readonly x: tf.TensorInfo }
      const geometry = geometryOf(x.shape, filter.shape, attrs)
      const y = backend.makeOutput(geometry.outShape, "float32")
      run(backend, "forward", convolutionOf(geometry, filter.shape), { x, filter, y })
      return y
    }),
    kernel<Attributes & { readonly inputShape: Shape4 }>(tf.Conv2DBackpropInput, ({ attrs, backend, inputs }) => {
      const { dy, filter } = inputs as { readonly dy: tf.TensorInfo; readonly filter: tf.TensorInfo }
      const geometry = geometryOf(attrs.inputShape, filter.shape, attrs)
      const x = backend.makeOutput([...attrs.inputShape], "float32")
      run(backend, "inputGradient", convolutionOf(geometry, filter.shape), { x, filter, y: dy })
      return x
    }),
    kernel<Attributes & { readonly filterShape: Shape4 }>(tf.Conv2DBackpropFilter, ({ attrs, backend, inputs }) => {
      const { dy, x } = inputs as { readonly dy: tf.TensorInfo; readonly x: tf.TensorInfo }
      const geometry = geometryOf(x.shape, attrs.filterShape, attrs)
      const filter = backend.makeOutput([...attrs.filterShape], "float32")
      run(backend, "filterGradient", convolutionOf(geometry, attrs.filterShape), { x, filter, y: dy })
      return filter
    }),
    composed<FusedAttributes>(tf.FusedConv2D, (input, attrs, given) => {
      const [x, filter] = [input("x"), input("filter")]
      const bias = given("bias") ? input("bias") : undefined
      const geometry = geometryOf(x.shape, filter.shape, attrs)
      const inside = bias !== undefined && bias.size === geometry.outChannels
      const backend = tf.backend() as BackendWasm
      const y = backend.makeOutput(geometry.outShape, "float32")
      run(backend, "forward", convolutionOf(geometry, filter.shape, inside), {
        x,
        filter,
        y,
        bias: inside ? bias : undefined
      })
      const convolved = tf.engine().makeTensorFromTensorInfo(y, backend)
      const shifted = inside || bias === undefined ? convolved : tf.add(convolved, bias)
      return activated(shifted, attrs, given("preluActivationWeights") ? input("preluActivationWeights") : undefined)
    })
  ]
}

/** Below so many multiplications a call costs more than it saves. */
const smallProduct = 32 ** 3

/** A character of C is a number. */
const turned = (is: boolean) => (is ? "T" : "N").charCodeAt(0)

/** Products of two matrices, without transposing anything; stacks of matrices stay with the kernel that there is. */
export const products = (library: Library, own: Kernel): Kernel =>
  kernel<{ readonly transposeA: boolean; readonly transposeB: boolean }>(tf.BatchMatMul, (call) => {
    const { attrs, backend, inputs } = call
    const { a, b } = inputs as { readonly a: tf.TensorInfo; readonly b: tf.TensorInfo }
    const stacked = sizeOf(a.shape.slice(0, -2)) * sizeOf(b.shape.slice(0, -2)) !== 1
    const [m = 0, k = 0] = attrs.transposeA ? a.shape.slice(-2).toReversed() : a.shape.slice(-2)
    const n = b.shape.at(attrs.transposeB ? -2 : -1)!
    if (stacked || m * n * k < smallProduct || a.dtype !== "float32" || b.dtype !== "float32") {
      return own.run(call as never)
    }
    const rank = Math.max(a.shape.length, b.shape.length)
    const out = backend.makeOutput([...Array<number>(rank - 2).fill(1), m, n], "float32")
    const at = addresses(library, backend)
    library.undisturbed(() =>
      library.call(
        "dnnl_sgemm(char turnA, char turnB, int64_t m, int64_t n, int64_t k, float alpha, void* a, int64_t rowA, " +
          "void* b, int64_t rowB, float beta, void* c, int64_t rowC)",
        turned(attrs.transposeA),
        turned(attrs.transposeB),
        m,
        n,
        k,
        1,
        at(a),
        a.shape.at(-1)!,
        at(b),
        b.shape.at(-1)!,
        0,
        at(out),
        n
      )
    )
    return out
  })
