import * as tfl from "@tensorflow/tfjs-layers"
import { attributesOf, partsOf } from "./private.ts"

/**
 * Lets sequential models make what they run, which they otherwise do when they first run: it unfreezes weights that
 * were frozen one by one. Here they stay as they are.
 */
export const settle = (model: tfl.LayersModel): void => {
  for (const part of partsOf(model)) {
    if (!(part instanceof tfl.Sequential) || attributesOf(part)["model"] !== undefined) continue
    const weights = part.weights.map((weight) => [weight, weight.trainable] as const)
    part.build()
    for (const [weight, trainable] of weights) weight.trainable = trainable
  }
}
