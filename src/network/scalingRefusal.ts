/** ℜ that must not be taken: of a λ that is no number, as overflowing features have it. */
import * as Tensors from "../numerics/Tensors.ts"
import type { Network } from "./constrained.ts"

/** Why λ forbids to rescale. */
export const scalingRefusal = (
  { layers }: Pick<Network, "layers">,
  lambdas: ReadonlyArray<ArrayLike<number>>,
  step: number
): Tensors.Diverged | undefined => {
  for (const [i, { name }] of layers.entries()) {
    const value = Array.from(lambdas[i]!).find((lambda) => !Number.isFinite(lambda))
    if (value !== undefined) return new Tensors.Diverged({ layer: name, step, quantity: "λ", value })
  }
  return undefined
}
