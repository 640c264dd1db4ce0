/** Student's statistics of a few seeds: intervals of means, and paired tests. */
import jstat from "jstat"

/** Several measurements of one quantity. */
export interface Sample {
  readonly count: number
  readonly mean: number
  /** Standard deviation with n − 1; undefined of a single measurement. */
  readonly deviation: number | undefined
  /** Half the width of the 95 % confidence interval of the mean, by Student's t; undefined of a single measurement. */
  readonly halfWidth: number | undefined
}

/** Differences of pairs: their sample, and the p value of Student's paired test. */
export interface Paired extends Sample {
  /** Two-sided; undefined of fewer than two pairs. */
  readonly p: number | undefined
}

/**
 * Mean, standard deviation, and 95 % confidence interval t₀.₉₇₅(n − 1)·s/√n.
 *
 * Source: Student 1908, *The probable error of a mean*.
 *
 * @example
 * ```ts
 * import { Statistics } from "finegrain"
 * const { deviation, halfWidth, mean } = Statistics.sample([1, 2, 3])
 * [mean, deviation, Math.round(1000 * halfWidth!)] // => [2, 1, 2484]
 * ```
 */
export const sample = (values: ReadonlyArray<number>): Sample => {
  const count = values.length
  const mean = values.reduce((a, b) => a + b, 0) / count
  if (count < 2) return { count, mean, deviation: undefined, halfWidth: undefined }
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1))
  const halfWidth = jstat.jStat.studentt.inv(0.975, count - 1) * deviation / Math.sqrt(count)
  return { count, mean, deviation, halfWidth }
}

/**
 * Student's paired test of a − b: t = mean/(s/√n) with n − 1 degrees of freedom. Equal differences other than 0 have
 * p = 0.
 *
 * Source: Student 1908, *The probable error of a mean*.
 *
 * @throws RangeError unless there are as many of one as of the other.
 *
 * @example
 * ```ts
 * import { Statistics } from "finegrain"
 * const { mean, p } = Statistics.paired([3, 5, 4], [1, 2, 3])
 * // t = 2/(1/√3) = 3.46 with two degrees of freedom.
 * [mean, Math.round(1000 * p!)] // => [2, 74]
 * ```
 */
export const paired = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): Paired => {
  if (a.length !== b.length) throw new RangeError(`paired: ${a.length} measurements cannot be paired with ${b.length}`)
  const differences = sample(a.map((value, i) => value - b[i]!))
  const { count, deviation, mean } = differences
  if (deviation === undefined) return { ...differences, p: undefined }
  const t = Math.abs(mean) / (deviation / Math.sqrt(count))
  const p = mean === 0 ? 1 : t === Infinity ? 0 : 2 * (1 - jstat.jStat.studentt.cdf(t, count - 1))
  return { ...differences, p }
}

/**
 * The paired test of what two maps give for the keys that they share; undefined where they share none.
 *
 * @example
 * ```ts
 * import { Statistics } from "finegrain"
 * Statistics.byKey(new Map([[1, 3], [2, 5]]), new Map([[2, 4]]))!.mean // => 1
 * ```
 */
export const byKey = <K>(a: ReadonlyMap<K, number>, b: ReadonlyMap<K, number>): Paired | undefined => {
  const both = [...a.keys()].filter((key) => b.has(key))
  return both.length === 0 ? undefined : paired(both.map((key) => a.get(key)!), both.map((key) => b.get(key)!))
}
