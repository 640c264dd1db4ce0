import type * as tfl from "@tensorflow/tfjs-layers"
import * as Specification from "../../collections/Specification.ts"
import { classOf, type OwnClasses, ownName } from "../kernelClasses.ts"
import { constraintOf } from "./private.ts"
import { DeclarationRefused } from "./Refused.ts"

/** A layer with weights of which none is on a manifold, and why. */
export interface Unconstrained {
  readonly name: string
  readonly reason: string
}

const reasonOf = (layer: tfl.layers.Layer, classes: OwnClasses | undefined): string => {
  if (layer.trainableWeights.length === 0) return "it is frozen"
  const { byDefault, kernels } = classOf(layer, classes)
  if (kernels.length === 0) return `a ${layer.getClassName()} has no kernel that can be constrained`
  const own = layer.trainableWeights.filter((weight) => kernels.some((kernel) => kernel.weight === ownName(weight)))
  if (own.length === 0) return "its kernel is frozen"
  return own.some((weight) => constraintOf(weight) !== undefined)
    ? "a constraint of its own holds its kernel"
    : byDefault
    ? "its model is frozen"
    : "overrides do not name it"
}

/** The layers with weights of which none is on a manifold, and why. */
export const unconstrainedLayers = (
  layers: ReadonlyMap<string, tfl.layers.Layer>,
  constrained: ReadonlyArray<{ readonly layer: tfl.layers.Layer }>,
  classes: OwnClasses | undefined
): ReadonlyArray<Unconstrained> => {
  const known = new Set(constrained.map(({ layer }) => layer))
  return [...layers].filter(([, layer]) => layer.weights.length > 0 && !known.has(layer))
    .map(([name, layer]) => ({ name, reason: reasonOf(layer, classes) }))
}

/** A specification that asks for manifolds in a model where no kernel is on one. */
export const nothingConstrained = (
  specification: Specification.Specification,
  layers: ReadonlyMap<string, tfl.layers.Layer>,
  classes: OwnClasses | undefined
): DeclarationRefused => {
  const possible = [...layers]
    .filter(([, layer]) => layer.trainableWeights.length > 0 && classOf(layer, classes).kernels.length > 0)
    .map(([name]) => name)
  return new DeclarationRefused({
    layer: undefined,
    declares: `a network with ${Specification.format(specification)}`,
    reason:
      "none of its kernels would be on a manifold: convolutions are by themselves, other layers where they are named",
    remedy: possible.length === 0
      ? "Use Euc, or a model with a layer whose kernel is trained"
      : `Use Euc, or name layers in overrides (layers in a configuration): ${possible.slice(0, 8).join(", ")}`
  })
}

const mostNamed = 3

/**
 * One line for people: which layers are on no manifold, by reason.
 *
 * @internal
 */
export const summary = (unconstrained: ReadonlyArray<Unconstrained>): string =>
  [...Map.groupBy(unconstrained, ({ reason }) => reason)].map(([reason, layers]) => {
    const names = layers.slice(0, mostNamed).map(({ name }) => name).join(", ")
    const more = layers.length > mostNamed ? ` and ${layers.length - mostNamed} more` : ""
    return `${names}${more} (${reason})`
  }).join("; ")
