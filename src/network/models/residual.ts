/** What residual networks are built of: convolutions, normalized or not, rectifiers, and a head of logits. */
import * as tfl from "@tensorflow/tfjs-layers"
import * as Seed from "../../numerics/Seed.ts"
import { branchScale } from "./BranchScale.ts"
import { squeezeExcite } from "./squeezeExcite.ts"

/** A convolution: its output channels, and the size and stride of its kernel. */
interface Convolution {
  readonly count: number
  readonly size: number
  readonly strides: number
}

/** What follows every convolution: batch normalization, or a bias, with branches that a scale begins at 0. */
export type Normalization = "batch" | "none"

/**
 * The parts of a residual network whose weights follow from a seed, by the names of their layers.
 *
 * @internal
 */
export const residual = (seed: Seed.Seed, normalization: Normalization = "batch") => {
  const weights = (name: string) => tfl.initializers.heNormal({ seed: Seed.split(seed, name) })
  const convolve = (x: tfl.SymbolicTensor, name: string, { count, size, strides }: Convolution) => {
    const convolution = tfl.layers.conv2d({
      name,
      filters: count,
      kernelSize: size,
      strides,
      padding: "same",
      useBias: normalization === "none",
      kernelInitializer: weights(name)
    })
    if (normalization === "none") return convolution.apply(x) as tfl.SymbolicTensor
    const norm = tfl.layers.batchNormalization({ name: `${name}_norm`, momentum: 0.9, epsilon: 1e-5 })
    return norm.apply(convolution.apply(x)) as tfl.SymbolicTensor
  }
  const relu = (x: tfl.SymbolicTensor, name: string) =>
    tfl.layers.activation({ name: `${name}_relu`, activation: "relu" }).apply(x) as tfl.SymbolicTensor
  return {
    convolve,
    relu,
    /** A convolution, rectified. */
    rectified: (x: tfl.SymbolicTensor, name: string, convolution: Convolution) =>
      relu(convolve(x, name, convolution), name),
    /** A block's channels under squeeze-and-excitation, where there is one. */
    excited: (x: tfl.SymbolicTensor, name: string, squeeze: number | undefined) =>
      squeeze === undefined ? x : squeezeExcite(x, name, squeeze, seed),
    /** A branch at its end: scaled by what is 0 at first where nothing is normalized. */
    scaled: (x: tfl.SymbolicTensor, name: string) =>
      normalization === "none" ? branchScale({ name: `${name}_scale` }).apply(x) as tfl.SymbolicTensor : x,
    /** The end of a block, rectified: its branch and its shortcut. */
    joined: (branch: tfl.SymbolicTensor, shortcut: tfl.SymbolicTensor, name: string) =>
      relu(tfl.layers.add({ name: `${name}_add` }).apply([branch, shortcut]) as tfl.SymbolicTensor, name),
    /** The whole network: global average pooling, and logits. */
    network: (name: string, inputs: tfl.SymbolicTensor, features: tfl.SymbolicTensor, classes: number) => {
      const pooled = tfl.layers.globalAveragePooling2d({ name: "pool" }).apply(features)
      const dense = tfl.layers.dense({ name: "logits", units: classes, kernelInitializer: weights("logits") })
      return tfl.model({ name, inputs, outputs: dense.apply(pooled) as tfl.SymbolicTensor })
    }
  }
}

/**
 * Whether a reduction leaves channels of so many.
 *
 * @internal
 */
export const isReduction = (squeeze: number, channels: number): boolean =>
  squeeze >= 1 && Math.floor(channels / squeeze) >= 1
