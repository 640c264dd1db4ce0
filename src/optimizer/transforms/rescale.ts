import * as tf from "@tensorflow/tfjs-core"
import * as Points from "../../numerics/Points.ts"
import type { Scaling } from "../Transform.ts"

/**
 * ℜ·u, leaf by leaf.
 *
 * @internal
 */
export const rescale = <P extends Points.Points>(scaling: Scaling, u: P): P => {
  let index = 0
  return Points.map(u, (leaf) => {
    const factor = scaling[index++]
    return factor === undefined ? leaf : tf.mul(leaf, factor)
  })
}
