/** Residual networks for large images: ResNet-18, 34, 50 and 101 (He et al. 2016). */
import * as tfl from "@tensorflow/tfjs-layers"
import { counted } from "../../choices/counted.ts"
import type * as Seed from "../../numerics/Seed.ts"
import { isReduction, residual } from "./residual.ts"

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
  if (squeeze !== undefined && !isReduction(squeeze, filters * expansion)) {
    throw new RangeError(`resNet: ${counted(filters * expansion, "channel")} cannot be reduced ${squeeze} times`)
  }
  const { convolve, excited, joined, network, rectified } = residual(seed)
  const branch = (x: tfl.SymbolicTensor, name: string, count: number, strides: number) => {
    const inner = (from: tfl.SymbolicTensor, number: number, size: number, strides: number) =>
      rectified(from, `${name}_conv${number}`, { count, size, strides })
    return bottleneck
      ? convolve(inner(inner(x, 1, 1, strides), 2, 3, 1), `${name}_conv3`, {
        count: count * expansion,
        size: 1,
        strides: 1
      })
      : convolve(inner(x, 1, 3, strides), `${name}_conv2`, { count, size: 3, strides: 1 })
  }
  const input = tfl.input({ name: "image", shape: [height, width, channels] })
  const stem = rectified(input, "conv0", { count: filters, size: 7, strides: 2 })
  let x = tfl.layers.maxPooling2d({ name: "pool0", poolSize: 3, strides: 2, padding: "same" })
    .apply(stem) as tfl.SymbolicTensor
  for (const [s, blocksHere] of blocks.entries()) {
    for (let b = 0; b < blocksHere; b++) {
      const name = `stage${s + 1}_block${b + 1}`
      const own = filters * 2 ** s
      const strides = s > 0 && b === 0 ? 2 : 1
      const outer = excited(branch(x, name, own, strides), name, squeeze)
      const shortcut = strides === 1 && x.shape[3] === own * expansion
        ? x
        : convolve(x, `${name}_shortcut`, { count: own * expansion, size: 1, strides })
      x = joined(outer, shortcut, name)
    }
  }
  return network(`${squeeze === undefined ? "resnet" : "senet"}${depth}`, input, x, classes)
}
