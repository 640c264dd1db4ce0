import * as tfl from "@tensorflow/tfjs-layers"
import * as Seed from "../../numerics/Seed.ts"
import { squeezeExcite } from "./squeezeExcite.ts"

/** What a residual network for large images looks like. */
export interface ResNetOptions {
  readonly height: number
  readonly width: number
  readonly channels: number
  readonly classes: number
  readonly depth?: 18 | 34 | 50 | 101
  /** Channels of the first stage, which every further stage doubles; default 64. */
  readonly filters?: number
  /** Reduction of the squeeze-and-excitation that closes every block; default none. */
  readonly squeeze?: number
  readonly seed?: Seed.Seed
}

/** Blocks in each of the four stages, and whether they are bottlenecks. Source: He et al. 2016, table 1. */
const plans = {
  18: { blocks: [2, 2, 2, 2], bottleneck: false },
  34: { blocks: [3, 4, 6, 3], bottleneck: false },
  50: { blocks: [3, 4, 6, 3], bottleneck: true },
  101: { blocks: [3, 4, 23, 3], bottleneck: true }
} as const

/**
 * The residual networks for ImageNet: a 7×7 convolution and pooling, four stages of basic blocks (3×3, 3×3) or
 * bottlenecks (1×1, 3×3, 1×1, four times as wide at their end), shortcuts by 1×1 convolutions where sizes change,
 * global average pooling and logits.
 *
 * Strides are on the first convolution of a block, as in the paper. Source: He, Zhang, Ren and Sun 2016, table 1; Hu,
 * Shen and Sun 2018.
 *
 * @throws RangeError for a reduction that leaves no channel.
 *
 * @example
 * ```ts
 * import { Models } from "finegrain"
 * const model = Models.resNet({ height: 32, width: 32, channels: 3, classes: 5, depth: 18, filters: 4 })
 * model.outputs[0]!.shape // => [null, 5]
 * model.getLayer("stage4_block2_conv2").outputShape // => [null, 1, 1, 32]
 * ```
 */
export const resNet = ({
  channels,
  classes,
  depth = 50,
  filters = 64,
  height,
  seed = 0,
  squeeze,
  width
}: ResNetOptions): tfl.LayersModel => {
  const { blocks, bottleneck } = plans[depth]
  const expansion = bottleneck ? 4 : 1
  if (squeeze !== undefined && !(squeeze >= 1 && Math.floor(filters * expansion / squeeze) >= 1)) {
    throw new RangeError(`resNet: ${filters * expansion} channels cannot be reduced ${squeeze} times`)
  }
  const weights = (name: string) => tfl.initializers.heNormal({ seed: Seed.split(seed, name) })
  const convolve = (x: tfl.SymbolicTensor, name: string, count: number, kernelSize: number, strides: number) => {
    const convolution = tfl.layers.conv2d({
      name,
      filters: count,
      kernelSize,
      strides,
      padding: "same",
      useBias: false,
      kernelInitializer: weights(name)
    })
    const norm = tfl.layers.batchNormalization({ name: `${name}_norm`, momentum: 0.9, epsilon: 1e-5 })
    return norm.apply(convolution.apply(x)) as tfl.SymbolicTensor
  }
  const relu = (x: tfl.SymbolicTensor, name: string) =>
    tfl.layers.activation({ name: `${name}_relu`, activation: "relu" }).apply(x) as tfl.SymbolicTensor
  const branch = (x: tfl.SymbolicTensor, name: string, count: number, strides: number) => {
    const inner = (from: tfl.SymbolicTensor, number: number, size: number, stride: number) =>
      relu(convolve(from, `${name}_conv${number}`, count, size, stride), `${name}_conv${number}`)
    return bottleneck
      ? convolve(inner(inner(x, 1, 1, strides), 2, 3, 1), `${name}_conv3`, count * expansion, 1, 1)
      : convolve(inner(x, 1, 3, strides), `${name}_conv2`, count, 3, 1)
  }
  const input = tfl.input({ name: "image", shape: [height, width, channels] })
  const stem = relu(convolve(input, "conv0", filters, 7, 2), "conv0")
  let x = tfl.layers.maxPooling2d({ name: "pool0", poolSize: 3, strides: 2, padding: "same" })
    .apply(stem) as tfl.SymbolicTensor
  for (const [s, count] of blocks.entries()) {
    for (let b = 0; b < count; b++) {
      const name = `stage${s + 1}_block${b + 1}`
      const own = filters * 2 ** s
      const strides = s > 0 && b === 0 ? 2 : 1
      const outer = branch(x, name, own, strides)
      const excited = squeeze === undefined ? outer : squeezeExcite(outer, name, squeeze, seed)
      const shortcut = strides === 1 && x.shape[3] === own * expansion
        ? x
        : convolve(x, `${name}_shortcut`, own * expansion, 1, strides)
      x = relu(tfl.layers.add({ name: `${name}_add` }).apply([excited, shortcut]) as tfl.SymbolicTensor, name)
    }
  }
  const logits = tfl.layers.dense({ name: "logits", units: classes, kernelInitializer: weights("logits") })
    .apply(tfl.layers.globalAveragePooling2d({ name: "pool" }).apply(x))
  return tfl.model({
    name: `${squeeze === undefined ? "resnet" : "senet"}${depth}`,
    inputs: input,
    outputs: logits as tfl.SymbolicTensor
  })
}
