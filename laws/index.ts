/**
 * The laws as a library: of manifolds, combinators, optimizers and bounds, with mutants and refuted claims.
 *
 * @module finegrain/laws
 */
export { boundLaws } from "./boundLaws.ts"
export { refusal } from "./budget.ts"
export { type RefutedClaim, refutedClaims } from "./claims.ts"
export { combinatorLaws, isomorphic } from "./combinatorLaws.ts"
export { curvatureOfSpread, sectionalCurvature } from "./curvature.ts"
export type { Edge } from "./edges.ts"
export { columnPermutation, conjugation, leftRotations, properRotations, rightRotations } from "./invariances.ts"
export { kernelLaws } from "./kernelLaws.ts"
export * as Law from "./Law.ts"
export { budgetLaw, identityLaw } from "./manifold/budget.ts"
export {
  type Case,
  type Invariance,
  lawsAtEdges,
  type ManifoldClaims as ManifoldLawOptions,
  manifoldLaws
} from "./manifoldLaws.ts"
export { type Factored, matrixLaws } from "./matrixLaws.ts"
export { mutants } from "./mutants.ts"
export type { Mutant } from "./mutants/Mutant.ts"
export { type ManifoldOperation, operationsOf, type Situation } from "./operations.ts"
export * as methods from "./optimizer/Method.ts"
export { metricLaws } from "./optimizer/metricLaws.ts"
export { muonLaws } from "./optimizer/muonLaws.ts"
export { optimizerLaws } from "./optimizer/optimizerLaws.ts"
export { subjects } from "./subjects.ts"
export type { Subject } from "./subjects/Subject.ts"
export * as Tolerance from "./Tolerance.ts"
