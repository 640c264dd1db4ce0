/** A perceptron without biases: its weights are matrices and nothing else. */
import * as tfl from "@tensorflow/tfjs-layers"
import * as Seed from "../../numerics/Seed.ts"

/** What a perceptron without biases looks like. */
export interface PerceptronOptions {
  readonly height: number
  readonly width: number
  readonly channels: number
  readonly classes: number
  /** Units of the hidden layers; default [128, 64]. */
  readonly widths?: ReadonlyArray<number>
  readonly seed?: Seed.Seed
}

/**
 * A perceptron with ReLU and no biases, `hidden1`, `hidden2`, … and `logits`: 3072–128–64–10 on CIFAR-10. Dense kernels
 * are Euclidean unless `Network.make` is told otherwise by name.
 *
 * Source: Bernstein 2025, *Modular Manifolds*.
 *
 * @example
 * ```ts
 * import { Models } from "finegrain"
 * const model = Models.perceptron({ height: 32, width: 32, channels: 3, classes: 10 })
 * model.countParams() === 3072 * 128 + 128 * 64 + 64 * 10 // => true
 * ```
 */
export const perceptron = (
  { channels, classes, height, seed = 0, width, widths = [128, 64] }: PerceptronOptions
): tfl.LayersModel => {
  const dense = (name: string, units: number) =>
    tfl.layers.dense({
      name,
      units,
      useBias: false,
      ...(name === "logits" ? {} : { activation: "relu" as const }),
      kernelInitializer: tfl.initializers.heNormal({ seed: Seed.split(seed, name) })
    })
  return tfl.sequential({
    name: "perceptron",
    layers: [
      tfl.layers.flatten({ inputShape: [height, width, channels] }),
      ...widths.map((units, i) => dense(`hidden${i + 1}`, units)),
      dense("logits", classes)
    ]
  })
}
