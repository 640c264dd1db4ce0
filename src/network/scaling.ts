/** ℜ for all leaves of a network, from λ of its layers. */
import * as tf from "@tensorflow/tfjs-core"
import { channelsOf } from "../collections/kernelOrder/kernels.ts"
import * as Renormalization from "../collections/Renormalization.ts"
import type { Scaling } from "../optimizer/Transform.ts"
import type { ConstrainedLayer, Network } from "./constrained.ts"

/**
 * How many entries λ of a constrained layer has: one for each input channel, of groups of channels those of all.
 *
 * @example
 * ```ts
 * import * as tfl from "@tensorflow/tfjs-layers"
 * import * as Effect from "effect/Effect"
 * import { Network } from "finegrain"
 * const model = tfl.sequential({ layers: [tfl.layers.depthwiseConv2d({ inputShape: [6, 6, 5], kernelSize: 3 })] })
 * const network = await Effect.runPromise(Network.make(model, { specification: "Sp" }))
 * Network.inputChannels(network.layers[0]!) // => 5
 * ```
 */
export const inputChannels = (
  { kernel: { order }, ...kernels }: Pick<ConstrainedLayer, "blocks" | "kernel" | "shape">
): number => channelsOf(order, kernels)

/** λ that was not measured. */
const ones = ({ layers }: Network) => layers.map((layer) => new Float32Array(inputChannels(layer)).fill(1))

/**
 * ℜ for every leaf of ω from λ of every constrained layer, by default 1; the tensors belong to the caller.
 *
 * @throws RangeError for a λ that is negative, infinite or NaN.
 *
 * @example
 * ```ts
 * import * as tfl from "@tensorflow/tfjs-layers"
 * import * as Effect from "effect/Effect"
 * import { Network } from "finegrain"
 * const conv = tfl.layers.conv2d({ inputShape: [6, 6, 2], filters: 2, kernelSize: 3, useBias: false })
 * const model = tfl.sequential({ layers: [conv] })
 * const network = await Effect.runPromise(Network.make(model, { specification: "Sp" }))
 * // γ = 1/√3 on the sphere of 3×3 matrices, λ = 1 for the first input channel and 2 for the second.
 * const [factors] = Network.scaling(network, [[1, 2]])
 * factors!.shape // => [4, 1, 1]
 * [...factors!.dataSync()].map((f) => Math.round(f * 1000)).sort((a, b) => a - b) // => [289, 289, 577, 577]
 * ```
 */
export const scaling = (
  network: Network,
  lambdas: ReadonlyArray<ArrayLike<number>> = ones(network)
): Scaling => {
  const factors: Array<tf.Tensor | undefined> = []
  for (const [i, { blocks, kernel, kinds, leaf, matricization, shape }] of network.layers.entries()) {
    const perMatrix = Renormalization.perMatrix(matricization, shape, lambdas[i]!, {
      blocks,
      inputs: kernel.order.inputs
    })
    for (const [k, { indices, manifold }] of kinds.entries()) {
      const values = indices.map((index) => Renormalization.factor(network.policy, manifold, perMatrix[index]!))
      if (values.every((value) => value === 1)) continue
      factors[leaf + k] = tf.tensor(values, [values.length, 1, 1])
    }
  }
  return Array.from(factors)
}
