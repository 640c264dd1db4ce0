import * as tf from "@tensorflow/tfjs-core"
import { declare } from "../fusable.ts"
import type { PerPom } from "../PerPom.ts"
import { stateless, type Transform } from "../Transform.ts"

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
  options: Pick<Transform, "refuses" | "tells"> = {}
): PerPom =>
  declare({
    name,
    ...options,
    factors,
    init: () => stateless,
    update: (direction, state, at) => {
      const { collection, x } = at
      const norms = tf.sqrt(tf.relu(collection.squaredNorms(x, direction))) as tf.Tensor1D
      const { factors: own, told } = factors(norms, { step: at.step, poms: collection.poms })
      return { direction: collection.scale(own, direction), state, ...(told === undefined ? {} : { told }) }
    }
  }, { kind: "perPom", factors })
