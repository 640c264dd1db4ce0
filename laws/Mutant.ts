import type { LawSet } from "./Law.ts"

/** A defect, planted or published, with the law that must find it. */
export interface Mutant {
  readonly name: string
  readonly killedBy: string
  readonly laws: LawSet
}
