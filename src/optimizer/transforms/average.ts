import * as tf from "@tensorflow/tfjs-core"
import * as NestedTensors from "../../numerics/NestedTensors.ts"
import type { Transform } from "../Transform.ts"

/**
 * An average of the points along the way, kept on the manifold: a ← nearest(d·a + (1 − d)·ω). The direction passes as
 * it is.
 *
 * The state is the average; `Optimizer.stateOf(optimizer, state, "average")` finds it.
 * Source: Polyak and Juditsky 1992; the projected mean of Bhattacharya and Patrangenaru 2003.
 *
 * @throws RangeError for a d outside of [0, 1).
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, Sphere, Transforms } from "finegrain"
 * const average = Transforms.average({ decay: 0.5 })
 * const at = { step: 0, x: tf.tensor2d([[1], [0]]), collection: Collection.pom(Sphere.make([2, 1])), scaling: [] }
 * const mean = average.carry!(average.init(at), tf.tensor2d([[0], [1]]), at) as tf.Tensor
 * [...mean.dataSync()].map((x) => x.toFixed(4)) // => ["0.7071", "0.7071"]
 * ```
 */
export const average = ({ decay }: { readonly decay: number }): Transform<NestedTensors.NestedTensors> => {
  if (!(decay >= 0 && decay < 1)) throw new RangeError(`the average's decay must be in [0, 1), not ${decay}`)
  return {
    name: "average",
    init: ({ x }) => NestedTensors.map(x, tf.clone),
    update: (direction, state) => ({ direction, state }),
    carry: (state, to, { collection }) =>
      collection.manifold.nearest(
        NestedTensors.add(NestedTensors.scale(decay, state as typeof to), NestedTensors.scale(1 - decay, to))
      )
  }
}
