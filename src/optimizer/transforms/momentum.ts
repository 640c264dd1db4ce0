/** Momentum: a tangent vector that is transported, and what Nesterov makes of it. */
import * as tf from "@tensorflow/tfjs-core"
import * as NestedTensors from "../../numerics/NestedTensors.ts"
import { declare } from "../fusable.ts"
import type { Transform } from "../Transform.ts"

/** How directions are remembered. */
export interface Momentum {
  /** θ in [0, 1). */
  readonly decay: number
  /** Whether to look ahead, u = grad + θμ; default false. Source: Nesterov 1983; Sutskever et al. 2013. */
  readonly nesterov?: boolean
}

/**
 * Momentum in the tangent space, μᵗ = θ·transport(μᵗ⁻¹) + grad, which is the direction; or grad + θμᵗ with `nesterov`.
 *
 * Source: Ozay 2019, algorithm 1; with `nesterov` Sutskever, Martens, Dahl and Hinton 2013, *On the importance of
 * initialization and momentum in deep learning*.
 *
 * @throws RangeError for a θ outside of [0, 1).
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, Euclidean, Transforms } from "finegrain"
 * const at = { step: 1, x: tf.tensor1d([4]), collection: Collection.pom(Euclidean.make([1])), scaling: [] }
 * const { direction } = Transforms.momentum({ decay: 0.5 }).update(tf.tensor1d([3]), tf.tensor1d([2]), at)
 * [...direction!.dataSync()] // => [4]
 * ```
 */
export const momentum = ({ decay, nesterov = false }: Momentum): Transform<NestedTensors.NestedTensors> => {
  if (!(decay >= 0 && decay < 1)) throw new RangeError(`the momentum must be in [0, 1), not ${decay}`)
  const transform: Transform<NestedTensors.NestedTensors> = {
    name: "momentum",
    init: ({ x }) => NestedTensors.map(x, tf.zerosLike),
    update: (gradient, before) => {
      if (decay === 0) return { direction: gradient, state: before }
      const state = NestedTensors.add(gradient, NestedTensors.scale(decay, before as typeof gradient))
      return { direction: nesterov ? NestedTensors.add(gradient, NestedTensors.scale(decay, state)) : state, state }
    },
    carry: (state, to, { collection, x }) =>
      decay === 0 ? state : collection.manifold.transport(x, to, state as typeof x)
  }
  return nesterov ? transform : declare(transform, { kind: "momentum", decay })
}
