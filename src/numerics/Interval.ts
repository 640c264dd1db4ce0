/** A closed interval of real numbers; the ends may be infinite. */
export interface Interval {
  readonly min: number
  readonly max: number
}

/**
 * The interval [min, max].
 *
 * @example
 * ```ts
 * import { Interval } from "finegrain"
 * Interval.make(0, 1) // => { min: 0, max: 1 }
 * ```
 */
export const make = (min: number, max: number): Interval => ({ min, max })

/**
 * The interval that holds one number only.
 *
 * @example
 * ```ts
 * import { Interval } from "finegrain"
 * Interval.point(1) // => { min: 1, max: 1 }
 * ```
 */
export const point = (value: number): Interval => ({ min: value, max: value })

/**
 * All real numbers: nothing is known, or there is no bound.
 *
 * @example
 * ```ts
 * import { Interval } from "finegrain"
 * Interval.contains(Interval.everything, -1e300, 0) // => true
 * ```
 */
export const everything: Interval = make(-Infinity, Infinity)

/**
 * The smallest interval that holds both.
 *
 * @example
 * ```ts
 * import { Interval } from "finegrain"
 * Interval.hull(Interval.point(0), Interval.point(1)) // => { min: 0, max: 1 }
 * ```
 */
export const hull = (a: Interval, b: Interval): Interval => make(Math.min(a.min, b.min), Math.max(a.max, b.max))

/**
 * The sums of a number from each: [a.min + b.min, a.max + b.max].
 *
 * @example
 * ```ts
 * import { Interval } from "finegrain"
 * Interval.sum(Interval.make(0, 1), Interval.point(2)) // => { min: 2, max: 3 }
 * ```
 */
export const sum = (a: Interval, b: Interval): Interval => make(a.min + b.min, a.max + b.max)

/**
 * The interval under a monotone function of its ends.
 *
 * @example
 * ```ts
 * import { Interval } from "finegrain"
 * Interval.map(Interval.make(1, 4), Math.sqrt) // => { min: 1, max: 2 }
 * ```
 */
export const map = (a: Interval, f: (end: number) => number): Interval => make(f(a.min), f(a.max))

/**
 * Whether a number lies in the interval, up to a tolerance.
 *
 * @example
 * ```ts
 * import { Interval } from "finegrain"
 * Interval.contains(Interval.make(0, 1), 1.01, 0.1) // => true
 * Interval.contains(Interval.make(0, 1), 1.01, 0) // => false
 * ```
 */
export const contains = (a: Interval, value: number, tolerance: number): boolean =>
  value >= a.min - tolerance && value <= a.max + tolerance
