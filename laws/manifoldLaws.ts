/** All laws of one manifold together. */
import type * as Manifold from "../src/geometry/Manifold.ts"
import type * as NestedTensors from "../src/numerics/NestedTensors.ts"
import type { LawSet } from "./Law.ts"
import { budgetLaws } from "./manifold/budget.ts"
import { curvatureLaws } from "./manifold/curvature.ts"
import { derivativeLaws } from "./manifold/derivatives.ts"
import { edgeLaws } from "./manifold/edges.ts"
import { exponentialLaws } from "./manifold/exponential.ts"
import { invarianceLaws } from "./manifold/invariance.ts"
import { metricLaws } from "./manifold/metric.ts"
import { normLaws } from "./manifold/norms.ts"
import { operationLaws } from "./manifold/operations.ts"
import { pointLaws } from "./manifold/points.ts"
import { projectionLaws } from "./manifold/projection.ts"
import { retractionLaws } from "./manifold/retraction.ts"
import { type ManifoldClaims, setting } from "./manifold/setting.ts"
import { transportLaws } from "./manifold/transport.ts"

export type { Case, Invariance, ManifoldClaims } from "./manifold/setting.ts"

/**
 * The laws of any Riemannian submanifold of a space of tensors: projection, retraction, transport, metric, gradient,
 * exponential and logarithm where present, batches, norm intervals, dimension, curvature, resources.
 *
 * Source: Absil, Mahony and Sepulchre 2008, chapters 3–5 and 8; do Carmo 1992, chapter 6, for the Gauss equation.
 *
 * @example
 * ```ts
 * import { Stiefel } from "finegrain"
 * import { Law, manifoldLaws } from "finegrain/laws"
 * const reports = await Law.checkAll(manifoldLaws(Stiefel.make([3, 2])), { runs: 3 })
 * reports.filter(({ passed }) => !passed).map(Law.format) // => []
 * ```
 */
export const manifoldLaws = <P extends NestedTensors.NestedTensors>(
  M: Manifold.Manifold<P>,
  options: ManifoldClaims = {}
): LawSet => {
  const S = setting(M, options)
  return {
    name: M.name,
    parents: [
      ...(options.factors ?? []),
      ...[
        operationLaws,
        pointLaws,
        projectionLaws,
        retractionLaws,
        transportLaws,
        metricLaws,
        invarianceLaws,
        exponentialLaws,
        normLaws,
        curvatureLaws,
        derivativeLaws,
        edgeLaws,
        budgetLaws
      ].map((laws) => laws(S))
    ],
    laws: [],
    notApplicable: []
  }
}

/**
 * The laws at the edges alone, for manifolds whose others are known to hold: of what combinators make, at extreme
 * scales.
 *
 * @example
 * ```ts
 * import { Combinators, Sphere } from "finegrain"
 * import { Law, lawsAtEdges } from "finegrain/laws"
 * const reports = await Law.checkAll(lawsAtEdges(Combinators.scaled(Sphere.make([2, 1]), 1e20)), { runs: 1 })
 * reports.filter(({ passed }) => !passed).map(Law.format) // => []
 * ```
 */
export const lawsAtEdges = <P extends NestedTensors.NestedTensors>(
  M: Manifold.Manifold<P>,
  options: ManifoldClaims = {}
): LawSet => {
  const S = setting(M, options)
  return { name: `${M.name} at the edges`, parents: [edgeLaws(S), budgetLaws(S)], laws: [], notApplicable: [] }
}
