import * as tfl from "@tensorflow/tfjs-layers"
import * as Seed from "../../numerics/Seed.ts"
import { padChannels } from "./PadChannels.ts"
import { squeezeExcite } from "./squeezeExcite.ts"
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
  readonly seed?: Seed.Seed
}

/** A depth that is not 6n + 2, or a reduction that leaves no channel. */
const refuse = (reason: string): never => {
  throw new RangeError(`cifarResNet: ${reason}`)
}

/**
 * The residual networks of depth 6n + 2 for CIFAR-sized images: a 3×3 convolution, three stages of n blocks of two 3×3
 * convolutions, each followed by batch normalization, with shortcuts without parameters; then global average pooling
 * and logits. With `squeeze`, every block ends in a squeeze-and-excitation of its channels.
 *
 * Source: He, Zhang, Ren and Sun 2016, section 4.2; Hu, Shen and Sun 2018, *Squeeze-and-excitation networks*; Huang et
 * al. 2016, *Deep networks with stochastic depth*.
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
  seed = 0,
  squeeze,
  survival = 1,
  width
}: CifarResNetOptions): tfl.LayersModel => {
  const blocks = (depth - 2) / 6
  if (!Number.isInteger(blocks) || blocks < 1) refuse(`a depth is 6n + 2 with n ≥ 1, not ${depth}`)
  const narrowest = Math.min(...filters)
  if (squeeze !== undefined && !(squeeze >= 1 && Math.floor(narrowest / squeeze) >= 1)) {
    refuse(`${narrowest} channels cannot be reduced ${squeeze} times`)
  }
  const weights = (name: string) => tfl.initializers.heNormal({ seed: Seed.split(seed, name) })
  const convolve = (x: tfl.SymbolicTensor, name: string, count: number, strides: number) => {
    const convolution = tfl.layers.conv2d({
      name,
      filters: count,
      kernelSize: 3,
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
  const input = tfl.input({ name: "image", shape: [height, width, channels] })
  let x = relu(convolve(input, "conv0", filters[0], 1), "conv0")
  for (const [s, count] of filters.entries()) {
    for (let b = 0; b < blocks; b++) {
      const name = `stage${s + 1}_block${b + 1}`
      const strides = s > 0 && b === 0 ? 2 : 1
      const inner = relu(convolve(x, `${name}_conv1`, count, strides), `${name}_conv1`)
      const outer = convolve(inner, `${name}_conv2`, count, 1)
      const excited = squeeze === undefined ? outer : squeezeExcite(outer, name, squeeze, seed)
      const depthShare = (s * blocks + b + 1) / (3 * blocks)
      const kept = survival === 1
        ? excited
        : stochasticDepth({
          name: `${name}_survival`,
          // Deeper blocks are dropped more often, the last one with probability 1 − survival.
          survival: 1 - depthShare * (1 - survival),
          seed: Seed.split(seed, `${name}_survival`)
        }).apply(excited) as tfl.SymbolicTensor
      const same = strides === 1 && x.shape[3] === count
      const shortcut = same
        ? x
        : padChannels({ name: `${name}_shortcut`, channels: count, stride: strides }).apply(x) as tfl.SymbolicTensor
      const sum = tfl.layers.add({ name: `${name}_add` }).apply([kept, shortcut]) as tfl.SymbolicTensor
      x = relu(sum, name)
    }
  }
  const pooled = tfl.layers.globalAveragePooling2d({ name: "pool" }).apply(x)
  const logits = tfl.layers.dense({ name: "logits", units: classes, kernelInitializer: weights("logits") }).apply(
    pooled
  )
  return tfl.model({
    name: squeeze === undefined ? `resnet${depth}` : `senet${depth}`,
    inputs: input,
    outputs: logits as tfl.SymbolicTensor
  })
}
