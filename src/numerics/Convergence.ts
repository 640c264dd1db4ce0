/**
 * Iterations whose result is checked: one that did not converge is an error, not a result.
 */
import type * as tf from "@tensorflow/tfjs-core"
import * as Schema from "effect/Schema"
import * as Postponed from "../engine/Postponed.ts"

/** An iteration that ended above its tolerance: which, by how much, and what to do. */
export class NotConverged extends Schema.TaggedError<NotConverged>()("NotConverged", {
  what: Schema.String,
  residual: Schema.Number,
  tolerance: Schema.Finite,
  remedy: Schema.String
}) {
  override get message() {
    return `${this.what} did not converge: residual ${this.residual} exceeds the tolerance ${this.tolerance}. ` +
      this.remedy
  }
}

/** What is required of an iteration's result. */
export interface Requirement {
  /** What was iterated, e.g. `the polar factor of a matrix 3×2`. */
  readonly what: string
  /** How far the result is from what it should be: any shape, at least 0; NaN is no result either. */
  readonly residual: tf.Tensor
  readonly tolerance: number
  /** What the reader can do about it, as a sentence. */
  readonly remedy: string
}

/**
 * Requires every entry of a residual to be at most the tolerance.
 *
 * Engines whose values can be read at once throw here; on webgpu the next read fails with the same error. A read costs
 * as much as some hundred small operations, so this is for the ends of iterations only. Nothing is left behind, and
 * nothing is recorded for gradients.
 *
 * @throws NotConverged
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Convergence } from "finegrain"
 * const check = (residual: number) => {
 *   try {
 *     Convergence.require({
 *       what: "Newton's iteration",
 *       residual: tf.scalar(residual),
 *       tolerance: 0.5,
 *       remedy: "Start closer."
 *     })
 *     return "fine"
 *   } catch (error) {
 *     return (error as Convergence.NotConverged).message
 *   }
 * }
 * check(0.5) // => "fine"
 * check(1) // => "Newton's iteration did not converge: residual 1 exceeds the tolerance 0.5. Start closer."
 * ```
 */
export const require = ({ remedy, residual, tolerance, what }: Requirement): void => {
  const verdict = (values: ArrayLike<number>) => {
    // Math.max would turn an empty batch into −Infinity.
    const worst = Array.from(values).reduce((a, b) => (Number.isNaN(a) || a >= b ? a : b), 0)
    return worst <= tolerance ? undefined : new NotConverged({ what, residual: worst, tolerance, remedy })
  }
  judge(residual, verdict)
}

/**
 * Throws the error that some values are, if any, where they can be read at once; on webgpu the next read fails with it.
 *
 * @internal
 */
export const judge = (values: tf.Tensor, verdict: (values: ArrayLike<number>) => Error | undefined): void => {
  if (Postponed.here()) return Postponed.add(values, verdict)
  const error = verdict(values.dataSync())
  if (error !== undefined) throw error
}
