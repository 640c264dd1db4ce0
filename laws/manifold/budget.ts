import * as tf from "@tensorflow/tfjs-core"
import * as Arithmetic from "../../src/numerics/Arithmetic.ts"
import type * as NestedTensors from "../../src/numerics/NestedTensors.ts"
import { errors } from "../budget.ts"
import { type Edge, namesOf } from "../edges.ts"
import type { LawSet } from "../Law.ts"
import * as Tolerance from "../Tolerance.ts"
import type { Setting } from "./setting.ts"

/** The name of the law of budgets, by which reports find it. */
export const budgetLaw = "float32 is within its error budget"

/**
 * Float32 against float64 on the same inputs, at ordinary points and at the edges.
 *
 * @internal
 */
export const budgetLaws = <P extends NestedTensors.NestedTensors>(
  { M, operations, options, reach, section }: Setting<P>
): LawSet => {
  const { always, law, set } = section(
    "error budget",
    "Higham 2002, Accuracy and Stability of Numerical Algorithms, section 1.6"
  )
  const edges = (options.edges ?? []) as unknown as ReadonlyArray<Edge<P>>
  const places = namesOf(edges)
  always({
    ...law(
      budgetLaw,
      "|f₃₂(s) − f₆₄(s)| ≤ k·ε·condition, one batch of ordinary and extreme situations s",
      ({ seed }) => tf.reshape(errors(M, edges, reach, seed), [-1]),
      Tolerance.measured(options.budget ?? budget, "the largest k measured is 24, what loses digits has hundreds"),
      undefined,
      operations.flatMap(({ name }) => places.map((place) => `${name}, ${place}`))
    ),
    only: Arithmetic.float32
  })
  return set
}

/**
 * The cap of k for all operations. The largest found is 24, for nearest points of the simplex and of the doubly
 * stochastic matrices to entries of 10⁶; fixed spectra take 8.5, everything else 8 and less. What loses digits has
 * hundreds and more.
 */
const budget = 64
