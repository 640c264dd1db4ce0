/** Products of matrices by oneDNN, plain and with what follows in a dense layer. */
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import * as tf from "@tensorflow/tfjs-core"
import { sizeOf } from "../../sizeOf.ts"
import { composed, type Kernel, kernel } from "../kernel.ts"
import { activated, type FusedAttributes } from "../simd/convolution.ts"
import { addresses } from "./addresses.ts"
import type { Address } from "./dialect.ts"
import { argumentsOf, callsOf, kept, later, type Primitive, ready, roles } from "./execution.ts"
import type { Library } from "./library.ts"
import type { Resources } from "./resources.ts"

/** Stacks of m×k and k×n matrices, as they are or transposed; a stack of one serves all of the other. */
interface Product {
  readonly stacks: readonly [a: number, b: number]
  readonly m: number
  readonly k: number
  readonly n: number
  readonly transposeA: boolean
  readonly transposeB: boolean
  readonly bias: boolean
}

interface Places {
  readonly a: Address
  readonly b: Address
  readonly out: Address
  readonly bias?: Address | undefined
}

/** Makes a product ready. */
const prepare = (library: Library, given: Product): Primitive<Places> =>
  ready(library, (make) => {
    const { execute, place, wait } = callsOf(library)
    const { k, m, n, stacks: [inA, inB], transposeA, transposeB } = given
    const layouts = {
      a: make.layout([inA, m, k], transposeA ? [m * k, 1, m] : [m * k, k, 1]),
      b: make.layout([inB, k, n], transposeB ? [k * n, 1, k] : [k * n, n, 1]),
      out: make.layout([Math.max(inA, inB), m, n], [m * n, n, 1]),
      bias: given.bias ? make.layout([1, 1, n], [n, n, 1]) : null
    }
    const product = make.primitive(make.product(layouts))
    const [a, b, out] = [layouts.a, layouts.b, layouts.out].map((layout) => make.memory(layout, later)) as [
      Address,
      Address,
      Address
    ]
    const bias = layouts.bias === null ? undefined : make.memory(layouts.bias, later)
    const memories = [[roles.x, a], [roles.filter, b], [roles.y, out]] as const
    const all = bias === undefined ? memories : [...memories, [roles.bias, bias] as const]
    const told = argumentsOf(all)
    return (places) => {
      place(a, places.a)
      place(b, places.b)
      place(out, places.out)
      if (bias !== undefined) place(bias, places.bias!)
      execute(product, all.length, told)
      wait()
    }
  })

interface Attributes {
  readonly transposeA: boolean
  readonly transposeB: boolean
}

/**
 * Below so many multiplications, in all and of each of a stack, a call costs what it saves; more so where something has
 * to be made ready. Measured in turns with our kernels: from here on it is never slower, on either version.
 */
const small = { plain: 2 ** 15, fused: 2 ** 16, each: 2 ** 9 }

/** What is to be multiplied; undefined where the kernels that there are do it. */
const productOf = (
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  { transposeA, transposeB }: Attributes,
  fewest: number
): { readonly product: Product; readonly shape: Array<number> } | undefined => {
  const [m = 0, k = 0] = transposeA ? a.shape.slice(-2).toReversed() : a.shape.slice(-2)
  const [k2 = 0, n = 0] = transposeB ? b.shape.slice(-2).toReversed() : b.shape.slice(-2)
  const [outerA, outerB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)]
  const [inA, inB] = [sizeOf(outerA), sizeOf(outerB)]
  const alike = inA === 1 || inB === 1 || outerA.join() === outerB.join()
  const large = m * n * k >= small.each && Math.max(inA, inB) * m * n * k >= fewest
  if (!alike || !large || k !== k2 || a.dtype !== "float32" || b.dtype !== "float32") return undefined
  const outer = tf.broadcast_util.assertAndGetBroadcastShape(outerA, outerB)
  // One matrix on the right is multiplied by the rows of all.
  const rows = inB === 1 && !transposeA
  const product: Product = {
    stacks: rows ? [1, 1] : [inA, inB],
    m: rows ? inA * m : m,
    k,
    n,
    transposeA,
    transposeB,
    bias: false
  }
  return { product, shape: [...outer, m, n] }
}

/** A character of C is a number. */
const turned = (is: boolean) => (is ? "T" : "N").charCodeAt(0)

/** Two matrices without anything behind: nothing has to be made ready. */
const multiply = ({ call }: Library, { k, m, n, transposeA, transposeB }: Product, { a, b, out }: Places) =>
  call(
    "dnnl_sgemm(char turnA, char turnB, int64_t m, int64_t n, int64_t k, float alpha, void* a, int64_t rowA, " +
      "void* b, int64_t rowB, float beta, void* c, int64_t rowC)",
    turned(transposeA),
    turned(transposeB),
    m,
    n,
    k,
    1,
    a,
    transposeA ? m : k,
    b,
    transposeB ? k : n,
    0,
    out,
    n
  )

/**
 * Products of matrices and of stacks of them, without transposing anything, and those of dense layers with bias and
 * rectifier; small ones, and stacks that TensorFlow.js repeats along several axes, stay with the kernels that there
 * are. Primitives are released with the scope.
 */
export const products = (
  library: Library,
  scope: Resources,
  own: Readonly<Record<"plain" | "fused", Kernel>>
): ReadonlyArray<Kernel> => {
  const primitive = kept(scope, (product: Product) => prepare(library, product))
  return [
    kernel<Attributes>(tf.BatchMatMul, (call) => {
      const { attrs, backend, inputs } = call
      const { a, b } = inputs as { readonly a: tf.TensorInfo; readonly b: tf.TensorInfo }
      const found = productOf(a, b, attrs, small.plain)
      if (found === undefined) return own.plain.run(call as never)
      const { product, shape } = found
      const out = backend.makeOutput(shape, "float32")
      const at = addresses(library, backend)
      const places = { a: at(a), b: at(b), out: at(out) }
      library.undisturbed(() =>
        Math.max(...product.stacks) === 1 ? multiply(library, product, places) : primitive(product).run(places)
      )
      return out
    }),
    kernel<Attributes & FusedAttributes>(tf._FusedMatMul, (call) => {
      const { attrs, inputs } = call
      const { a, b, bias } = inputs as Readonly<Record<"a" | "b", tf.TensorInfo>> & { readonly bias?: tf.TensorInfo }
      const found = productOf(a, b, attrs, small.fused)
      const shifted = bias !== undefined && bias !== null
      if (found === undefined || (shifted && bias.shape.join() !== String(found.product.n))) {
        return own.fused.run(call as never)
      }
      return fused(library, primitive, found, attrs).run(call as never)
    })
  ]
}

const fused = (
  library: Library,
  primitive: (product: Product) => Primitive<Places>,
  { product, shape }: NonNullable<ReturnType<typeof productOf>>,
  attrs: FusedAttributes
): Kernel =>
  composed<FusedAttributes>(tf._FusedMatMul, (input, _, given) => {
    const backend = tf.backend() as BackendWasm
    const out = backend.makeOutput(shape, "float32")
    const at = addresses(library, backend)
    const bias = given("bias") ? at(input("bias")) : undefined
    const places = { a: at(input("a")), b: at(input("b")), out: at(out), bias }
    library.undisturbed(() => primitive({ ...product, bias: bias !== undefined }).run(places))
    const y = tf.engine().makeTensorFromTensorInfo(out, backend)
    return activated(y, attrs, given("preluActivationWeights") ? input("preluActivationWeights") : undefined)
  })
