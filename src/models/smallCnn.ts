import * as tfl from "@tensorflow/tfjs-layers"
import * as Seed from "../Seed.ts"

/** What the small network looks like. */
export interface Options {
  readonly height: number
  readonly width: number
  readonly channels: number
  readonly classes: number
  /** Output channels of the convolutions; each but the last is followed by 2×2 max pooling. Default [8, 16, 32]. */
  readonly filters?: ReadonlyArray<number>
  readonly seed?: Seed.Seed
}

/**
 * A small convolutional network: 3×3 convolutions with ReLU and 2×2 max pooling between them, then one dense layer of logits.
 *
 * @example
 * ```ts
 * import { Models } from "finegrain"
 * Models.smallCnn({ height: 28, width: 28, channels: 1, classes: 10, seed: 1 }).outputs[0]!.shape // => [null, 10]
 * ```
 */
export const smallCnn = (
  { channels, classes, filters = [8, 16, 32], height, seed = 0, width }: Options
): tfl.LayersModel => {
  const model = tfl.sequential()
  for (const [i, count] of filters.entries()) {
    model.add(tfl.layers.conv2d({
      name: `conv${i + 1}`,
      filters: count,
      kernelSize: 3,
      padding: "same",
      activation: "relu",
      kernelInitializer: tfl.initializers.heNormal({ seed: Seed.split(seed, `conv${i + 1}`) }),
      ...(i === 0 ? { inputShape: [height, width, channels] } : {})
    }))
    if (i < filters.length - 1) model.add(tfl.layers.maxPooling2d({ name: `pool${i + 1}`, poolSize: 2 }))
  }
  model.add(tfl.layers.flatten({ name: "flatten" }))
  model.add(tfl.layers.dense({
    name: "logits",
    units: classes,
    kernelInitializer: tfl.initializers.glorotUniform({ seed: Seed.split(seed, "logits") })
  }))
  return model
}
