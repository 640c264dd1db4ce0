import * as tf from "@tensorflow/tfjs-core"
import * as NestedTensors from "../../numerics/NestedTensors.ts"
import type { Scaling } from "../Transform.ts"

/**
 * ℜ·u, leaf by leaf.
 *
 * @internal
 */
export const rescale = <P extends NestedTensors.NestedTensors>(scaling: Scaling, u: P): P =>
  NestedTensors.mapIndexed(u, (leaf, i) => scaling[i] === undefined ? leaf : tf.mul(leaf, scaling[i]))
