import { declare } from "../fusable.ts"
import { pure } from "../Transform.ts"
import { rescale } from "./rescale.ts"

/**
 * The Euclidean gradient with respect to ω from that with respect to the weights W = ℜω, by the chain rule: ∂L/∂ω =
 * ℜ·∂L/∂W.
 *
 * Source: Ozay 2019, algorithm 1.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, Euclidean, Transform, Transforms } from "finegrain"
 * const at = { step: 0, x: tf.ones([1]), collection: Collection.pom(Euclidean.make([1])), scaling: [tf.scalar(0.5)] }
 * [...Transforms.pullback.update(tf.tensor1d([3]), Transform.stateless, at).direction!.dataSync()] // => [1.5]
 * ```
 */
export const pullback = declare(
  pure("pullback", (gradient, { scaling }) => rescale(scaling, gradient)),
  { kind: "pullback" }
)
