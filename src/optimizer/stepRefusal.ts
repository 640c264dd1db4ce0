/** Steps that must not be taken: what was read of them is no number. */
import type { Pom } from "../collections/Collection.ts"
import * as Tensors from "../numerics/Tensors.ts"
import { OptimizerError } from "./Optimizer.ts"

/** What a step reads: of the batch its loss, where that is known, and of every POM its norm R and its g. */
export interface Readings {
  readonly loss?: number
  readonly norms: Float32Array
  readonly denominators?: Float32Array
}

/** Why the readings of a step forbid to take it. */
export const stepRefusal = (
  { denominators = new Float32Array(), loss = 0, norms }: Readings,
  poms: ReadonlyArray<Pom>,
  step: number
): Tensors.Diverged | OptimizerError | undefined => {
  const bad = norms.findIndex((norm) => !Number.isFinite(norm))
  if (bad >= 0) {
    return new Tensors.Diverged({ layer: poms[bad]!.name, step, quantity: "gradient norm", value: norms[bad]! })
  }
  if (!Number.isFinite(loss)) {
    return new Tensors.Diverged({ layer: "the network", step, quantity: "loss", value: loss })
  }
  const steepest = denominators.findIndex((g) => !(g > 0) || !Number.isFinite(g))
  if (steepest < 0) return undefined
  return new OptimizerError({
    stage: "step size",
    reason: `the rule gives g = ${denominators[steepest]} for ${
      poms[steepest]!.name
    }, which must be positive and finite`
  })
}
