import * as tf from "@tensorflow/tfjs-core"
import * as NestedTensors from "../../numerics/NestedTensors.ts"
import { pure } from "../Transform.ts"

/**
 * A step of the weights W = ℜω as one of the points ω: v_ω = ℜ⁻¹·v_W. The last part of a chain in the metric of
 * weights, which begins without `pullback`.
 *
 * The manifold that W is on, `Combinators.scaled(M, ℜ)`, has the tangent spaces, projections and transports of M, so
 * all parts in between serve both; for `decay` and `curvatureStep` say `metric: "weights"`.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, Euclidean, Transform, Transforms } from "finegrain"
 * const at = { step: 0, x: tf.ones([1]), collection: Collection.pom(Euclidean.make([1])), scaling: [tf.scalar(0.5)] }
 * [...Transforms.fromWeights.update(tf.tensor1d([3]), Transform.stateless, at).direction!.dataSync()] // => [6]
 * ```
 */
export const fromWeights = pure(
  "fromWeights",
  (direction, { scaling }) =>
    NestedTensors.mapIndexed(direction, (leaf, i) => scaling[i] === undefined ? leaf : tf.div(leaf, scaling[i]))
)
