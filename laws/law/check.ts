import * as Arithmetic from "../../src/numerics/Arithmetic.ts"
import type { Law } from "./definition.ts"
import type { Report } from "./Report.ts"
import { search, smallestOf } from "./search.ts"
import { applicable, type LawSet } from "./sets.ts"

/** How many cases, and from which seed. */
export interface Parameters {
  /** Default 20. */
  readonly runs?: number
  /** Default: fast-check's global seed, or a new one. */
  readonly seed?: number
  /** Default float32, on the engine in use; float64 needs the cpu engine. */
  readonly arithmetic?: Arithmetic.Arithmetic
}

/**
 * Checks a law on generated cases; a failing one is shrunk.
 *
 * @throws RangeError unless `runs` is a positive whole number.
 *
 * @example
 * ```ts
 * import fc from "fast-check"
 * import { Law, Tolerance } from "finegrain/laws"
 * const wrong = Law.law({
 *   name: "integers are small", equation: "n < 10", source: "nowhere", arbitrary: fc.nat(),
 *   residual: (n) => Math.max(0, n - 9), tolerance: Tolerance.exact
 * })
 * const { counterexample } = await Law.check(wrong, { seed: 1 })
 * counterexample // => "10"
 * ```
 */
export const check = async (law: Law, parameters: Parameters = {}): Promise<Report> => {
  const { arithmetic = Arithmetic.float32, runs = 20, seed } = parameters
  if (!(Number.isInteger(runs) && runs >= 1)) {
    throw new RangeError(`"${law.name}" cannot be checked in ${runs} cases: no case would prove nothing`)
  }
  const started = performance.now()
  const searched = { law, arithmetic, tolerance: law.tolerance.in(arithmetic) }
  const found = await search(searched, runs, seed)
  const { details, parts } = found
  const { counterexample, worst } = await smallestOf(searched, found)
  const { presupposes, stronger } = law
  // By its own cases, so that it is seen to fail where this law is not counted.
  const undecided = Number.isNaN(worst) && presupposes !== undefined && !(await check(presupposes, parameters)).passed
  const better = !details.failed && stronger !== undefined && (await check(stronger, parameters)).passed
  return {
    law: law.name,
    equation: law.equation,
    source: law.source,
    passed: !details.failed,
    undecided: undecided ? presupposes.name : undefined,
    worst,
    parts,
    arithmetic: arithmetic.name,
    tolerance: searched.tolerance,
    reason: law.tolerance.reason,
    better: better ? stronger.name : undefined,
    cases: details.numRuns,
    milliseconds: performance.now() - started,
    seed: details.seed,
    path: details.counterexamplePath ?? undefined,
    counterexample
  }
}

/**
 * Checks every law of a set.
 *
 * @example
 * ```ts
 * import { Euclidean } from "finegrain"
 * import { Law, manifoldLaws } from "finegrain/laws"
 * const reports = await Law.checkAll(manifoldLaws(Euclidean.make([2, 2])), { runs: 2 })
 * reports.every(({ passed }) => passed) // => true
 * ```
 */
export const checkAll = async (set: LawSet, parameters: Parameters = {}): Promise<ReadonlyArray<Report>> => {
  const reports: Array<Report> = []
  for (const law of applicable(set, parameters.arithmetic ?? Arithmetic.float32)) {
    reports.push(await check(law, parameters))
  }
  return reports
}
