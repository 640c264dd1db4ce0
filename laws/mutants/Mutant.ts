import type * as Manifold from "../../src/geometry/Manifold.ts"
import type { LawSet } from "../Law.ts"
import { manifoldLaws } from "../manifoldLaws.ts"

/** A defect, planted or published, with the law that must find it. */
export interface Mutant {
  readonly name: string
  readonly killedBy: string
  readonly laws: LawSet
}

/**
 * A manifold with a defect.
 *
 * @internal
 */
export const mutant = (
  name: string,
  killedBy: string,
  original: Manifold.Manifold,
  defect: Partial<Manifold.Manifold>,
  metric: "embedded" | "other" = "embedded"
): Mutant => ({ name, killedBy, laws: manifoldLaws({ ...original, ...defect }, { metric }) })
