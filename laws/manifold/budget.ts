/** The laws of error budgets on one manifold. */
import * as tf from "@tensorflow/tfjs-core"
import * as Arithmetic from "../../src/numerics/Arithmetic.ts"
import type * as NestedTensors from "../../src/numerics/NestedTensors.ts"
import { errors } from "../budget.ts"
import { chosenOf, type Edge, namesOf, situations } from "../edges.ts"
import type { LawSet } from "../Law.ts"
import { identitiesOf, type ManifoldOperation, type Situation } from "../operations.ts"
import * as Tolerance from "../Tolerance.ts"
import { wholeBatch } from "./edges.ts"
import type { Setting } from "./setting.ts"

/**
 * The name of the law of budgets, by which reports find it.
 *
 * @example
 * ```ts
 * import { budgetLaw } from "finegrain/laws"
 * budgetLaw // => "float32 is within its error budget"
 * ```
 */
export const budgetLaw = "float32 is within its error budget"

/**
 * The name of the law of identities at the edges, whose k are of the same kind as those of budgets.
 *
 * @example
 * ```ts
 * import { identityLaw } from "finegrain/laws"
 * identityLaw.startsWith("identities at the edges") // => true
 * ```
 */
export const identityLaw = "identities at the edges are within their error budget"

/**
 * Float32 against float64 on the same inputs, and identities, at ordinary points and at the edges.
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
  const complete = (options.complete ?? ((s: Situation) => s)) as unknown as (s: Situation<P>) => Situation<P>
  const chosen = chosenOf(edges)
  const judged = ({ name }: ManifoldOperation<P>) =>
    chosen.map((one) =>
      // What goes along one of several shortest geodesics may go along another; what was completed is a point exactly.
      one && alongLogarithm.has(name) || options.complete !== undefined && name === "residual" ? 0 : 1
    )
  const within = (name: string, equation: string, of: ReadonlyArray<ManifoldOperation<P>>) =>
    wholeBatch(law(
      name,
      equation,
      ({ seed }) => {
        const k = errors({ operations: of, made: () => situations(M, edges, reach, seed), complete, seed })
        return tf.reshape(tf.mul(k, tf.tensor2d(of.map(judged))), [-1])
      },
      Tolerance.measured(options.budget ?? budget, "the largest k measured is 24, what loses digits has hundreds"),
      undefined,
      of.flatMap(({ name }) => places.map((place) => `${name}, ${place}`))
    ))
  const representative = (options.representative ?? ((x) => x)) as (
    x: NestedTensors.NestedTensors
  ) => NestedTensors.NestedTensors
  always(
    {
      ...within(
        budgetLaw,
        "|f₃₂(s) − f₆₄(s)| ≤ k·ε·condition, one batch of ordinary and extreme situations s",
        operations
      ),
      only: Arithmetic.float32
    },
    within(
      identityLaw,
      "P(w) = w of tangent w, ‖log(x, y)‖ = d(x, y), exp(x, log(x, y)) = y, within k·ε·condition, or a typed error",
      identitiesOf(M, representative)
    )
  )
  return set
}

const alongLogarithm = new Set(["log", "transport"])

/**
 * The cap of k for all operations. In two cases the largest was 24, for nearest points of matrices with entries of 10⁶,
 * then 11, for a distance; fixed spectra, by polar factors, take 8.5 at small vectors and 9.6 in a weak direction.
 * Other seeds find more: `finegrain laws --all` prints them. What loses digits has hundreds.
 */
const budget = 64
