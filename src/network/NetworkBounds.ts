import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import * as KernelOrder from "../collections/KernelOrder.ts"
import * as Norms from "../numerics/Norms.ts"
import * as Tensors from "../numerics/Tensors.ts"
import * as Bounds from "./Bounds.ts"
import type * as Network from "./Network.ts"

/** The six generalization bounds of a network, as natural logarithms. */
export interface NetworkBounds {
  /** From the norms of every POM, its members side by side. */
  readonly perPom: Bounds.LogBounds
  /**
   * From the norms of whole kernels, seen as one matrix of all inputs by outputs; groups of channels as blocks on its
   * diagonal.
   */
  readonly perLayer: Bounds.LogBounds
}

/** Norms of a stack of matrices, `[3, count]`. */
const norms = (stack: tf.Tensor) => tf.stack([Norms.spectral(stack), Norms.frobenius(stack), Norms.rowSum(stack)])

/** Norms of the direct sum of some members. */
const ofGroup = (values: Float32Array, indices: ReadonlyArray<number>): Bounds.GroupNorms => {
  const count = values.length / 3
  const row = (number: number) => indices.map((index) => values[number * count + index]!)
  return {
    spectral: Math.max(...row(0)),
    frobenius: Math.sqrt(row(1).reduce((sum, norm) => sum + norm ** 2, 0)),
    rowSum: row(2).reduce((sum, norm) => sum + norm, 0)
  }
}

/**
 * The six bounds of the constrained layers as the network now is, for so many training samples: each of the three of
 * `Bounds.logBounds` with the norms of POMs, and with those of whole layers. undefined where a norm is 0 or not finite,
 * or no layer is constrained.
 *
 * Source: Ozay 2019, section 5, and the works that Bounds names.
 *
 * Fails with ReadFailed where the engine failed.
 *
 * @example
 * ```ts
 * import * as tfl from "@tensorflow/tfjs-layers"
 * import * as Effect from "effect/Effect"
 * import { Network, NetworkBounds } from "finegrain"
 * const conv = tfl.layers.conv2d({ inputShape: [6, 6, 2], filters: 2, kernelSize: 3, useBias: false })
 * const model = tfl.sequential({ layers: [conv] })
 * const network = await Effect.runPromise(Network.make(model, { specification: "St" }))
 * const bounds = await Effect.runPromise(NetworkBounds.measure(network, 100))
 * Object.keys(bounds!.perPom) // => ["frobenius", "rowSum", "spectral"]
 * ```
 */
export const measure = Effect.fnUntraced(function*(
  { layers, variables }: Network.Network,
  samples: number
): Effect.fn.Return<NetworkBounds | undefined, Tensors.ReadFailed> {
  const perPom: Array<ReadonlyArray<Bounds.GroupNorms>> = []
  const perLayer: Array<ReadonlyArray<Bounds.GroupNorms>> = []
  const width = Math.max(...layers.map(({ kernel: { order }, variable }) => {
    const { shape } = variables[variable]!
    return Math.max(KernelOrder.channels(order, shape), KernelOrder.outputs(order, shape))
  }))
  for (const { groups, kernel: { order }, matricization, variable } of layers) {
    const weight = variables[variable]!
    const own = yield* Tensors.evaluate(() =>
      norms(KernelOrder.matrices(order, matricization, weight.shape).from(weight))
    )
    perPom.push(groups.map(({ indices }) => ofGroup(own, indices)))
    const whole = yield* Tensors.evaluate(() => norms(KernelOrder.whole(order, weight)))
    perLayer.push([ofGroup(whole, Array.from({ length: whole.length / 3 }, (_, block) => block))])
  }
  const finite = [...perPom, ...perLayer].flat().flatMap((
    { frobenius, rowSum, spectral }
  ) => [frobenius, rowSum, spectral])
    .every((norm) => norm > 0 && Number.isFinite(norm))
  return layers.length === 0 || !finite ? undefined : {
    perPom: Bounds.logBounds({ layers: perPom, samples, width }),
    perLayer: Bounds.logBounds({ layers: perLayer, samples, width })
  }
})
