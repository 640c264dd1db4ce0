import * as tf from "@tensorflow/tfjs-core"
import * as NestedTensors from "../../numerics/NestedTensors.ts"
import type { Scaling } from "../Transform.ts"

/**
 * ℜ·u, leaf by leaf.
 *
 * @internal
 */
export const rescale = <P extends NestedTensors.NestedTensors>(scaling: Scaling, u: P): P => {
  let index = 0
  return NestedTensors.map(u, (leaf) => {
    const factor = scaling[index++]
    return factor === undefined ? leaf : tf.mul(leaf, factor)
  })
}
