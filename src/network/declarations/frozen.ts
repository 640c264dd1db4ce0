/** Frozen layers: what says so may be the layer or anything that it is in. */
import type * as tfl from "@tensorflow/tfjs-layers"
import { heldBy, partsOf } from "./private.ts"

/** The models and wrappers that a layer is in. */
const around = new WeakMap<tfl.layers.Layer, Set<tfl.layers.Layer>>()

/** Remembers what is within what; from now on `isFrozen` knows the layers of this model. */
export const remember = (model: tfl.LayersModel): void => {
  for (const outer of partsOf(model)) {
    for (const layer of heldBy(outer)) around.set(layer, (around.get(layer) ?? new Set()).add(outer))
  }
}

/**
 * Whether a layer is frozen at the moment: it says so itself, or everything that it is in does, up to the model that
 * runs. A frozen batch normalization uses its moving statistics in training as well, and leaves them as they are.
 */
export const isFrozen = (layer: tfl.layers.Layer, running: tfl.LayersModel | undefined): boolean => {
  if (!layer.trainable) return true
  const outside = layer === running ? undefined : around.get(layer)
  return outside !== undefined && outside.size > 0 && [...outside].every((outer) => isFrozen(outer, running))
}
