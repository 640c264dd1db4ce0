import { declare } from "../fusable.ts"
import { pure } from "../Transform.ts"

/**
 * The Riemannian gradient from the Euclidean one: the tangent vector grad with ⟨grad, v⟩_ω = ⟨e, v⟩_F for every tangent
 * v.
 *
 * Source: Absil, Mahony and Sepulchre 2008, section 3.6.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, Sphere, Transform, Transforms } from "finegrain"
 * const at = { step: 0, x: tf.tensor2d([[1], [0]]), collection: Collection.pom(Sphere.make([2, 1])), scaling: [] }
 * const { direction } = Transforms.riemannian.update(tf.tensor2d([[5], [3]]), Transform.stateless, at)
 * [...direction!.dataSync()] // => [0, 3]
 * ```
 */
export const riemannian = declare(
  pure("riemannian", (gradient, { collection, x }) => collection.manifold.gradient(x, gradient)),
  { kind: "riemannian" }
)
