/** Iterates stay where they belong. */
import type { Law } from "../../Law.ts"
import * as Tolerance from "../../Tolerance.ts"
import type { Trials } from "./Trials.ts"

/**
 * Iterates stay on their manifolds.
 *
 * @internal
 */
export const iterates = ({ entries, problem, optimizerOf, run, shown }: Trials): Law =>
  shown("iterates stay on the manifold", "c(ωᵗ) = 0", Tolerance.rounding(entries, 4), (c) => {
    const p = problem(c.seed)
    return p.collection.manifold.residual(run(optimizerOf(p, c), c, 12).state.x)
  })

/**
 * The law of 10,000 steps, which takes minutes for a method of many operations.
 *
 * @internal
 */
export const longRun = ({ problem, optimizerOf, run, shown }: Trials): Law => ({
  ...shown(
    "iterates stay on the manifold for 10,000 steps",
    "c(ωᵗ) ≤ 10⁻⁶ for t = 10,000",
    Tolerance.measured(1e-6, "the accuracy that this library promises in float32"),
    (c) => {
      const p = problem(c.seed)
      return p.collection.manifold.residual(run(optimizerOf(p, c), c, 10_000).state.x)
    }
  ),
  maxRuns: 1
})
