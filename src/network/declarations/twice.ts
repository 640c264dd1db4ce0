/** What a layer declares of its kernel that manifolds leave no room for. */
import type * as tfl from "@tensorflow/tfjs-layers"
import type * as Specification from "../../collections/Specification.ts"
import type * as Manifold from "../../geometry/Manifold.ts"
import { constraintOf } from "./private.ts"
import { DeclarationRefused } from "./Refused.ts"
import { constantPenalty } from "./regularization.ts"

/** Whether a specification asks for no constraint. */
export const isEuclidean = (specification: Specification.Specification): boolean =>
  specification.every(({ symbol }) => symbol === "Euc")

/** What a kernel on manifolds declares that manifolds leave no room for; undefined where there is nothing. */
export const constrainedTwice = (
  name: string,
  layer: tfl.layers.Layer,
  weight: tfl.LayerVariable,
  kinds: ReadonlyArray<{ readonly symbol: string; readonly manifold: Manifold.Manifold }>
): DeclarationRefused | undefined => {
  const symbols = [...new Set(kinds.map(({ symbol }) => symbol))].join("+")
  const remedy = `Remove it, or keep this kernel Euclidean: overrides: { ${
    JSON.stringify(name)
  }: { specification: "Euc" } }`
  const constraint = constraintOf(weight)
  if (constraint !== undefined) {
    return new DeclarationRefused({
      layer: name,
      declares: `the constraint ${constraint.getClassName()} of its ${weight.originalName.split("/").at(-1)}`,
      reason: `this kernel is constrained by ${symbols} already, and what one constraint does the other undoes`,
      remedy
    })
  }
  const penalty = constantPenalty(layer, weight, kinds.map(({ manifold }) => manifold))
  return penalty === undefined ? undefined : new DeclarationRefused({
    layer: name,
    declares: `the L2 regularizer of its ${weight.originalName.split("/").at(-1)}`,
    reason: `all matrices on ${symbols} have one length: it is a constant, and has no effect`,
    remedy
  })
}
