/** The small convolutional network of the main job. */
import * as tfl from "@tensorflow/tfjs-layers"
import * as Seed from "../../numerics/Seed.ts"

/** What the small network looks like. */
export interface SmallCnnOptions {
  readonly height: number
  readonly width: number
  readonly channels: number
  readonly classes: number
  /** Output channels of the convolutions; default [8, 16, 32]. */
  readonly filters?: ReadonlyArray<number>
  readonly seed?: Seed.Seed
}

/**
 * A small convolutional network with ReLU: a 5×5 convolution with stride 2, then 3×3 convolutions, with 2×2 max pooling
 * before each from the third on, and one dense layer of logits.
 *
 * @example
 * ```ts
 * import { Models } from "finegrain"
 * Models.smallCnn({ height: 28, width: 28, channels: 1, classes: 10, seed: 1 }).outputs[0]!.shape // => [null, 10]
 * ```
 */
export const smallCnn = (
  { channels, classes, filters = [8, 16, 32], height, seed = 0, width }: SmallCnnOptions
): tfl.LayersModel => {
  const model = tfl.sequential()
  for (const [i, count] of filters.entries()) {
    const name = `conv${i + 1}`
    if (i >= 2) model.add(tfl.layers.maxPooling2d({ name: `pool${i}`, poolSize: 2 }))
    model.add(tfl.layers.conv2d({
      name,
      filters: count,
      kernelSize: i === 0 ? 5 : 3,
      strides: i === 0 ? 2 : 1,
      padding: "same",
      activation: "relu",
      kernelInitializer: tfl.initializers.heNormal({ seed: Seed.split(seed, name) }),
      ...(i === 0 ? { inputShape: [height, width, channels] } : {})
    }))
  }
  model.add(tfl.layers.flatten({ name: "flatten" }))
  model.add(tfl.layers.dense({
    name: "logits",
    units: classes,
    kernelInitializer: tfl.initializers.glorotUniform({ seed: Seed.split(seed, "logits") })
  }))
  return model
}
