/** Weight decay, for the parameters that a mask says. */
import * as tf from "@tensorflow/tfjs-core"
import type * as Collection from "../../collections/Collection.ts"
import * as NestedTensors from "../../numerics/NestedTensors.ts"
import { declare } from "../fusable.ts"
import type { Metric } from "../metrics.ts"
import { type At, pure, type Transform } from "../Transform.ts"
import { rescale } from "./rescale.ts"

/** What weight decay is for. */
export interface Decay {
  /** A multiple of the weights W = ℜω; at least 0. */
  readonly weight: number
  /** Which POMs decay; default all. Biases and normalization are often exempt. */
  readonly mask?: (pom: Collection.Pom) => boolean
  /** Whose gradient the weight decay is added to, that of the points ω or of the weights W; default `points`. */
  readonly metric?: Metric
}

const masked = <P extends NestedTensors.NestedTensors>(
  decayed: P,
  { collection }: At<P>,
  mask: (pom: Collection.Pom) => boolean
): P => {
  if (collection.poms.every(mask)) return decayed
  return collection.scale(tf.tensor1d(collection.poms.map((pom) => (mask(pom) ? 1 : 0))), decayed)
}

/**
 * Weight decay, the gradient of w‖W‖²/2 with respect to ω added: e + wℜ²ω. On spheres it is radial and has no effect.
 * In the metric of weights, with respect to W: e + wℜω.
 *
 * @throws RangeError for a negative weight, or one that is not finite.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, Euclidean, Transform, Transforms } from "finegrain"
 * const collection = Collection.pom(Euclidean.make([1]))
 * const at = { step: 0, x: tf.tensor1d([4]), collection, scaling: [tf.scalar(0.5)] }
 * const { direction } = Transforms.decay({ weight: 0.1 }).update(tf.tensor1d([1.5]), Transform.stateless, at)
 * [...direction!.dataSync()] // => [1.6]
 * ```
 */
export const decay = ({ mask, metric = "points", weight }: Decay): Transform => {
  if (!(weight >= 0 && Number.isFinite(weight))) {
    throw new RangeError(`the weight decay must be finite and not negative, and is ${weight}`)
  }
  const transform = pure("decay", (gradient, at) => {
    if (weight === 0) return gradient
    const weights = rescale(at.scaling, at.x)
    const decayed = NestedTensors.scale(weight, metric === "points" ? rescale(at.scaling, weights) : weights)
    return NestedTensors.add(gradient, mask === undefined ? decayed : masked(decayed, at, mask))
  })
  return mask === undefined && metric === "points" ? declare(transform, { kind: "decay", weight }) : transform
}
