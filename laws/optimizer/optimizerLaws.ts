import type * as Manifold from "../../src/geometry/Manifold.ts"
import type { LawSet } from "../Law.ts"
import { fgSgd, type Method } from "./Method.ts"
import { chains } from "./steps/chains.ts"
import { iterates, longRun } from "./steps/iterates.ts"
import { restores, states } from "./steps/states.ts"
import { descends, followsClassical, obeysBound } from "./steps/steps.ts"
import { engineIndependent, symmetries } from "./steps/symmetries.ts"
import { trials } from "./steps/Trials.ts"

/**
 * The laws of a method, FG-SGD by default, on stacks of kernels that live on the given manifolds of one shape; without
 * `longRuns`, those of 10,000 steps are left out.
 *
 * @example
 * ```ts
 * import { Sphere, Stiefel } from "finegrain"
 * import { Law, methods, optimizerLaws } from "finegrain/laws"
 * const laws = optimizerLaws([Sphere.make([3, 3]), Stiefel.make([3, 3])], methods.fgSgd, { longRuns: false })
 * const reports = await Law.checkAll(laws, { runs: 3 })
 * reports.filter(({ passed }) => !passed).map(Law.format) // => []
 * ```
 */
export const optimizerLaws = (
  manifolds: readonly [Manifold.Manifold, ...ReadonlyArray<Manifold.Manifold>],
  method: Method = fgSgd,
  { longRuns = true }: { readonly longRuns?: boolean } = {}
): LawSet => {
  const all = trials(manifolds, method)
  return {
    name: `${method.name} on ${manifolds.map(({ name }) => name).join(", ")}`,
    parents: [],
    laws: [
      followsClassical(all),
      iterates(all),
      ...(longRuns ? [longRun(all)] : []),
      ...states(all),
      ...symmetries(all),
      ...chains(all),
      descends(all),
      engineIndependent(all),
      restores(all),
      ...(method.bounded ? [obeysBound(all)] : [])
    ],
    notApplicable: method.bounded
      ? []
      : [{ name: "steps obey the bound", reason: "only the curvature-aware step claims it" }]
  }
}
