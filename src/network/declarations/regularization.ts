/** Penalties that a model's layers declare, added to its loss. */
import * as tf from "@tensorflow/tfjs-core"
import type * as tfl from "@tensorflow/tfjs-layers"
import type * as Manifold from "../../geometry/Manifold.ts"
import { isModel } from "../layers/graph.ts"
import { attributesOf, madeBy, partsOf, type Regularizer } from "./private.ts"

/** A penalty that a layer adds to the loss. */
export type Penalty = () => tf.Scalar

/**
 * Every penalty that the layers of a model declare: of kernels, biases, scales, recurrent kernels and what users add
 * with `addLoss`, those of cells and wrapped layers included, which TensorFlow.js itself leaves out.
 */
export const penaltiesOf = (model: tfl.LayersModel): ReadonlyArray<Penalty> => [
  // A wrapper also tells those of what it wraps.
  ...new Set(partsOf(model).flatMap(({ losses }) => losses as unknown as ReadonlyArray<Penalty>))
]

/** Those that TensorFlow.js itself adds to a loss in `fit`. */
const stockPenalties = (model: tfl.LayersModel): ReadonlyArray<unknown> =>
  model.layers.flatMap((layer) => isModel(layer) ? stockPenalties(layer) : layer.losses)

/** Those that it leaves out. */
export const omittedPenalties = (model: tfl.LayersModel): ReadonlyArray<Penalty> => {
  const stock = new Set(stockPenalties(model))
  return penaltiesOf(model).filter((penalty) => !stock.has(penalty))
}

/** A loss with all penalties. */
export const penalized = (loss: tf.Scalar, penalties: ReadonlyArray<Penalty>): tf.Scalar =>
  penalties.reduce<tf.Scalar>((sum, penalty) => tf.add(sum, penalty()), loss)

/** Attributes of layers are named for the weight: `recurrentRegularizer` is of `recurrent_kernel`. */
const regularizerOf = (layer: tfl.layers.Layer, weight: tfl.LayerVariable): Regularizer | undefined => {
  const [role = ""] = weight.originalName.split("/").at(-1)!.split("_")
  const owner = partsOf(layer).find((part) => madeBy(part).includes(weight))
  return (owner === undefined ? undefined : attributesOf(owner)[`${role}Regularizer`] as Regularizer | null) ??
    undefined
}

/**
 * The penalty of a weight's length where it is a constant, because all its matrices have one length: its gradient is 0.
 */
export const constantPenalty = (
  layer: tfl.layers.Layer,
  weight: tfl.LayerVariable,
  manifolds: ReadonlyArray<Manifold.Manifold>
): Regularizer | undefined => {
  const regularizer = regularizerOf(layer, weight)
  const ofLength = regularizer?.getClassName() === "L1L2" && regularizer.l1 === 0
  return ofLength && manifolds.every(({ norms: { frobenius: { max, min } } }) => min === max) ? regularizer : undefined
}
