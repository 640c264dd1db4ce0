/** What tfjs-layers keeps private, in one place. */
import type * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"

/** A constraint of weights. */
export interface Constraint {
  readonly apply: (weights: tf.Tensor) => tf.Tensor
  readonly getConfig: () => Readonly<Record<string, unknown>>
  readonly getClassName: () => string
}

/** A penalty of weights. */
export interface Regularizer {
  readonly l1?: number
  readonly l2?: number
  readonly getClassName: () => string
}

/** An activation, as layers hold it. */
export interface Activation {
  readonly getClassName: () => string
}

/** A weight with the constraint that was declared for it. */
export const constraintOf = (weight: tfl.LayerVariable): Constraint | undefined =>
  (weight as unknown as { readonly constraint?: Constraint | null }).constraint ?? undefined

/** A layer's attributes by name, private ones included; writable, for regions that put back what was there. */
export const attributesOf = (layer: tfl.layers.Layer): Record<string, unknown> =>
  layer as unknown as Record<string, unknown>

/** The weights that a layer itself made, frozen ones included. */
export const madeBy = (layer: tfl.layers.Layer): ReadonlyArray<tfl.LayerVariable> => {
  const { _nonTrainableWeights = [], _trainableWeights = [] } = attributesOf(layer) as {
    readonly _trainableWeights?: ReadonlyArray<tfl.LayerVariable>
    readonly _nonTrainableWeights?: ReadonlyArray<tfl.LayerVariable>
  }
  return [..._trainableWeights, ..._nonTrainableWeights]
}

const isLayer = (value: unknown): value is tfl.layers.Layer => value instanceof tfl.layers.Layer

/**
 * The layers that a layer holds: those of a model, its cell, what it wraps, and what a layer of the user's holds in its
 * attributes.
 */
export const heldBy = (layer: tfl.layers.Layer): ReadonlyArray<tfl.layers.Layer> =>
  // A sequential model holds a second model of the same layers, which it makes when it first runs.
  layer instanceof tfl.LayersModel
    ? layer.layers
    : Object.values(layer).flatMap((value) => Array.isArray(value) ? value as ReadonlyArray<unknown> : [value])
      .filter(isLayer)

/** A layer and every layer within it, each once. */
export const partsOf = (layer: tfl.layers.Layer): ReadonlyArray<tfl.layers.Layer> => {
  const found = new Set<tfl.layers.Layer>()
  const visit = (part: tfl.layers.Layer) => {
    if (found.has(part)) return
    found.add(part)
    heldBy(part).forEach(visit)
  }
  visit(layer)
  return [...found]
}
