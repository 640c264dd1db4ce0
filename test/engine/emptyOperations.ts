/** What operations make of nothing: of empty batches, of images without outputs, of products without terms. */
import * as tf from "@tensorflow/tfjs-core"
import { alike } from "./fullHeap.ts"

const none = (shape: ReadonlyArray<number>, dtype: "float32" | "int32" | "bool" = "float32") =>
  tf.zeros([...shape], dtype)
const kernel = (name: string, inputs: tf.NamedTensorMap, attrs: object) =>
  tf.engine().runKernel(name, inputs, attrs as tf.NamedAttrMap) as tf.Tensor

const same = { strides: [1, 1], pad: "same", dataFormat: "NHWC", dilations: [1, 1] }
const valid = { ...same, pad: "valid" }

const reductions = [tf.sum, tf.mean, tf.prod, tf.max, tf.min].flatMap((reduce) => [
  () => reduce(none([0])),
  () => reduce(none([0, 3]), 0),
  () => reduce(none([2, 0, 3]), [1, -1], true),
  () => reduce(none([0, 3], "int32"), 0)
])
const logical = [tf.any, tf.all].map((reduce) => () => reduce(none([0, 3], "bool"), 0))

const products = ([[[2, 0], [0, 3]], [[4, 2, 0], [4, 0, 3]], [[4, 2, 0], [1, 0, 3]]] as const).map(([a, b]) => () =>
  tf.matMul(none(a), none(b) as tf.Tensor3D)
)
const transposed = [2, 200].flatMap((n) => [
  () => tf.matMul(none([0, n]), none([0, 3]) as tf.Tensor2D, true),
  () => tf.matMul(none([n, 0]), none([3, 0]) as tf.Tensor2D, false, true)
])
const dense = () =>
  tf.fused.matMul({
    a: none([2, 0]) as tf.Tensor2D,
    b: none([0, 3]) as tf.Tensor2D,
    bias: tf.ones([3]),
    activation: "relu"
  })

/** Of an image of 2×2, no filter of 3×3 fits. */
const gradients = ([[[0, 8, 8], [0, 8, 8], same], [[2, 2, 2], [2, 0, 0], valid]] as const).flatMap(([x, y, attrs]) =>
  // Winograd's tiles, and the others.
  [[8, 8], [3, 5]].flatMap(([c, k]) => [
    () =>
      kernel(tf.Conv2DBackpropFilter, { x: none([...x, c!]), dy: none([...y, k!]) }, {
        ...attrs,
        filterShape: [3, 3, c, k]
      }),
    () =>
      kernel(tf.Conv2DBackpropInput, { dy: none([...y, k!]), filter: none([3, 3, c!, k!]) }, {
        ...attrs,
        inputShape: [...x, c]
      }),
    () =>
      kernel(tf.DepthwiseConv2dNativeBackpropFilter, { x: none([...x, c!]), dy: none([...y, c!]) }, {
        ...attrs,
        filterShape: [3, 3, c, 1]
      }),
    () =>
      kernel(tf.DepthwiseConv2dNativeBackpropInput, { dy: none([...y, c!]), filter: none([3, 3, c!, 1]) }, {
        ...attrs,
        inputShape: [...x, c]
      })
  ])
)

const withoutChannels = () =>
  tf.fused.conv2d({
    x: none([1, 4, 4, 0]) as tf.Tensor4D,
    filter: none([3, 3, 0, 5]) as tf.Tensor4D,
    strides: 1,
    pad: "same",
    bias: tf.ones([5]),
    activation: "relu"
  })
const volumes = () =>
  kernel(tf.Conv3DBackpropFilterV2, { x: none([0, 4, 4, 4, 3]), dy: none([0, 4, 4, 4, 2]) }, {
    strides: [1, 1, 1],
    pad: "same",
    filterShape: [2, 2, 2, 3, 2]
  })
const pools = [
  () =>
    kernel(tf.MaxPoolGrad, { dy: none([1, 0, 0, 3]), input: none([1, 2, 2, 3]), output: none([1, 0, 0, 3]) }, {
      filterSize: [3, 3],
      strides: [1, 1],
      pad: "valid"
    }),
  () =>
    kernel(tf.AvgPoolGrad, { dy: none([1, 0, 0, 3]), input: none([1, 2, 2, 3]) }, {
      filterSize: [3, 3],
      strides: [1, 1],
      pad: "valid"
    })
]
const others = [
  () => tf.unsortedSegmentSum(none([0, 3]), none([0], "int32") as tf.Tensor1D, 2),
  () => tf.norm(none([0, 3]), 2, 0),
  () => tf.grad((bias: tf.Tensor) => tf.sum(tf.add(none([0, 3]), bias)))(tf.ones([3]))
]

/** Fills what is free of the heap with numbers that nobody would take for a result. */
const soil = () => {
  const sizes = [1, 2, 3, 4, 6, 8, 9, 12, 15, 24, 27, 40, 72, 80, 128, 135, 576, 600]
  tf.dispose(sizes.flatMap((size) => [alike(size, 7), alike(size, 7)]))
}

/** What all of them give on the engine of the moment. */
export const ofNothing = () =>
  [
    ...reductions,
    ...logical,
    ...products,
    ...transposed,
    dense,
    ...gradients,
    withoutChannels,
    volumes,
    ...pools,
    ...others
  ].map((compute) => {
    soil()
    const found = tf.tidy(compute)
    const { dtype, shape } = found
    const values = [...found.dataSync()].map((value) => value + 0)
    found.dispose()
    return { dtype, shape: [...shape], values, compute: String(compute) }
  })
