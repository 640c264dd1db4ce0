/** Weight decay beside a direction that is made already, as AdamW has it. */
import * as tf from "@tensorflow/tfjs-core"
import * as NestedTensors from "../../numerics/NestedTensors.ts"
import { pure, stateless, type Transform } from "../Transform.ts"
import { type Decay, decay } from "./decay.ts"
import { riemannian } from "./riemannian.ts"

/**
 * The Riemannian gradient of w‖W‖²/2 added to a direction, so that no moment before it knows of the decay: u + Π(wℜ²ω).
 * On spheres, oblique and Stiefel manifolds it is 0.
 *
 * Source: Loshchilov and Hutter 2019, *Decoupled weight decay regularization*.
 *
 * @throws RangeError for a negative weight, or one that is not finite.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, Euclidean, Transform, Transforms } from "finegrain"
 * const at = { step: 0, x: tf.tensor1d([4]), collection: Collection.pom(Euclidean.make([1])), scaling: [] }
 * const { direction } = Transforms.decoupledDecay({ weight: 0.5 }).update(tf.tensor1d([1]), Transform.stateless, at)
 * [...direction!.dataSync()] // => [3]
 * ```
 */
export const decoupledDecay = (options: Decay): Transform => {
  const own = decay(options)
  return pure("decoupled decay", (direction, at) => {
    if (options.weight === 0) return direction
    const decayed = own.update(NestedTensors.map(direction, tf.zerosLike), stateless, at).direction!
    return NestedTensors.add(direction, riemannian.update(decayed, stateless, at).direction!)
  })
}
