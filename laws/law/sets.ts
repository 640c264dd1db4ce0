import type * as Arithmetic from "../../src/numerics/Arithmetic.ts"
import type { Law } from "./definition.ts"

/** A law that does not apply to a subject, with the reason. */
export interface NotApplicable {
  readonly name: string
  readonly reason: string
}

/** Laws under a name, with the sets that they build on. */
export interface LawSet {
  readonly name: string
  readonly parents: ReadonlyArray<LawSet>
  readonly laws: ReadonlyArray<Law>
  readonly notApplicable: ReadonlyArray<NotApplicable>
}

/**
 * All laws of a set, parents first, each once.
 *
 * @example
 * ```ts
 * import { Sphere } from "finegrain"
 * import { Law, manifoldLaws } from "finegrain/laws"
 * Law.flatten(manifoldLaws(Sphere.make([3, 3]))).length > 20 // => true
 * ```
 */
export const flatten = (set: LawSet): ReadonlyArray<Law> => {
  const laws = new Map<string, Law>()
  for (const law of [...set.parents.flatMap(flatten), ...set.laws]) {
    const key = `${law.subject ?? ""}: ${law.name}`
    if (!laws.has(key)) laws.set(key, law)
  }
  return [...laws.values()]
}

/**
 * What does not apply, of a set and its parents.
 *
 * @example
 * ```ts
 * import { FixedRank } from "finegrain"
 * import { Law, manifoldLaws } from "finegrain/laws"
 * const laws = manifoldLaws(FixedRank.make([4, 3], { rank: 2 }))
 * Law.notApplicable(laws).map(({ name }) => name).includes("logarithm") // => true
 * ```
 */
export const notApplicable = (set: LawSet): ReadonlyArray<NotApplicable> => [
  ...set.parents.flatMap(notApplicable),
  ...set.notApplicable
]

/**
 * All laws of a set that say something in an arithmetic, parents first, each once.
 *
 * @example
 * ```ts
 * import { Arithmetic, Sphere } from "finegrain"
 * import { Law, manifoldLaws } from "finegrain/laws"
 * const laws = manifoldLaws(Sphere.make([3, 3]))
 * Law.applicable(laws, Arithmetic.float64).length < Law.flatten(laws).length // => true
 * ```
 */
export const applicable = (set: LawSet, arithmetic: Arithmetic.Arithmetic): ReadonlyArray<Law> =>
  flatten(set).filter(({ only = arithmetic }) => only === arithmetic)
