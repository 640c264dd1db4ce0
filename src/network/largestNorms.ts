import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import * as Norms from "../numerics/Norms.ts"
import * as Tensors from "../numerics/Tensors.ts"
import type * as Optimizer from "../optimizer/Optimizer.ts"
import type { Network, NetworkPoint } from "./constrained.ts"

/** The largest norm of the weights on one manifold, and the bound that the policy promises for it. */
export interface LargestNorm {
  readonly manifold: string
  readonly norm: Norms.OfWeights
  readonly largest: number
  /** undefined where nothing is promised. */
  readonly bound: number | undefined
}

const measured: Readonly<Record<Norms.OfWeights, (x: tf.Tensor) => tf.Tensor>> = Norms

/**
 * The largest norms of the component weights ℜω that the network uses, by manifold over all layers.
 *
 * @example
 * ```ts
 * import * as tfl from "@tensorflow/tfjs-layers"
 * import * as Effect from "effect/Effect"
 * import { FgSgd, Network, Optimizer, Schedule } from "finegrain"
 * const conv = tfl.layers.conv2d({ inputShape: [6, 6, 2], filters: 2, kernelSize: 3, useBias: false })
 * const model = tfl.sequential({ layers: [conv] })
 * const network = await Effect.runPromise(Network.make(model, { specification: "Sp" }))
 * const optimizer = FgSgd.make(network.problem, { schedule: Schedule.constant(0.1) })
 * const norms = await Effect.runPromise(Network.largestNorms(network, Optimizer.init(optimizer, network.variables)))
 * norms.find(({ norm }) => norm === "frobenius")!.largest // => 1
 * ```
 */
export const largestNorms = Effect.fnUntraced(function*(
  network: Network,
  state: Pick<Optimizer.State<NetworkPoint>, "x" | "scaling">
): Effect.fn.Return<ReadonlyArray<LargestNorm>, Tensors.ReadFailed> {
  const found = new Map<string, LargestNorm>()
  for (const { kinds, leaf, variable } of network.layers) {
    for (const [k, { manifold, symbol }] of kinds.entries()) {
      for (const norm of Norms.ofWeights) {
        const [largest = 0] = yield* Tensors.evaluate(() => {
          const factor = state.scaling[leaf + k]
          const x = state.x[variable]![k]!
          return tf.max(measured[norm](factor === undefined ? x : tf.mul(x, factor)))
        })
        const promised = network.policy.promises.includes(norm) && Number.isFinite(manifold.norms[norm].max)
        const key = `${symbol}/${norm}`
        found.set(key, {
          manifold: symbol,
          norm,
          // Math.max keeps NaN.
          largest: Math.max(found.get(key)?.largest ?? 0, largest),
          bound: promised ? 1 : undefined
        })
      }
    }
  }
  return [...found.values()]
})
