import type * as Manifold from "../../src/geometry/Manifold.ts"
import type * as Shape from "../../src/numerics/Shape.ts"
import type { LawSet } from "../Law.ts"
import { type ManifoldClaims, manifoldLaws } from "../manifoldLaws.ts"

/** A family of manifolds with everything that is claimed of it. */
export interface Subject {
  /** Name on the command line. */
  readonly name: string
  /** That of its family; what combines several has none. */
  readonly symbol?: string
  /** Shapes that stand for all: small, with every relation of m and n. */
  readonly shapes: ReadonlyArray<Shape.Shape>
  /** The members at a shape, one for each choice of metric, retraction or transport, with their laws. */
  readonly at: (shape: Shape.Shape) => ReadonlyArray<LawSet>
}

/**
 * The laws of a manifold with everything that is claimed of it, under its name and a label.
 *
 * @internal
 */
export const claims = (manifold: Manifold.Manifold, label: string, options: ManifoldClaims): LawSet => {
  const set = manifoldLaws(manifold, options)
  return { ...set, name: label === "" ? set.name : `${set.name} ${label}` }
}
