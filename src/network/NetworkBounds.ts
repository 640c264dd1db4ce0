import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { kernelArrangement } from "../collections/matricized.ts"
import * as Norms from "../numerics/Norms.ts"
import * as Tensors from "../numerics/Tensors.ts"
import * as Bounds from "./Bounds.ts"
import type * as Network from "./Network.ts"

/** The six generalization bounds of a network, as natural logarithms. */
export interface NetworkBounds {
  /** From the norms of every POM, its members side by side. */
  readonly perPom: Bounds.LogBounds
  /** From the norms of whole layers, seen as one matrix of all inputs by outputs. */
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
 * The six bounds of the constrained layers as the network now is, for so many training samples: each of the three of `Bounds.logBounds`
 * with the norms of POMs, and with those of whole layers. undefined where a norm is 0 or not finite, or no layer is constrained.
 *
 * Source: Ozay 2019, section 5, and the works that Bounds names.
 *
 * @example
 * ```ts
 * import * as tfl from "@tensorflow/tfjs-layers"
 * import * as Effect from "effect/Effect"
 * import { Network, NetworkBounds } from "finegrain"
 * const model = tfl.sequential({ layers: [tfl.layers.conv2d({ inputShape: [6, 6, 2], filters: 2, kernelSize: 3, useBias: false })] })
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
  for (const { groups, matricization, shape, variable } of layers) {
    const kernel = () => tf.reshape(variables[variable]!, [...shape])
    const own = yield* Tensors.evaluate(() => norms(kernelArrangement(matricization, shape).from(kernel())))
    perPom.push(groups.map(({ indices }) => ofGroup(own, indices)))
    const [height, width, inputs, outputs] = shape
    const whole = yield* Tensors.evaluate(() => norms(tf.reshape(kernel(), [1, height * width * inputs, outputs])))
    perLayer.push([ofGroup(whole, [0])])
  }
  const width = Math.max(...layers.map(({ shape: [, , inputs, outputs] }) => Math.max(inputs, outputs)))
  const finite = [...perPom, ...perLayer].flat().flatMap((
    { frobenius, rowSum, spectral }
  ) => [frobenius, rowSum, spectral])
    .every((norm) => norm > 0 && Number.isFinite(norm))
  return layers.length === 0 || !finite ? undefined : {
    perPom: Bounds.logBounds({ layers: perPom, samples, width }),
    perLayer: Bounds.logBounds({ layers: perLayer, samples, width })
  }
})
