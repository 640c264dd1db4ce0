import * as tf from "@tensorflow/tfjs-core"
import * as NestedTensors from "../../numerics/NestedTensors.ts"
import type { Transform } from "../Transform.ts"

/**
 * The mean of every k gradients; in between the point stays, and the norms told are those of the gradients. In front of
 * a chain, k batches then count as one.
 *
 * @throws RangeError for a k that is not a positive integer.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, Euclidean, Transforms } from "finegrain"
 * const two = Transforms.accumulate(2)
 * const at = { step: 0, x: tf.tensor1d([0]), collection: Collection.pom(Euclidean.make([1])), scaling: [] }
 * const first = two.update(tf.tensor1d([1]), two.init(at), at)
 * first.direction // => undefined
 * two.update(tf.tensor1d([3]), first.state, { ...at, step: 1 }).direction!.dataSync()[0] // => 2
 * ```
 */
export const accumulate = (k: number): Transform<NestedTensors.NestedTensors> => {
  if (!(Number.isInteger(k) && k >= 1)) throw new RangeError(`gradients accumulate over a positive integer, not ${k}`)
  return {
    name: "accumulate",
    tells: ["norms"],
    init: ({ x }) => NestedTensors.map(x, tf.zerosLike),
    update: (gradient, before, { collection, step, x }) => {
      const sum = NestedTensors.add(before as typeof gradient, gradient)
      const told = { norms: tf.sqrt(tf.relu(collection.squaredNorms(x, gradient))) as tf.Tensor1D }
      return (step + 1) % k === 0
        ? { direction: NestedTensors.scale(1 / k, sum), state: NestedTensors.map(sum, tf.zerosLike), told }
        : { direction: undefined, state: sum, told }
    }
  }
}
