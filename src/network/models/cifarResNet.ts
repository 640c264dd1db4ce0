/** Residual networks for small images, of depth 6n + 2 (He et al. 2016). */
import * as tfl from "@tensorflow/tfjs-layers"
import { counted } from "../../choices/counted.ts"
import * as Seed from "../../numerics/Seed.ts"
import { padChannels } from "./PadChannels.ts"
import { isReduction, type Normalization, residual } from "./residual.ts"
import { stochasticDepth } from "./StochasticDepth.ts"

/** What a residual network for small images looks like. */
export interface CifarResNetOptions {
  readonly height: number
  readonly width: number
  readonly channels: number
  readonly classes: number
  /** 6n + 2 layers for n blocks in each of three stages; default 20. */
  readonly depth?: number
  /** Channels of the three stages; default [16, 32, 64]. */
  readonly filters?: readonly [number, number, number]
  /** Reduction of the squeeze-and-excitation that closes every block; default none. */
  readonly squeeze?: number
  /**
   * Stochastic depth: the probability p_L with which the last block takes part in a step, p_l = 1 − l/L·(1 − p_L);
   * default 1.
   */
  readonly survival?: number
  /**
   * What normalizes after every convolution; default `batch`. With `none` convolutions have biases, and every branch
   * ends in a scale that learns and is 0 at first (`branchScale`).
   */
  readonly normalization?: Normalization
  readonly seed?: Seed.Seed
}

/** A depth that is not 6n + 2, or a reduction that leaves no channel. */
const refuse = (reason: string): never => {
  throw new RangeError(`cifarResNet: ${reason}`)
}

/**
 * The residual networks of depth 6n + 2 for CIFAR-sized images: a 3×3 convolution, three stages of n blocks of two 3×3
 * convolutions, each followed by batch normalization, with shortcuts without parameters; then global average pooling
 * and logits. With `squeeze`, every block ends in a squeeze-and-excitation of its channels. Without normalization the
 * kernels' lengths count, and blocks begin as their shortcuts.
 *
 * Source: He, Zhang, Ren and Sun 2016, section 4.2; Hu, Shen and Sun 2018, *Squeeze-and-excitation networks*; Huang et
 * al. 2016, *Deep networks with stochastic depth*; De and Smith 2020, *Batch normalization biases residual blocks
 * towards the identity function in deep networks*, for networks without it.
 *
 * @throws RangeError for a depth that is not 6n + 2, or a reduction that leaves a stage without channels.
 *
 * @example
 * ```ts
 * import { Models } from "finegrain"
 * const model = Models.cifarResNet({ height: 32, width: 32, channels: 3, classes: 10, depth: 20 })
 * // 0.27 million in the paper's table 6; without the moving moments of batch normalization:
 * model.trainableWeights.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a! * b!, 1)!, 0) // => 269722
 * ```
 */
export const cifarResNet = ({
  channels,
  classes,
  depth = 20,
  filters = [16, 32, 64],
  height,
  normalization = "batch",
  seed = 0,
  squeeze,
  survival = 1,
  width
}: CifarResNetOptions): tfl.LayersModel => {
  const blocks = (depth - 2) / 6
  if (!Number.isInteger(blocks) || blocks < 1) refuse(`a depth is 6n + 2 with n ≥ 1, not ${depth}`)
  const narrowest = Math.min(...filters)
  if (squeeze !== undefined && !isReduction(squeeze, narrowest)) {
    refuse(`${counted(narrowest, "channel")} cannot be reduced ${squeeze} times`)
  }
  const { convolve, excited, joined, network, rectified, scaled } = residual(seed, normalization)
  const input = tfl.input({ name: "image", shape: [height, width, channels] })
  let x = rectified(input, "conv0", { count: filters[0], size: 3, strides: 1 })
  for (const [s, count] of filters.entries()) {
    for (let b = 0; b < blocks; b++) {
      const name = `stage${s + 1}_block${b + 1}`
      const strides = s > 0 && b === 0 ? 2 : 1
      const inner = rectified(x, `${name}_conv1`, { count, size: 3, strides })
      const last = convolve(inner, `${name}_conv2`, { count, size: 3, strides: 1 })
      const outer = scaled(excited(last, name, squeeze), name)
      // Deeper blocks are dropped more often, the last one with probability 1 − survival.
      const share = (s * blocks + b + 1) / (3 * blocks)
      const kept = survival === 1 ? outer : dropped(outer, name, 1 - share * (1 - survival), seed)
      const shortcut = strides === 1 && x.shape[3] === count
        ? x
        : padChannels({ name: `${name}_shortcut`, channels: count, stride: strides }).apply(x) as tfl.SymbolicTensor
      x = joined(kept, shortcut, name)
    }
  }
  const kind = squeeze === undefined ? "resnet" : "senet"
  return network(`${kind}${depth}${normalization === "none" ? "-skipinit" : ""}`, input, x, classes)
}

/** A branch that takes part in a step with a probability. */
const dropped = (x: tfl.SymbolicTensor, block: string, survival: number, seed: Seed.Seed) => {
  const name = `${block}_survival`
  return stochasticDepth({ name, survival, seed: Seed.split(seed, name) }).apply(x) as tfl.SymbolicTensor
}
