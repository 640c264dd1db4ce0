/** What layers draw at random, all of it from the run's seed. */
import * as tf from "@tensorflow/tfjs-core"
import type * as tfl from "@tensorflow/tfjs-layers"
import * as Draws from "../../numerics/Draws.ts"
import * as Seed from "../../numerics/Seed.ts"
import { attributesOf, partsOf } from "./private.ts"

/** A seed of the user's own says what is drawn in every step, another thing in each. */
const ofStep = (seed: unknown, step: number) => Seed.split(Seed.split(0, String(seed)), step)

/** Layers of TensorFlow.js that take a seed. */
const classes: ReadonlySet<string> = new Set(["Dropout", "SpatialDropout1D"])

/** Layers with a seed of the user's own. */
const holdersOf = (model: tfl.LayersModel): ReadonlyArray<Record<string, unknown>> =>
  partsOf(model).filter((layer) => classes.has(layer.getClassName())).map(attributesOf)
    .filter(({ seed }) => seed !== undefined && seed !== null)

/**
 * Prepares the passes of training steps through a model: whatever its layers draw, dropout, noise, recurrent dropout
 * and what a user's layers draw, follows from the seed and the step alone, so that a resumed run draws the same; where
 * a layer has a seed of its own, from that and the step.
 */
export const drawing = (model: tfl.LayersModel, seed: Seed.Seed) => {
  const holders = holdersOf(model)
  return <A>(step: number, pass: () => A): A => {
    const own = holders.map((holder) => holder["seed"])
    for (const [i, holder] of holders.entries()) holder["seed"] = ofStep(own[i], step)
    try {
      return Draws.seeded(Seed.split(seed, step), pass)
    } finally {
      for (const [i, holder] of holders.entries()) holder["seed"] = own[i]
    }
  }
}

const masks = ["dropoutMask", "recurrentDropoutMask"] as const

/** Frees the masks that cells keep. */
const release = (cells: ReadonlyArray<tfl.layers.Layer>): void => {
  for (const cell of cells.map(attributesOf)) {
    for (const mask of masks) {
      if (cell[mask] === undefined || cell[mask] === null) continue
      tf.dispose(cell[mask] as tf.TensorContainer)
      cell[mask] = null
    }
  }
}

/** Recurrent layers draw masks once per pass; TensorFlow.js keeps them longer, those of stacked cells for ever. */
export const releasingMasks = (stock: tfl.layers.Layer["call"], layer: tfl.layers.Layer): tfl.layers.Layer["call"] => {
  const cells = partsOf(layer).filter((part) => "dropout" in part && "recurrentDropout" in part)
  return cells.length === 0 ? stock : (inputs, kwargs) => {
    release(cells)
    try {
      return stock(inputs, kwargs)
    } finally {
      // What the gradient needs of them, the tape has kept.
      release(cells)
    }
  }
}
