/** The classes of layers whose kernels can be constrained: which weights hold them, in which order. */
import type * as tfl from "@tensorflow/tfjs-layers"
import * as KernelOrder from "../collections/KernelOrder.ts"

/** What enters a kernel, of which λ is the deviation. */
export type Entering =
  /** The features that enter the layer. */
  | "features"
  /** A recurrent layer's hidden state before each step. */
  | "state"
  /** What the depthwise kernel of a separable convolution makes of the features. */
  | "depthwise features"
  /** Nothing with a deviation, as the numbers by which an embedding looks its rows up: λ = 1. */
  | "nothing"

/** A weight of a layer that holds kernels. */
export interface LayerKernel {
  /** The weight's name within its layer, as TensorFlow.js has it: `kernel`, `recurrent_kernel`, … */
  readonly weight: string
  readonly order: KernelOrder.KernelOrder
  readonly entering: Entering
}

/** What a class of layers has. */
export interface LayerClass {
  readonly kernels: ReadonlyArray<LayerKernel>
  /** Whether the network's specification is meant for it; if not, only `overrides` constrain it. */
  readonly byDefault: boolean
}

/** What a class of layers has, or what one of its layers has. */
type Known = LayerClass | ((layer: tfl.layers.Layer) => LayerClass)

/** Own classes of layers, by name, beside those of TensorFlow.js. */
export type OwnClasses = Readonly<Record<string, Known>>

const kernel = (order: KernelOrder.KernelOrder): LayerKernel => ({ weight: "kernel", order, entering: "features" })

const one = (order: KernelOrder.KernelOrder, byDefault: boolean): LayerClass => ({
  kernels: [kernel(order)],
  byDefault
})

const recurrent = (order: KernelOrder.KernelOrder): LayerClass => ({
  kernels: [kernel(order), { weight: "recurrent_kernel", order, entering: "state" }],
  byDefault: false
})

const depthwise: LayerKernel = { weight: "depthwise_kernel", order: KernelOrder.depthwise, entering: "features" }

const [simple, gru, lstm, convolutionalLstm] = [
  KernelOrder.gates(1),
  KernelOrder.gates(3),
  KernelOrder.gates(4),
  KernelOrder.convolutionGates(4)
].map(recurrent) as [LayerClass, LayerClass, LayerClass, LayerClass]

/** Classes of layers with kernels that can be constrained, by the name TensorFlow.js has for them. */
const kernelClasses: OwnClasses = {
  Conv1D: one(KernelOrder.convolution1d, true),
  Conv2D: one(KernelOrder.convolution, true),
  Conv3D: one(KernelOrder.convolution3d, true),
  Conv2DTranspose: one(KernelOrder.transposed, true),
  Conv3DTranspose: one(KernelOrder.transposed3d, true),
  DepthwiseConv2D: { kernels: [depthwise], byDefault: true },
  SeparableConv2D: {
    kernels: [
      depthwise,
      { weight: "pointwise_kernel", order: KernelOrder.convolution, entering: "depthwise features" }
    ],
    byDefault: true
  },
  FinegrainGroupedConv2D: (layer) => one(KernelOrder.grouped(Number(layer.getConfig()["groups"])), true),
  Dense: one(KernelOrder.dense, false),
  Embedding: {
    kernels: [{ weight: "embeddings", order: KernelOrder.embedding, entering: "nothing" }],
    byDefault: false
  },
  SimpleRNN: simple,
  SimpleRNNCell: simple,
  GRU: gru,
  GRUCell: gru,
  LSTM: lstm,
  LSTMCell: lstm,
  ConvLSTM2D: convolutionalLstm,
  ConvLSTM2DCell: convolutionalLstm
}

const nothing: LayerClass = { kernels: [], byDefault: false }

/** What the class of a layer has. */
export const classOf = (layer: tfl.layers.Layer, own: OwnClasses = {}): LayerClass => {
  const name = layer.getClassName()
  const known = Object.hasOwn(own, name) ? own : kernelClasses
  const found = Object.hasOwn(known, name) ? known[name]! : nothing
  return typeof found === "function" ? found(layer) : found
}

/** A weight's name within its layer. */
export const ownName = ({ originalName }: tfl.LayerVariable): string =>
  originalName.slice(originalName.lastIndexOf("/") + 1)

/**
 * Names by which `overrides` may call kernels of a layer: the layer's for all of them, and with the weight's for one.
 */
export const addresses = (name: string, { kernels }: LayerClass): ReadonlyArray<string> =>
  kernels.length === 0 ? [] : [name, ...kernels.map(({ weight }) => `${name}/${weight}`)]
