import type * as tf from "@tensorflow/tfjs-core"
import fc from "fast-check"
import type * as Arithmetic from "../../src/numerics/Arithmetic.ts"
import type { Tolerance } from "../Tolerance.ts"

/** How far a case is from a law. */
export type Residual = tf.Tensor | number | ReadonlyArray<() => tf.Tensor | number>

/**
 * A law as data: what holds, for which cases, how far a case is from it, and how far it may be.
 *
 * The residual is computed in a region and read asynchronously, so laws run on every engine.
 */
export interface Law<A = unknown> {
  readonly name: string
  /** What the law speaks of, e.g. a manifold: laws of one name and subject are one law. */
  readonly subject?: string
  /** The equation in plain mathematics. */
  readonly equation: string
  readonly source: string
  readonly arbitrary: fc.Arbitrary<A>
  /**
   * A tensor of residuals, or one number; the largest counts, NaN above all. Or parts, one after the other, each in a
   * region of its own and read before the next: engines that free memory only at reads want that of long computations.
   */
  readonly residual: (a: A) => Residual
  readonly tolerance: Tolerance
  /** Whether a typed error is an answer, too: what is refused by name is not wrong. Default: it is a failure. */
  readonly refusable?: boolean
  /** At most so many cases, for a law whose single case is a long search. */
  readonly maxRuns?: number
  /** Names of the residual's entries, e.g. operations: a failure says which are too large. */
  readonly parts?: ReadonlyArray<string>
  /**
   * A law of the same set without which this one cannot be evaluated: where that fails and this has no residual, it
   * refers to it.
   */
  readonly presupposes?: Law
  /** The only arithmetic in which the law says something. */
  readonly only?: Arithmetic.Arithmetic
  /** A stronger law that is not claimed; where it holds in every case, the report says so. */
  readonly stronger?: Law
  /** The case as literals, for people. */
  readonly show: (a: A) => Promise<string>
}

/**
 * Hides the case's type, so that laws of different cases fit into one set.
 *
 * @example
 * ```ts
 * import fc from "fast-check"
 * import { Law, Tolerance } from "finegrain/laws"
 * const commutes = Law.law({
 *   name: "addition commutes", equation: "a + b = b + a", source: "arithmetic",
 *   arbitrary: fc.tuple(fc.integer(), fc.integer()),
 *   residual: ([a, b]) => Math.abs(a + b - (b + a)), tolerance: Tolerance.exact
 * })
 * const { passed } = await Law.check(commutes)
 * passed // => true
 * ```
 */
export const law = <A>(definition: Omit<Law<A>, "show"> & Partial<Pick<Law<A>, "show">>): Law => {
  const show = definition.show ?? ((a: A) => Promise.resolve(fc.stringify(a)))
  return { ...definition, show } as unknown as Law
}
