import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import { Combinators, ConvolutionOperator, KernelOrder, Network, NormBall, Specification, Sphere } from "finegrain"
import type { Row } from "./Row.ts"

const recurrentInitializer = "glorotNormal"

const make = (layer: tfl.layers.Layer, shape: ReadonlyArray<number>, options: Network.NetworkOptions) => {
  const input = tfl.input({ shape: [...shape] })
  return Network.make(
    tfl.model({ inputs: input, outputs: layer.apply(input) as tfl.SymbolicTensor }),
    { specification: "Sp", ...options }
  )
}
const lstm = () => tfl.layers.lstm({ name: "memory", units: 3, recurrentInitializer })
const at = (name: string, settings: Network.LayerOptions = {}) => ({ overrides: { [name]: settings } })

/** Kernels of the many kinds of layers. */
export const rows: ReadonlyArray<Row> = [
  {
    area: "kernels",
    given: "an override of a kernel that a recurrent layer does not have",
    says: `Layer "memory/gamma": layer "memory" has no kernel "gamma". ` +
      "What would work: memory, memory/kernel, memory/recurrent_kernel.",
    run: () => make(lstm(), [4, 2], at("memory/gamma"))
  },
  {
    area: "kernels",
    given: "gates of a recurrent layer seen per kernel on Stiefel manifolds",
    says: /Layer "memory\/kernel": its \[1, 1, 2, 3\] kernel cannot be seen perKernel on St: .*What would work:/,
    run: () => make(lstm(), [4, 2], at("memory", { specification: "St", matricization: Combinators.perKernel }))
  },
  {
    area: "kernels",
    given: "an own class of layers whose kernel has another number of axes",
    says: /Layer "head": .*holds no convolution kernels: it has 2 axes, not 4/,
    run: () =>
      make(tfl.layers.dense({ name: "head", units: 2 }), [3], {
        classes: {
          Dense: {
            kernels: [{ weight: "kernel", order: KernelOrder.convolution, entering: "features" }],
            byDefault: true
          }
        }
      })
  },
  {
    area: "kernels",
    given: "a dilated depthwise convolution, which TensorFlow.js computes undilated",
    says: `Layer "d": its dilationRate 2,2 is refused, because TensorFlow.js computes ` +
      "a DepthwiseConv2D without gaps all the same. " +
      "Leave it out.",
    run: () => make(tfl.layers.depthwiseConv2d({ name: "d", kernelSize: 3, dilationRate: 2 }), [8, 8, 2], {})
  },
  {
    area: "kernels",
    given: "a dilated transposed convolution, which TensorFlow.js computes undilated",
    says: /Layer "t": its dilationRate 2,2 is refused, because TensorFlow.js computes a Conv2DTranspose without gaps/,
    run: () =>
      make(tfl.layers.conv2dTranspose({ name: "t", kernelSize: 3, filters: 2, dilationRate: 2 }), [8, 8, 2], {})
  },
  {
    area: "kernels",
    given: "a separable convolution of channels first with a bias, which TensorFlow.js adds to rows",
    says: /Layer "s": dataFormat channelsFirst with a bias is refused, because TensorFlow.js adds the bias/,
    run: () =>
      make(
        tfl.layers.separableConv2d({ name: "s", kernelSize: 3, filters: 2, dataFormat: "channelsFirst" }),
        [2, 8, 8],
        {}
      )
  },
  {
    area: "kernels",
    given: "outputs that three gates cannot share evenly",
    says: "A [10, 32] weight holds no gates(3) kernels: its outputs cannot be shared evenly",
    run: () => KernelOrder.kernels(KernelOrder.gates(3), [10, 32])
  },
  {
    area: "kernels",
    given: "a manifold of other matrices than an embedding has",
    says: /perKernel sees embedding kernels of a \[10, 4\] weight as \[10, 4, 1\], but .* has shape \[9, 4, 1\]/,
    run: () =>
      KernelOrder.matricized(
        Combinators.power(Sphere.make([4, 1]), 9),
        KernelOrder.embedding,
        Combinators.perKernel,
        [10, 4]
      )
  },
  {
    area: "kernels",
    given: "a stride that does not divide a side of a volume",
    says: "ConvolutionOperator.norm: a stride of 2 does not divide a side of 3 pixels",
    run: () => ConvolutionOperator.normOfVolumes(tf.ones([2, 2, 2, 1, 1]), { size: [4, 3, 4], strides: [2, 2, 2] })
  },
  ...[0, -1, Number.NaN, Infinity].map((radius): Row => ({
    area: "norm balls",
    given: `a radius of ${radius}`,
    says: `NormBall: a radius is a positive number, not ${radius}`,
    run: () => NormBall.make([2, 1], { radius })
  })),
  ...["Ball:", "Ball:0", "Ball:-1", "Ball:wide"].map((text): Row => ({
    area: "norm balls",
    given: `the specification ${text}`,
    says: new RegExp(`"${text}" has no positive number for a radius`),
    run: () => Effect.fromResult(Specification.parse(text))
  })),
  {
    area: "volumes",
    given: "pooled volumes below zero",
    value: [-2],
    run: () => [...tf.maxPool3d(tf.tensor5d([-3, -2], [1, 2, 1, 1, 1]), [2, 1, 1], 1, "valid").dataSync()]
  },
  {
    area: "volumes",
    given: "the gradient of volumes pooled in windows that are no cubes",
    value: [0, 1, 10, 100],
    run: () => {
      const pooled = (x: tf.Tensor) => tf.maxPool3d(x as tf.Tensor5D, [1, 2, 1], 1, "valid")
      const x = tf.tensor5d([1, 2, 3, 4], [1, 1, 4, 1, 1])
      return [...tf.grad(pooled)(x, tf.tensor5d([1, 10, 100], [1, 1, 3, 1, 1])).dataSync()]
    }
  }
]
