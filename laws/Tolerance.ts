/** Tolerances, each with its reason. */
import type { Arithmetic } from "../src/numerics/Arithmetic.ts"

/** How large a residual may be in each arithmetic, and why. */
export interface Tolerance {
  readonly in: (arithmetic: Arithmetic) => number
  readonly reason: string
}

/**
 * Rounding of an algebraic identity, 64·ε·√k·κ: ε the arithmetic's unit, k the number of entries, κ how much the
 * equation amplifies a relative error (its condition number times the size of the quantities compared).
 *
 * A sum of k rounded terms errs like √k units; 64 allows chains of a few dozen operations, each with its own rounding.
 *
 * @example
 * ```ts
 * import { Arithmetic } from "finegrain"
 * import { Tolerance } from "finegrain/laws"
 * Tolerance.rounding(16).in(Arithmetic.float32) < 1e-4 // => true
 * Tolerance.rounding(16).in(Arithmetic.float64) < 1e-13 // => true
 * ```
 */
export const rounding = (entries: number, amplification = 1): Tolerance => ({
  in: ({ epsilon }) => 64 * epsilon * Math.sqrt(entries) * amplification,
  reason: `64 rounding units for √${entries} entries${amplification === 1 ? "" : `, amplified ${amplification} times`}`
})

/**
 * A measured slope, order of an error, or constant that finite differences estimate: a stated margin, in every
 * arithmetic.
 *
 * @example
 * ```ts
 * import { Arithmetic } from "finegrain"
 * import { Tolerance } from "finegrain/laws"
 * Tolerance.measured(0.25, "the next order at t = 0.2").in(Arithmetic.float32) // => 0.25
 * ```
 */
export const measured = (value: number, reason: string): Tolerance => ({ in: () => value, reason })

/**
 * Equality to the last bit.
 *
 * @example
 * ```ts
 * import { Arithmetic } from "finegrain"
 * import { Tolerance } from "finegrain/laws"
 * Tolerance.exact.in(Arithmetic.float32) // => 0
 * ```
 */
export const exact: Tolerance = { in: () => 0, reason: "the same computation twice, or a count" }
