/** Clipping: directions no longer than a norm. */
import * as tf from "@tensorflow/tfjs-core"
import type { PerPom } from "../PerPom.ts"
import { perPom } from "./perPom.ts"

/** What is clipped. */
export interface Clip {
  /** The largest norm. */
  readonly norm: number
  /** Of each POM's part by itself, or of all together (the default). */
  readonly per?: "pom" | "network"
}

/**
 * Directions no longer than a norm: scaled by min{1, c/R}, with R the norm of each POM's part, or of the whole
 * direction. Where R is no number, neither are the factors, so that optimizers refuse the step.
 *
 * Source: Pascanu, Mikolov and Bengio 2013, *On the difficulty of training recurrent neural networks*.
 *
 * @throws RangeError for a norm that is not positive and finite, and for another `per`.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, Sphere, Transform, Transforms } from "finegrain"
 * const at = { step: 0, x: tf.tensor2d([[1], [0]]), collection: Collection.pom(Sphere.make([2, 1])), scaling: [] }
 * const { direction } = Transforms.clip({ norm: 1 }).update(tf.tensor2d([[0], [5]]), Transform.stateless, at)
 * direction!.dataSync()[1] // => 1
 * ```
 */
export const clip = ({ norm, per = "network" }: Clip): PerPom => {
  if (!(norm > 0 && Number.isFinite(norm))) {
    throw new RangeError(`the norm to clip at must be positive and finite, not ${norm}`)
  }
  if (per !== "pom" && per !== "network") {
    throw new RangeError(`clipping is per "pom" or per "network", not per "${String(per)}"`)
  }
  return perPom("clip", (norms) => {
    const total = per === "pom" ? norms : tf.mul(tf.onesLike(norms), tf.sqrt(tf.sum(tf.square(norms))))
    // max keeps NaN and makes no division by zero.
    const length = tf.maximum(total, norm)
    // 1 or, of a length whose square is no number, NaN: a factor of 0 would hide it, and the step be taken.
    return { factors: tf.mul(tf.div(norm, length), tf.div(length, length)) as tf.Tensor1D }
  })
}
