import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import * as tf from "@tensorflow/tfjs-core"
import { type Attributes, geometryOf, type Shape4 } from "../geometry.ts"
import { composed, type Kernel, kernel } from "../kernel.ts"
import { activated, type FusedAttributes } from "../simd/convolution.ts"
import { addresses } from "./addresses.ts"
import type { Direction } from "./dialect.ts"
import { kept } from "./execution.ts"
import type { Library } from "./library.ts"
import { type Convolution, prepare, results } from "./primitives.ts"
import type { Resources } from "./resources.ts"

type Geometry = ReturnType<typeof geometryOf>

const convolutionOf = (
  geometry: Geometry,
  filter: ReadonlyArray<number>,
  bias = false
): Convolution => {
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

/** Whether it sums no products at all, or gives nothing: no primitive is of length 0. */
const isEmpty = ({ filter, x, y }: Convolution) => [...x, ...y, ...filter].includes(0)

/**
 * The three convolutions of a layer by oneDNN, and the fused one, on the tensors of the wasm backend as they lie on its
 * heap. Primitives are released with the scope.
 */
export const convolutions = (library: Library, scope: Resources): ReadonlyArray<Kernel> => {
  const primitive = kept(
    scope,
    ([direction, convolution]: readonly [Direction, Convolution]) => prepare(library, direction, convolution)
  )
  const run = (
    backend: BackendWasm,
    direction: Direction,
    convolution: Convolution,
    given: Readonly<Record<"x" | "filter" | "y", tf.TensorInfo>> & {
      readonly bias?: tf.TensorInfo | undefined
    }
  ) => {
    const { bias, filter, x, y } = given
    if (isEmpty(convolution)) {
      backend.typedArrayFromHeap(given[results[direction]]).fill(0)
      return
    }
    const at = addresses(library, backend)
    const places = { x: at(x), filter: at(filter), y: at(y), bias: bias === undefined ? undefined : at(bias) }
    library.undisturbed(() => primitive([direction, convolution]).run(places))
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
      const inside = bias !== undefined && bias.size === geometry.outChannels &&
        !isEmpty(convolutionOf(geometry, filter.shape))
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
