/** Weights without a gradient, named instead of the engine's own words. */
import { DeclarationRefused } from "./Refused.ts"

/** The weight that the loss does not depend on. */
export const withoutGradient = (name: string): DeclarationRefused =>
  new DeclarationRefused({
    layer: undefined,
    declares: `its weight ${name}`,
    reason: "the loss does not depend on it",
    remedy: "Freeze its layer (trainable: false), or take it out"
  })

/**
 * What TensorFlow.js throws where a layer of the user's applies an operation that has no gradient, or nothing leads to
 * the loss.
 */
export const missingGradient = (defect: unknown): DeclarationRefused | undefined => {
  const message = defect instanceof Error ? defect.message : ""
  const operation = /gradient function not found for (\w+)/.exec(message)?.[1]
  if (operation === undefined && !/Cannot find a connection between any variable/.test(message)) return undefined
  return new DeclarationRefused({
    layer: undefined,
    declares: operation === undefined
      ? "a loss without weights"
      : `the operation ${operation} between weights and loss`,
    reason: operation === undefined ? "the loss depends on none of them" : "TensorFlow.js has no gradient of it",
    remedy: "Freeze the layers before it (trainable: false), or give the operation a gradient (tf.customGrad)"
  })
}
