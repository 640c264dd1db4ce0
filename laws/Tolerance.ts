/** How large a residual may be, and why. */
export interface Tolerance {
  readonly value: number
  readonly reason: string
}

/** Distance from 1 to the next float32. */
const epsilon = 2 ** -23

/**
 * Rounding of an algebraic identity: 64 units in the last place for every root of the number of entries, times the size of the
 * quantities compared.
 *
 * A sum of k rounded terms errs like √k units; 64 allows chains of a few dozen operations, each with its own rounding.
 *
 * @example
 * ```ts
 * import { Tolerance } from "finegrain/laws"
 * Tolerance.rounding(16).value < 1e-4 // => true
 * ```
 */
export const rounding = (entries: number, size = 1): Tolerance => ({
  value: 64 * epsilon * Math.sqrt(entries) * size,
  reason: `64 float32 units for √${entries} entries${size === 1 ? "" : `, of size ${size}`}`
})

/**
 * A measured slope, order of an error, or constant that finite differences estimate: a stated margin.
 *
 * @example
 * ```ts
 * import { Tolerance } from "finegrain/laws"
 * Tolerance.measured(0.25, "the next order at t = 0.2").value // => 0.25
 * ```
 */
export const measured = (value: number, reason: string): Tolerance => ({ value, reason })

/**
 * Equality to the last bit.
 *
 * @example
 * ```ts
 * import { Tolerance } from "finegrain/laws"
 * Tolerance.exact.value // => 0
 * ```
 */
export const exact: Tolerance = { value: 0, reason: "the same computation twice, or a count" }
