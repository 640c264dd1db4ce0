/** Student's statistics of a few seeds: intervals of means, and paired tests. */
import jstat from "jstat"
import { counted } from "../choices/counted.ts"
import * as Seed from "../numerics/Seed.ts"

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
  /** p with Holm's correction over all that are looked at together, where there are others. */
  readonly holm?: number
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
  if (a.length !== b.length) {
    throw new RangeError(`paired: ${counted(a.length, "measurement")} cannot be paired with ${b.length}`)
  }
  const differences = sample(a.map((value, i) => value - b[i]!))
  const { count, deviation, mean } = differences
  if (deviation === undefined) return { ...differences, p: undefined }
  const t = Math.abs(mean) / (deviation / Math.sqrt(count))
  return { ...differences, p: mean === 0 ? 1 : t === Infinity ? 0 : twoSided(t, count - 1) }
}

/** P(|T| ≥ t) = I_x(ν/2, 1/2) at x = ν/(ν + t²), which keeps its digits where 1 − cdf has none left. */
const twoSided = (t: number, freedom: number): number =>
  jstat.jStat.ibeta(freedom / (freedom + t * t), freedom / 2, 0.5)

/**
 * Holm's correction of p values that are looked at together: the smallest times their number, the next times one less,
 * and so on, none smaller than the one before. Those that are at most α keep the chance of any false one below α.
 *
 * Source: Holm 1979, *A simple sequentially rejective multiple test procedure*.
 *
 * @example
 * ```ts
 * import { Statistics } from "finegrain"
 * Statistics.holm([0.5, 0.01, 0.25]) // => [0.5, 0.03, 0.5]
 * ```
 */
export const holm = (ps: ReadonlyArray<number>): ReadonlyArray<number> => {
  const order = ps.map((_, i) => i).toSorted((a, b) => ps[a]! - ps[b]!)
  const corrected = ps.map(() => 1)
  let largest = 0
  for (const [rank, i] of order.entries()) {
    largest = Math.max(largest, Math.min(1, (ps.length - rank) * ps[i]!))
    corrected[i] = largest
  }
  return corrected
}

/** Parts of equal probability of a deviation: as many leave six digits of a probability right. */
const parts = 1000

/**
 * The mean difference, in standard deviations of the differences, that the paired test of so many pairs finds at a
 * level with a probability: the δ at which T exceeds its critical value c so often, P(T > c) = E Φ(δ√n − cS), where S²
 * is χ² of n − 1 degrees of freedom over their number.
 *
 * Source: Cohen 1988, *Statistical power analysis for the behavioral sciences*, chapter 2.
 *
 * @throws RangeError for fewer than two pairs.
 *
 * @example
 * ```ts
 * import { Statistics } from "finegrain"
 * Statistics.detectable(5).toFixed(2) // => "1.68"
 * ```
 */
export const detectable = (count: number, level = 0.05, power = 0.8): number => {
  if (count < 2) throw new RangeError(`detectable: ${counted(count, "pair has", "pairs have")} no paired test`)
  const { chisquare, normal, studentt } = jstat.jStat
  const freedom = count - 1
  const critical = studentt.inv(1 - level / 2, freedom)
  // By the mixture itself: jstat's noncentral t is 0 far from 0, where few pairs and small levels are.
  const deviations = Array.from(
    { length: parts },
    (_, k) => Math.sqrt(chisquare.inv((k + 0.5) / parts, freedom) / freedom)
  )
  // The other tail adds less than the level does.
  const isFound = (delta: number) =>
    deviations.reduce((sum, s) => sum + normal.cdf(delta * Math.sqrt(count) - critical * s, 0, 1), 0) >= power * parts
  let [low, high] = [0, 1]
  while (!isFound(high)) [low, high] = [high, 2 * high]
  for (let k = 0; k < 40; k++) {
    const middle = (low + high) / 2
    if (isFound(middle)) high = middle
    else low = middle
  }
  return high
}

/**
 * Kendall's rank correlation τ-b of pairs, in [−1, 1]: concordant minus discordant pairs, over those that are no ties;
 * NaN where all of one are equal.
 *
 * Source: Kendall 1945, *The treatment of ties in ranking problems*; as a judge of bounds Jiang et al. 2020, *Fantastic
 * generalization measures and where to find them*.
 *
 * @throws RangeError unless there are as many of one as of the other.
 *
 * @example
 * ```ts
 * import { Statistics } from "finegrain"
 * Statistics.kendall([1, 2, 3, 4], [1, 2, 4, 3]).toFixed(3) // => "0.667"
 * ```
 */
export const kendall = (x: ReadonlyArray<number>, y: ReadonlyArray<number>): number => {
  if (x.length !== y.length) {
    throw new RangeError(`kendall: ${counted(x.length, "value")} cannot be paired with ${y.length}`)
  }
  let [sum, ofX, ofY] = [0, 0, 0]
  for (let i = 0; i < x.length; i++) {
    for (let j = 0; j < i; j++) {
      const [dx, dy] = [Math.sign(x[i]! - x[j]!), Math.sign(y[i]! - y[j]!)]
      sum += dx * dy
      ofX += Math.abs(dx)
      ofY += Math.abs(dy)
    }
  }
  return sum / Math.sqrt(ofX * ofY)
}

/** A percentile interval, with the statistic of all groups. */
export interface Interval {
  readonly value: number
  readonly low: number
  readonly high: number
}

/**
 * A statistic of groups with its 95 % bootstrap interval: groups are drawn with replacement, whole, since what they
 * hold is no independent evidence. Draws of which the statistic is NaN are left out.
 *
 * Source: Efron and Tibshirani 1993, *An introduction to the bootstrap*, chapters 8 and 13.
 *
 * @example
 * ```ts
 * import { Statistics } from "finegrain"
 * const mean = (groups: ReadonlyArray<number>) => groups.reduce((a, b) => a + b, 0) / groups.length
 * const { high, low, value } = Statistics.bootstrap([1, 2, 3, 4], mean, { seed: 1 })
 * [value, low < 2.5, high > 2.5] // => [2.5, true, true]
 * ```
 */
export const bootstrap = <G>(
  groups: ReadonlyArray<G>,
  statistic: (groups: ReadonlyArray<G>) => number,
  { draws = 1000, seed }: { readonly draws?: number; readonly seed: number }
): Interval => {
  const places = Seed.uniforms(seed, draws * groups.length)
  const drawn = Array.from(
    { length: draws },
    (_, k) => statistic(groups.map((_, i) => groups[Math.floor(places[k * groups.length + i]! * groups.length)]!))
  )
    .filter((value) => !Number.isNaN(value)).toSorted((a, b) => a - b)
  const at = (share: number) => drawn[Math.min(drawn.length - 1, Math.floor(share * drawn.length))] ?? Number.NaN
  return { value: statistic(groups), low: at(0.025), high: at(0.975) }
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
