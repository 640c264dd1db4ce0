import type * as tf from "@tensorflow/tfjs-core"
import type * as tfl from "@tensorflow/tfjs-layers"
import { DeclarationRefused } from "./Refused.ts"

/**
 * The weight that was frozen or unfrozen since a network was made, with what to do; undefined where all is as it was.
 * Takes a look at every weight, no more.
 */
export const changed = (
  model: tfl.LayersModel,
  variables: ReadonlyArray<tf.Variable>
): DeclarationRefused | undefined => {
  const now = new Set(model.trainableWeights.map((weight) => weight.read() as tf.Variable))
  const frozen = variables.find((variable) => !variable.trainable || !now.delete(variable))
  const [unfrozen] = now
  const [variable, what] = frozen === undefined ? [unfrozen, "unfrozen"] as const : [frozen, "frozen"] as const
  return variable === undefined ? undefined : new DeclarationRefused({
    layer: undefined,
    declares: `its weight ${variable.name}, ${what} after Network.make,`,
    reason: "ω and the momentum of a network are those of the weights that were trained when it was made",
    remedy: "Freeze and unfreeze first (trainable), then call Network.make, and Trainer.make after it"
  })
}
