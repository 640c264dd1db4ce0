/** Directions scaled by one factor per POM. */
import * as tf from "@tensorflow/tfjs-core"
import { declare } from "../fusable.ts"
import type { Factors, PerPom } from "../PerPom.ts"
import { type At, stateless, type Transform } from "../Transform.ts"

/**
 * What scales every POM's part of the direction, with all that a transform knows.
 *
 * @internal
 */
export const scaling = (
  name: string,
  factorsOf: (norms: tf.Tensor1D, at: At) => Factors,
  options: Pick<Transform, "refuses" | "tells"> = {}
): Transform<typeof stateless> => ({
  name,
  ...options,
  init: () => stateless,
  update: (direction, state, at) => {
    const { collection, x } = at
    const norms = tf.sqrt(tf.relu(collection.squaredNorms(x, direction))) as tf.Tensor1D
    const { factors, told } = factorsOf(norms, at as unknown as At)
    return { direction: collection.scale(factors, direction), state, ...(told === undefined ? {} : { told }) }
  }
})

/**
 * Scales every POM's part of the direction by a factor, which depends on the norms R of all parts, the step and the
 * POMs alone.
 *
 * Engines that have the whole step in kernels run these between their two sweeps.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, Sphere, Transform, Transforms } from "finegrain"
 * const unit = Transforms.perPom("unit", (norms) => ({ factors: tf.div(1, norms) as tf.Tensor1D }))
 * const at = { step: 0, x: tf.tensor2d([[1], [0]]), collection: Collection.pom(Sphere.make([2, 1])), scaling: [] }
 * [...unit.update(tf.tensor2d([[0], [7]]), Transform.stateless, at).direction!.dataSync()] // => [0, 1]
 * ```
 */
export const perPom = (
  name: string,
  factors: PerPom["factors"],
  { onHost, ...options }: Pick<PerPom, "onHost" | "refuses" | "tells"> = {}
): PerPom =>
  declare({
    ...scaling(name, (norms, { collection: { poms }, step }) => factors(norms, { step, poms }), options),
    factors,
    onHost
  }, { kind: "perPom", factors, onHost })
