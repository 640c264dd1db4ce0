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

/** What of a loss has no gradient, and why: by what TensorFlow.js says where it looks for one. */
const reasons: ReadonlyArray<
  readonly [said: RegExp, declares: (operation: string) => string, reason: string, remedy: string]
> = [
  [
    /gradient function not found for (\w+)/,
    (operation) => `the operation ${operation} between weights and loss`,
    "TensorFlow.js has no gradient of it",
    "Freeze the layers before it (trainable: false), or give the operation a gradient (tf.customGrad)"
  ],
  [
    /Error in gradient of (?:fused )?(\w+): dilation rates/,
    (operation) => `the operation ${operation} with a dilationRate between weights and loss`,
    "TensorFlow.js has gradients of convolutions without gaps only",
    "Leave dilationRate out, or freeze the layer and those before it (trainable: false)"
  ],
  [
    /Cannot find a connection between any variable/,
    () => "a loss without weights",
    "the loss depends on none of them",
    "Freeze the layers before it (trainable: false), or give the operation a gradient (tf.customGrad)"
  ]
]

/**
 * What TensorFlow.js throws where a layer applies an operation that has no gradient, or nothing leads to the loss.
 */
export const missingGradient = (defect: unknown): DeclarationRefused | undefined => {
  const message = defect instanceof Error ? defect.message : ""
  for (const [said, declares, reason, remedy] of reasons) {
    const found = said.exec(message)
    if (found === null) continue
    return new DeclarationRefused({ layer: undefined, declares: declares(found[1] ?? ""), reason, remedy })
  }
  return undefined
}
