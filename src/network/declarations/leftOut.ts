import * as Specification from "../../collections/Specification.ts"
import type { ConstrainedLayer } from "../constrained.ts"
import { DeclarationRefused } from "./Refused.ts"

/** The manifolds of a specification that none of the layers that have it has a kernel on. */
const missing = (layers: ReadonlyArray<ConstrainedLayer>) => {
  const taken = new Set(layers.flatMap(({ groups }) => groups.map(({ manifold }) => manifold)))
  return layers[0]!.specification.filter((_, manifold) => !taken.has(manifold))
}

const refused = (text: string, layers: ReadonlyArray<ConstrainedLayer>) => {
  const seen = [...new Set(layers.map(({ matricization }) => matricization.name))].join(" or ")
  return new DeclarationRefused({
    layer: layers.length === 1 ? layers[0]!.name : undefined,
    declares: `${text} (kernels seen ${seen}, groups by ${layers[0]!.strategy.name})`,
    reason: `there are too few kernels: none would be on ${missing(layers).map(({ symbol }) => symbol).join(", ")}`,
    remedy: "Leave these out, see kernels as more matrices (matricization), or give layers manifolds of their own " +
      "(overrides; layers in a configuration)"
  })
}

/**
 * A specification with a manifold that would have no kernel, as where every layer is one matrix or has few channels;
 * but for the one that nobody asked for.
 */
export const leftOut = (
  layers: ReadonlyArray<ConstrainedLayer>,
  unasked: string | undefined
): DeclarationRefused | undefined => {
  const bySpecification = Map.groupBy(layers, ({ specification }) => Specification.format(specification))
  const first = [...bySpecification].find(([text, own]) => text !== unasked && missing(own).length > 0)
  return first === undefined ? undefined : refused(...first)
}
